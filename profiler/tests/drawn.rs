//! `profiler sample --networks`, the program itself.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;

fn sample(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_profiler")).arg("sample").args(arguments).assert()
}

#[test]
fn networks_are_written_as_files_and_are_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    for output in [&first, &second] {
        let output = output.to_str().unwrap();
        let done = sample(&["--networks", "2", "--seed", "3", "-o", output, "--json"]).success();
        let text = String::from_utf8(done.get_output().stdout.clone()).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let styles: Vec<&str> = lines.iter().map(|line| line["style"].as_str().unwrap()).collect();
        assert_eq!(styles, ["mb", "basic"]);
        assert!(lines.iter().all(|line| line["macs"].as_u64() > Some(100_000)));
    }
    for name in ["drawn_3_000_mb.onnx", "drawn_3_001_basic.onnx"] {
        assert_eq!(std::fs::read(first.join(name)).unwrap(), std::fs::read(second.join(name)).unwrap());
    }
}

#[test]
fn what_does_not_go_together_is_named() {
    let error = |arguments: &[&str]| {
        let done = sample(arguments).code(2);
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    assert!(error(&["--networks", "2"]).contains("--output"));
    assert!(error(&["--count", "2"]).contains("--kind"));
    assert!(error(&["--networks", "0", "-o", "x"]).contains("--networks 0"));
    assert!(error(&["--networks", "1", "-o", "x", "--kind", "conv"]).contains("--kind"));
}

#[test]
fn each_network_whose_layers_are_known_is_told_of_and_drawn_again_as_an_anchor() {
    let folder = tempfile::tempdir().unwrap();
    let run = |seed: &str, count: &str, table: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
        command.current_dir(folder.path()).args([
            "run",
            "--sample-networks",
            count,
            "--seed",
            seed,
            "-o",
            table,
        ]);
        command.args(["--max-rounds", "6", "--layer-s", "20", "--no-compare", "--progress", "lines"]);
        let done = command.args(more).assert().success();
        String::from_utf8(done.get_output().stderr.clone()).unwrap()
    };
    let said = run("3", "2", "then.csv", &[]);
    let lines = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let layers: Vec<serde_json::Value> = lines.filter(|line| line["phase"] == "layers").collect();
    let known: Vec<u64> = layers.iter().map(|line| line["known"].as_u64().unwrap()).collect();
    assert_eq!(known, [0, 1, 2], "{said}");
    assert!(layers.iter().all(|line| line["networks"] == 2 && line["spent_s"].is_f64()));
    assert!(layers[0]["left_s"].is_null() && layers[1]["left_s"].as_f64() > Some(0.0));
    assert!(layers[2]["left_s"] == 0.0 && layers[2]["network"].is_null());

    run("4", "1", "now.csv", &["--anchors", "then.csv"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let session: serde_json::Value = serde_json::from_str(&read("then.session.json")).unwrap();
    // Whether the two were had at one speed is the machine's affair; that they were measured is not.
    assert!(read("now.session.json").contains(session["id"].as_str().unwrap()));
    assert!(read("now.journal.jsonl").lines().next().unwrap().contains("onnx-drawn_3_001_basic"));
    assert!(!read("now.csv").contains("drawn_3"));
}
