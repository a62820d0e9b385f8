//! A whole study with emulated devices, and what a study refuses.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::{fs, path::Path};
use tailor_tests::{images::draw_images, program};

fn study(folder: &Path, preset: &str) -> std::process::Output {
    let arguments = ["study", "--data", "images", "--preset", preset, "-o", "study"];
    program("search").current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn every_stage_is_done_once_and_the_report_says_that_nothing_was_timed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("images")).unwrap();
    draw_images(&folder.join("images"));

    let output = study(folder, "smoke");
    let (text, progress) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{progress}");
    assert!(text.contains("Emulated devices: no figure below is a timing"), "{text}");
    assert!(!text.contains("measured"), "{text}");
    assert_eq!(text.trim_end(), fs::read_to_string(folder.join("study/report.md")).unwrap().trim_end());

    let report: Value =
        serde_json::from_str(&fs::read_to_string(folder.join("study/report.json")).unwrap()).unwrap();
    assert_eq!(report["findings"]["emulated"], true);
    assert_eq!(report["goals"], Value::from(Vec::<Value>::new()));
    let devices = report["findings"]["devices"].as_array().unwrap();
    assert_eq!(devices.len(), 2);
    for device in devices {
        let list = |at: &str| device.pointer(at).unwrap().as_array().unwrap();
        assert_eq!(["/baselines", "/held", "/cross"].map(|at| list(at).len()), [5, 3, 2]);
        let groups = ["/searched", "/blind/rescaled", "/blind/cut", "/cross/0/1", "/cross/1/1"];
        assert_eq!(groups.map(|group| list(&format!("{group}/networks")).len()), [2; 5]);
        let ms = |value: &Value| value.as_f64().unwrap();
        // Without latency loss a network may be slower than its target, and is then narrower; what is trained never is.
        for (over, width) in list("/blind/over_target").iter().zip(list("/blind/widths")) {
            assert_eq!(ms(over) > 1.0, ms(width) < 1.0, "{over} times the target, width {width}");
        }
        for network in groups[..3].iter().flat_map(|group| list(&format!("{group}/networks"))) {
            assert!(ms(&network["predicted_ms"]) <= ms(&device["target_ms"]), "{network}");
        }
        for held in device["held"].as_array().unwrap() {
            assert!(ms(&held["network"]["predicted_ms"]) <= ms(&held["target_ms"]), "{held}");
        }
    }

    // By hand, from the same search and the model that it had, the same network.
    let blind = &devices[1]["blind"];
    let words = ["derive", "study/searches/blind-emulated-b-0", "--by-width", "-o", "again.json", "--json"];
    let target = format!("--target-ms={}", devices[1]["target_ms"]);
    let derived = program("search").current_dir(folder).args(words).arg(target).output().unwrap();
    let derived: Value = serde_json::from_slice(&derived.stdout).unwrap();
    assert_eq!(derived["network"], blind["rescaled"]["networks"][0]["key"]);
    assert_eq!(derived["width"], blind["widths"][0]);
    let impossible = ["--target-ms", "1e-6"];
    let refused = program("search").current_dir(folder).args(words).args(impossible).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(2) && said.contains("no width brings the network within"),
        "{said}"
    );

    // Given again, nothing is done twice: no stage is announced, no time added.
    let times = || fs::read_to_string(folder.join("study/times.jsonl")).unwrap();
    let before = times();
    let again = study(folder, "smoke");
    assert!(again.status.success());
    assert_eq!(String::from_utf8(again.stderr).unwrap(), "");
    assert_eq!((String::from_utf8(again.stdout).unwrap(), times()), (text, before));

    // Only what is missing is done again.
    fs::remove_file(folder.join("study/trained/baseline-0.5-seed1/metrics.json")).unwrap();
    let third = String::from_utf8(study(folder, "smoke").stderr).unwrap();
    assert!(third.contains("train the baselines, search: 1 of 18 to do"), "{third}");

    // A study of other settings does not go on in this folder.
    let other = String::from_utf8(study(folder, "full").stderr).unwrap();
    assert!(other.contains("was made with preset."), "{other}");
}
