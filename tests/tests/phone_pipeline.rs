//! The whole pipeline with a phone: build, measure there, fit, predict, search, measure the network that was found there. On
//! the test phone: what is checked is that it works, never a timing.

use profiler::record::{read_session, read_table, session_path};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tailor_tests::images::draw_images;
use tailor_tests::phone::{Phone, TINY_SPACE, arm64_profiler, done};
use tailor_tests::{command, run, try_run};
use tempfile::TempDir;

fn on_phone(phone: &Phone, folder: &Path, command: &str, line: &str) -> (String, String) {
    done(phone.android(command).current_dir(folder).args(line.split(' ')))
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_from_a_space_to_a_network_measured_on_it() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let folder = folder.path();
    fs::write(folder.join("tiny.toml"), TINY_SPACE).unwrap();
    draw_images(&folder.join("images"));
    let measured =
        "--space tiny.toml --networks 12 --budget-s 60 --json -o table.csv --target-ci 30 --min-rounds 6";
    let (stdout, stderr) = on_phone(&phone, folder, "profile", measured);
    println!("{stderr}");
    assert_eq!(phone.folders(), Vec::<String>::new());

    // The same subjects and ops as if it had been measured here, and said to be no timings.
    run(folder, "profiler run --space tiny.toml --networks 12 --backend mock -o here.csv");
    let subjects = |table: &str| {
        let rows = read_table(&folder.join(table)).unwrap().into_iter();
        rows.map(|row| (row.subject, row.level, row.cache.to_string(), row.ops)).collect::<Vec<_>>()
    };
    assert_eq!(subjects("table.csv"), subjects("here.csv"));
    let session = read_session(&session_path(&folder.join("table.csv"))).unwrap();
    assert!(session.conditions.runtime.emulated, "{:?}", session.conditions);
    assert!(session.conditions.build_target.starts_with("aarch64-"), "{:?}", session.conditions);
    assert!(session.conditions.device.starts_with("Tailor Test Phone 1"), "{:?}", session.conditions);
    let (code, _, why) = try_run(folder, "predictor fit table.csv -o m.json");
    assert!(
        code == Some(2) && why.contains("emulated by `qemu-aarch64") && why.contains("--allow-emulated"),
        "{why}"
    );

    // Rows were printed while it was measured, and the table's once more at the end; last, where the time went.
    let mut rows: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let spent = rows.pop().unwrap()["spent"].clone();
    let seconds = |name: &str| spent[format!("{name}_s")].as_f64().unwrap();
    let parts = ["profiler", "building", "transfer", "waiting", "other"].map(seconds);
    assert!(
        parts.iter().all(|part| *part >= 0.0) && (parts.iter().sum::<f64>() - seconds("total")).abs() < 1e-6
    );
    assert!(spent["transferred_bytes"].as_u64().unwrap() > 1_000_000 && spent["losses"] == 0, "{spent}");
    let count = subjects("table.csv").len();
    assert_eq!(rows.iter().filter(|row| row["final"] == true).count(), count);
    assert!(rows[..rows.len() - count].iter().all(|row| row["final"] == false));
    assert!(!rows[..rows.len() - count].is_empty());

    run(folder, "predictor fit table.csv --allow-emulated -o model.json");
    run(
        folder,
        "search run --space tiny.toml --model model.json --data images --target-of-baseline 0.9 --held-out 40 \
         --batch 20 --warm-up-steps 2 --steps 4 --alpha-every 2 --threads 1 -o search",
    );
    run(
        folder,
        "search train search/architecture.json --data images --epochs 1 --batch 20 --threads 1 -o searched",
    );
    run(folder, "search export searched -o searched.onnx");
    on_phone(
        &phone,
        folder,
        "profile",
        "--onnx searched.onnx --budget-s 20 -o verify.csv --target-ci 30 --min-rounds 6",
    );
    let report = "search report --model model.json --measured verify.csv --allow-emulated --json searched";
    let report: Value = serde_json::from_str(&run(folder, report)).unwrap();
    assert_eq!(report["emulated"], true);
    assert!(report["networks"][0]["measured_ms"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_computes_what_this_computer_does() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    // A few of every kind: arm64 has kernels of its own for each.
    let keys = "conv-9x7x6-o4-k3-s2-g2-hswish conv-16x16x8-o16-k5-s1-relu6 mbconv-14x14x16-o16-e6-k5-s1-se4-hswish-res \
        mbconv-7x7x24-o32-e3-k7-s2-relu6 maxpool-7x5x3-k2-s2 avgpool-8x8x3-k2-s2 gpool-4x4x64 softmax-1x1x16 \
        linear-1x1x256-o10 upsample-5x3x2-f2-bilinear add-8x8x8 mul-5x4x6-gate concat-5x4x6-c3 act-8x8x8-swish";
    let keys: Vec<&str> = keys.split_whitespace().collect();
    run(folder.path(), "profiler export mbconv-7x5x8-o12-e3-k5-s2-se4-hswish -o model.onnx");
    let line = format!("outputs {} model.onnx", keys.join(" "));
    let there = on_phone(&phone, folder.path(), "run", &format!("-- {line}")).0;
    let here = run(folder.path(), &format!("profiler {line}"));
    let read = |text: &str| -> Vec<(String, Vec<f64>)> {
        let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let values =
            |outputs: &Value| outputs.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        parsed.map(|line| (line["subject"].as_str().unwrap().to_owned(), values(&line["outputs"]))).collect()
    };
    let (here, there) = (read(&here), read(&there));
    assert_eq!(here.len(), keys.len() + 1);
    let mut worst = 0.0_f64;
    for ((subject, a), (other, b)) in here.iter().zip(&there) {
        assert_eq!((subject, a.len()), (other, b.len()));
        let largest = a.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let difference = a.iter().zip(b).fold(0.0_f64, |worst, (a, b)| worst.max((a - b).abs()));
        assert!(
            largest > 0.0 && difference <= 1e-4 * largest.max(1.0),
            "{subject}: {difference} of {largest}"
        );
        worst = worst.max(difference / largest);
    }
    println!("worst difference: {worst:.1e} of the largest output");
    // It is the arm64 program that was asked, and it is small.
    let size = fs::metadata(arm64_profiler()).unwrap().len();
    assert!((1_000_000..=30_000_000).contains(&size), "{size} bytes");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_runs_whatever_the_profiler_can() {
    let (phone, folder) = (Phone::number(1), TempDir::new().unwrap());
    let folder = folder.path();
    run(folder, "profiler export conv-8x8x8-o8-k3-s1-relu6 -o model.onnx");
    fs::create_dir(folder.join("out put")).unwrap();
    let mut android = phone.android("run");
    android.args(["--", "model", "model.onnx", "--budget-s", "4", "-o", "out put/layers.csv"]);
    let (stdout, _) = done(android.current_dir(folder));
    assert!(stdout.contains("Conv"), "{stdout}");
    let names: BTreeSet<String> = fs::read_dir(folder.join("out put"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected = ["layers.csv", "layers.journal.jsonl", "layers.session.json"].map(str::to_owned);
    assert_eq!(names, BTreeSet::from(expected));
    let (sampled, _) = on_phone(&phone, folder, "run", "-- sample --kind conv --count 5 --seed 3");
    assert_eq!(sampled, run(folder, "profiler sample --kind conv --count 5 --seed 3"));
    let (doctor, _) = on_phone(&phone, folder, "run", "-- doctor --seconds 1 --json");
    let doctor: Value = serde_json::from_str(&doctor).unwrap();
    assert!(doctor["findings"].as_array().unwrap().len() > 5);
    assert_eq!(phone.folders(), Vec::<String>::new());
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_is_described() {
    let phone = Phone::number(0);
    let android = |arguments: &[&str]| {
        serde_json::from_str::<Value>(&done(command("android").args(arguments)).0).unwrap()
    };
    let listed = android(&["devices", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["facts"]["abi"], "arm64-v8a");
    let report = &android(&["doctor", "--json", "--serial", &phone.serial])[0];
    let condition = &report["condition"];
    assert_eq!(
        (&condition["model"], &condition["android_version"]),
        (&"Tailor Test Phone 1".into(), &"14".into())
    );
    assert_eq!((&condition["battery"]["celsius"], &condition["awake"]), (&28.5.into(), &false.into()));
    assert!(condition["free_kib"].as_u64().unwrap() > 200_000);
    // Its cores are this computer's.
    let cores: usize =
        condition["clusters"].as_array().unwrap().iter().map(|c| c["cores"].as_array().unwrap().len()).sum();
    assert!(cores >= 1, "{condition}");
    let finding = |check: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.clone().find(|finding| finding["check"] == check).unwrap()["state"].clone()
    };
    assert_eq!((finding("screen"), finding("charging")), ("ok".into(), "warn".into()));
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_quickstart_runs_the_whole_pipeline() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let (images, results) = (folder.path().join("images"), folder.path().join("my run"));
    draw_images(&images);
    let mut quickstart = Command::new(tailor_tests::checkout().join("quickstart.sh"));
    quickstart.args(["--phone", &phone.serial, "--preset", "smoke", "--images"]).arg(&images);
    // It builds the profiler itself, as it does for everyone.
    quickstart.env_remove("TAILOR_ARM64_PROFILER");
    let (stdout, _) = done(quickstart.arg("--run").arg(&results).stdin(Stdio::null()));
    println!("{stdout}");
    // Both networks stand in the closing table, as measured there, and as no timing.
    let closing = stdout.split("== What was predicted, and what was measured").nth(1).unwrap();
    for named in ["emulated ms (no timing)", "searched", "mobilenetv2-style", "Tailor Test Phone 1"] {
        assert!(closing.contains(named), "{named}: {closing}");
    }
    assert!(!stdout.contains("measured ms (95 % interval)"), "{stdout}");
    // Two random networks, the one that was found and the baseline: hot and cold.
    assert_eq!(read_table(&results.join("verify.csv")).unwrap().len(), 8);
    assert_eq!(phone.folders(), Vec::<String>::new());
}
