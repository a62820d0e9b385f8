//! A whole study with emulated devices, and what a study refuses.

use serde_json::Value;
use std::{fs, path::Path};
use tailor_tests::{images::draw_images, run, try_run};

fn study(folder: &Path, preset: &str) -> (Option<i32>, String, String) {
    try_run(folder, &format!("search study --data images --preset {preset} -o study"))
}

#[test]
fn every_stage_is_done_once_and_the_report_says_that_nothing_was_timed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    draw_images(&folder.join("images"));

    let (code, text, progress) = study(folder, "smoke");
    assert_eq!(code, Some(0), "{progress}");
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
    let derive =
        "search derive study/searches/blind-emulated-b-0 --by-width -o again.json --json --target-ms";
    let derived = run(folder, &format!("{derive} {}", devices[1]["target_ms"]));
    let derived: Value = serde_json::from_str(&derived).unwrap();
    assert_eq!(derived["network"], blind["rescaled"]["networks"][0]["key"]);
    assert_eq!(derived["width"], blind["widths"][0]);
    let (code, _, said) = try_run(folder, &format!("{derive} 1e-6"));
    assert!(code == Some(2) && said.contains("no width brings the network within"), "{said}");

    // Given again, nothing is done twice: no stage is announced, no time added.
    let times = || fs::read_to_string(folder.join("study/times.jsonl")).unwrap();
    let before = times();
    assert_eq!((study(folder, "smoke"), times()), ((Some(0), text, String::new()), before));

    // Only what is missing is done again.
    fs::remove_file(folder.join("study/trained/baseline-0.5-seed1/metrics.json")).unwrap();
    let (_, _, third) = study(folder, "smoke");
    assert!(third.contains("train the baselines, search: 1 of 18 to do"), "{third}");

    // A study of other settings does not resume in this folder.
    let (_, _, other) = study(folder, "full");
    assert!(other.contains("was made with preset."), "{other}");
}
