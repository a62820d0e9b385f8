//! `tests/real_networks/run.py`, with programs that make everything up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tailor_tests::checkout;

/// A program that notes how it is called, and then does this.
fn program(path: &Path, does: &str) {
    fs::write(path, format!("#!/bin/sh\necho \"${{0##*/}} $*\" >> \"${{0%/*}}/calls\"\n{does}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn one_command_leads_from_networks_to_scores_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // What follows -o is written; a model prints its layers.
    let writes = "while [ $# -gt 1 ]; do [ \"$1\" = -o ] && : > \"$2\"; shift; done";
    let layers = r#"{"in_place":{"whole":{"latency_ms":2.0},"sum_over_whole":0.99,"macs":1,"layers":[{"latency_ms":1.0}]}}"#;
    program(&folder.join("profiler"), &format!("[ $1 = model ] && echo '{layers}'\n{writes}"));
    let zoo = r#"{"scorecard":{"networks":2,"answered":2,"without_guess":1,"figures":{"mean_error":0.042,"within_10":0.9,
        "coverage_90":0.88,"median_width_90":0.21}},"machine":[{"words":"the machine is as fast as ever","is_divided":false}]}"#;
    program(&folder.join("predictor"), &format!("[ $1 = zoo ] && echo '{zoo}' && exit 0\n{writes}"));
    // Both are on the list, and need not be exported.
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    for name in ["timm-lcnet_050", "silero_vad_16k_op15"] {
        fs::write(data.join(format!("{name}.onnx")), "x").unwrap();
    }
    let run = |more: &[&str]| {
        let mut python = Command::new("python3");
        python.arg("-B").arg(checkout().join("tests/real_networks/run.py"));
        python.arg("--profiler").arg(folder.join("profiler")).arg("--folder").arg(&data);
        let ended = python.args(["--onnxruntime", "lib.so", "--networks", "3"]).args(more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        let calls = fs::read_to_string(folder.join("calls")).unwrap();
        fs::remove_file(folder.join("calls")).unwrap();
        (text(&ended.stdout), calls)
    };
    let lcnet = ["--only", "lcnet"];
    let (printed, calls) = run(&lcnet);
    assert!(printed.contains("1 of 1 networks have a table on tract and onnxruntime"), "{printed}");
    assert!(printed.contains("2 of 2 sums are within 3 %"), "{printed}");
    let row: Vec<&str> =
        printed.lines().find(|line| line.starts_with("tract  ")).unwrap().split("  ").collect();
    let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["tract", "1 of 2", "4.2 %", "90.0 %", "88.0 %", "21.0 %", "-"], "{printed}");
    assert!(
        printed.contains("goal") && printed.contains("tract: the machine is as fast as ever"),
        "{printed}"
    );
    for runtime in ["tract", "onnxruntime"] {
        let run = format!("profiler run --sample-networks 3 --backend {runtime} ");
        assert!(calls.contains(&run), "{calls}");
        assert!(data.join(runtime).join("zoo-list.json").exists());
    }
    assert!(
        calls.matches("predictor fit").count() == 2 && calls.matches("--measure").count() == 2,
        "{calls}"
    );
    assert!(calls.contains("sizes.txt"), "{calls}");
    let sizes = fs::read_to_string(data.join("sizes.txt")).unwrap();
    assert!(sizes.contains("\nsilero_vad_16k_op15 input=1x576 state=2x1x128\n"), "{sizes}");
    // Once more: nothing is measured or fitted again, and zoos are what is asked for.
    let (_, calls) = run(&[&lcnet[..], &["--normalize", "--runtime", "tract"]].concat());
    assert_eq!(calls.lines().count(), 1, "{calls}");
    assert!(calls.contains("predictor zoo") && calls.contains("--normalize"), "{calls}");
    let (printed, calls) = run(&["--only", "16k_op15", "--part", "sums"]);
    assert_eq!(calls.matches("profiler model").count(), 2, "{calls}");
    assert_eq!(calls.matches("--input sr=16000").count(), 2, "{calls}");
    assert!(!printed.contains("goal  "), "{printed}");
}
