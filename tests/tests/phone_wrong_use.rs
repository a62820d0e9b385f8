//! Phones that cannot be used, and names that should not be: on the test phone.

use profiler::record::read_table;
use std::{fs, path::Path, process::Command};
use tailor_tests::phone::{Phone, adb, done, until};
use tailor_tests::wire::known_locked_phone;
use tailor_tests::{command, program};
use tempfile::TempDir;

/// Runs it and checks the code, and that the error or its hint has all of `named`.
fn assert_refused(command: &mut Command, code: i32, named: &[&str]) {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let is_message = |line: &&str| line.starts_with("error: ") || line.starts_with("hint: ");
    let said: Vec<&str> = stderr.lines().filter(is_message).collect();
    assert!(named.iter().all(|part| said.iter().any(|line| line.contains(part))), "{named:?}: {stderr}");
}

/// `android profile` of an op, without saying on which phone.
fn on_some_phone(folder: &Path) -> Command {
    fs::write(folder.join("ops.txt"), "gpool-2x2x8\n").unwrap();
    let mut android = command("android");
    android.current_dir(folder).args(["profile", "--ops", "ops.txt", "-o", "t.csv", "--program"]);
    android.arg(tailor_tests::phone::arm64_profiler()).env_remove("ANDROID_SERIAL");
    android
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_several_wrong_none_or_locked() {
    let (first, second, folder) = (Phone::number(0), Phone::number(1), TempDir::new().unwrap());
    let run = || on_some_phone(folder.path());
    assert_refused(&mut run(), 2, &["several phones", &first.serial, &second.serial, "--serial"]);
    assert_refused(run().args(["--serial", "NOBODY"]), 2, &["`NOBODY`", &first.serial, &second.serial]);
    // A server of its own, which has not been connected to any phone.
    let port = "5099";
    assert_refused(run().env("ANDROID_ADB_SERVER_PORT", port), 1, &["no phone", "USB debugging"]);
    adb(&["kill-server"]).env("ANDROID_ADB_SERVER_PORT", port).status().unwrap();

    let locked = known_locked_phone();
    assert_refused(run().args(["--serial", &locked]), 1, &[&locked, "unauthorized", "unlock the phone"]);
    adb(&["disconnect", &locked]).status().unwrap();
    assert!(first.folders().is_empty() && second.folders().is_empty());
    assert!(!folder.path().join("t.csv").exists());
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_of_another_kind_and_programs_for_other_machines() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let here = program("profiler").get_program().to_owned();
    let mut android = command("android");
    android.args(["run", "--serial", &phone.serial, "--program"]).arg(here).args(["--", "doctor"]);
    assert_refused(&mut android, 2, &["not a program for arm64 Linux", "machine 62"]);
    let answers = "/data/answers/getprop";
    phone.shell(&format!("sed -i 's/arm64-v8a/armeabi-v7a/' {answers}"));
    assert_refused(
        phone.android("run").args(["--", "doctor"]),
        2,
        &[&phone.serial, "armeabi-v7a", "arm64-v8a"],
    );
    phone.shell(&format!("sed -i 's/armeabi-v7a/arm64-v8a/' {answers}"));
    let library = folder.path().join("libonnxruntime.so");
    fs::write(&library, "x").unwrap();
    let mut with_library = phone.android("run");
    with_library.arg("--onnxruntime").arg(&library).args(["--", "doctor"]);
    assert_refused(&mut with_library, 2, &["libonnxruntime.so", "no 64-bit ELF file"]);
    // What the profiler there refuses, it refuses in its own words and with its own code.
    assert_refused(phone.android("run").args(["--", "outputs", "no-such-op"]), 2, &["no-such-op"]);
    assert_refused(phone.android("run").args(["--", "run", "--cpus", "little", "--ops", "x"]), 2, &[]);
    assert_eq!(phone.folders(), Vec::<String>::new());
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_without_room() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let fill = |megabytes: u32| {
        let bytes = megabytes * 1_048_576;
        phone.shell(&format!("head -c {bytes} /dev/zero >/data/local/tmp/fill"));
    };
    let run = || {
        fs::write(folder.path().join("ops.txt"), "gpool-4x4x8\nconv-8x8x8-o8-k3-s1-relu6\n").unwrap();
        let mut android = phone.android("profile");
        android.current_dir(folder.path()).args(["--ops", "ops.txt", "-o", "t.csv", "--budget-s", "300"]);
        android.args(["--min-rounds", "200", "--max-rounds", "200"]);
        android
    };
    // The phone has 300 MiB; the profiler alone takes more than 10.
    fill(290);
    assert_refused(&mut run(), 1, &[&phone.serial, "MB free", "make room"]);
    assert_eq!(phone.folders(), Vec::<String>::new());
    // Room to begin, and none to continue.
    phone.shell("rm /data/local/tmp/fill");
    let child = run().spawn().unwrap();
    let mut known = Vec::new();
    until("some turns are measured", || {
        known = phone.journal();
        known.len() > 20
    });
    fill(300);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("No space left on device") && stderr.contains("same command"), "{stderr}");
    phone.shell("rm /data/local/tmp/fill");
    done(&mut run());
    let journal = fs::read_to_string(folder.path().join("t.journal.jsonl")).unwrap();
    let journal: Vec<&str> = journal.lines().collect();
    assert!(journal.starts_with(&known.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(phone.folders(), Vec::<String>::new());
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_runs_nothing_that_stands_in_names() {
    let (phone, outer) = (Phone::number(0), TempDir::new().unwrap());
    let folder = outer.path().join("my; touch PWNED \"$(touch PWNED)\" 'x'");
    fs::create_dir(&folder).unwrap();
    let name = "it's; touch PWNED; $(touch PWNED) `touch PWNED` \"&|<>*.onnx";
    let model = folder.join(name);
    let export = ["export", "conv-8x8x8-o8-k3-s1-relu6", "-o"];
    done(command("profiler").args(export).arg(&model));
    let mut android = phone.android("profile");
    android.current_dir(&folder).arg("--onnx").arg(&model).args(["-o", "t 1;touch PWNED.csv"]);
    done(android.args(["--budget-s", "60"]));
    let rows = read_table(&folder.join("t 1;touch PWNED.csv")).unwrap();
    // The same name as if it had been measured here.
    let here = folder.join("here.csv");
    let run = ["run", "--backend", "mock", "--onnx", model.to_str().unwrap(), "-o", here.to_str().unwrap()];
    done(command("profiler").args(run));
    assert_eq!(rows[0].subject, read_table(&here).unwrap()[0].subject);

    let evil = format!("{};touch PWNED", phone.serial);
    assert_refused(on_some_phone(&folder).args(["--serial", &evil]), 2, &[&evil]);
    let option = "--cpus=$(touch /data/local/tmp/PWNED)";
    assert_refused(
        phone.android("run").args(["--", "doctor", option]),
        2,
        &["$(touch /data/local/tmp/PWNED)"],
    );
    let on_phone = phone.shell("find / -name 'PWNED*' -not -path '/proc/*' 2>/dev/null");
    assert_eq!(on_phone, "");
    for place in [Path::new("."), outer.path(), &folder] {
        assert!(!place.join("PWNED").exists(), "{}", place.display());
    }
    assert_eq!(phone.folders(), Vec::<String>::new());
}
