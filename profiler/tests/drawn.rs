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
