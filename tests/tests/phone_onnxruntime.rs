//! ONNX Runtime on the test phone: a dynamic profiler with the glibc it needs beside it, and the library of the Linux
//! wheel.

use profiler::record::{read_session, read_table, session_path};
use serde_json::Value;
use std::{fs, path::Path, process::Command};
use tailor_tests::phone::{Phone, TINY_SPACE, arm64_onnxruntime, arm64_profiler, done};
use tailor_tests::{command, run};
use tempfile::TempDir;

#[test]
#[ignore = "needs the test phone"]
fn test_phone_onnxruntime_measures_a_space() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let folder = folder.path();
    fs::write(folder.join("tiny.toml"), TINY_SPACE).unwrap();
    let mut profile = phone.android_with_onnxruntime("profile", &arm64_onnxruntime());
    profile.current_dir(folder).args(["--backend", "onnxruntime", "-o", "table.csv", "--space", "tiny.toml"]);
    profile.args("--networks 2 --budget-s 60 --target-ci 30 --min-rounds 6".split(' '));
    let (_, stderr) = done(&mut profile);
    println!("{stderr}");
    // No route was named: the library says which one builds what can load it.
    assert!(stderr.contains("building by debian") && stderr.contains("not by ndk"), "{stderr}");
    assert_eq!(phone.folders(), Vec::<String>::new());

    run(folder, "profiler run --space tiny.toml --networks 2 --backend mock -o here.csv");
    let subjects = |table: &str| {
        let rows = read_table(&folder.join(table)).unwrap().into_iter();
        rows.map(|row| (row.subject, row.level, row.cache.to_string(), row.ops)).collect::<Vec<_>>()
    };
    assert_eq!(subjects("table.csv"), subjects("here.csv"));
    let session = read_session(&session_path(&folder.join("table.csv"))).unwrap();
    let runtime = &session.conditions.runtime;
    assert_eq!(
        (runtime.name.as_str(), runtime.version.as_str(), runtime.emulated),
        ("onnxruntime", "1.32.0", true)
    );
    assert_eq!(session.conditions.build_target, "aarch64-unknown-linux-gnu");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_onnxruntime_computes_what_tract_does() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let words = "outputs conv-9x7x6-o4-k3-s2-g2-hswish mbconv-14x14x16-o16-e6-k5-s1-se4-hswish-res linear-1x1x256-o10";
    let mut android = phone.android_with_onnxruntime("run", &arm64_onnxruntime());
    android.current_dir(folder.path()).arg("--").args(words.split(' ')).args(["--backend", "onnxruntime"]);
    let there = done(&mut android).0;
    let here = run(folder.path(), &format!("profiler {words}"));
    assert_eq!((here.lines().count(), there.lines().count()), (3, 3));
    for (a, b) in here.lines().zip(there.lines()) {
        let [a, b]: [Value; 2] = [a, b].map(|line| serde_json::from_str(line).unwrap());
        assert_eq!(a["subject"], b["subject"]);
        let [a, b] = [&a, &b].map(|line| {
            let values = line["outputs"].as_array().unwrap();
            values.iter().map(|value| value.as_f64().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(a.len(), b.len());
        let largest = a.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let difference = a.iter().zip(&b).fold(0.0_f64, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(largest > 0.0 && difference <= 1e-4 * largest.max(1.0), "{difference} of {largest}");
    }
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_onnxruntime_that_does_not_fit_is_refused() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    // The same library, asking for Android's C library: all that decides is what it asks for.
    let mut bytes = fs::read(arm64_onnxruntime()).unwrap();
    let name = b"libc.so.6\0";
    let place = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[place + 7..place + 9].fill(0);
    let for_android = folder.path().join("libonnxruntime.so");
    fs::write(&for_android, bytes).unwrap();

    let refused = |command: &mut Command, code: i32, named: &[&str]| {
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        let (_, error) = stderr.split_once("error: ").unwrap();
        assert!(named.iter().all(|part| error.contains(part)), "{named:?}: {error}");
    };
    let build = |library: &Path| {
        let mut android = command("android");
        android.args(["build", "--json", "--source"]).arg(tailor_tests::checkout());
        android.arg("--onnxruntime").arg(library);
        android
    };
    refused(
        build(&for_android).args(["--route", "debian"]),
        1,
        &["run on glibc", "made for Android's C library"],
    );
    refused(build(&arm64_onnxruntime()).args(["--route", "ndk"]), 1, &["run on Android's", "made for glibc"]);
    refused(build(&arm64_onnxruntime()).args(["--route", "musl"]), 1, &["static, and load no library"]);

    let built: Value = serde_json::from_str(&done(&mut build(&arm64_onnxruntime())).0).unwrap();
    assert_eq!((&built["c_library"], &built["route"]), (&"glibc".into(), &"debian".into()));
    let dynamic = built["path"].as_str().unwrap();
    let on_phone = |program_there: &Path, library: &Path| {
        let mut android = command("android");
        android.args(["run", "--serial", &phone.serial, "--program"]).arg(program_there);
        android.arg("--onnxruntime").arg(library).args(["--", "doctor"]);
        android
    };
    refused(
        &mut on_phone(dynamic.as_ref(), &for_android),
        2,
        &["runs on glibc", "made for Android's C library"],
    );
    refused(&mut on_phone(&arm64_profiler(), &arm64_onnxruntime()), 2, &["static program", "tract only"]);
    // A program is no library of ONNX Runtime, and a dynamic program without its glibc starts on no phone.
    refused(&mut on_phone(dynamic.as_ref(), &arm64_profiler()), 2, &["needs no C library"]);
    let alone = folder.path().join("profiler");
    fs::copy(dynamic, &alone).unwrap();
    refused(&mut on_phone(&alone, &arm64_onnxruntime()), 2, &["ld-linux-aarch64.so.1` is not there"]);
    assert_eq!(phone.folders(), Vec::<String>::new());
}
