//! What a user can get wrong: each gives exit code 2, one clear line on stderr naming the value, nothing on stdout, and
//! leaves nothing half-written.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};
use tailor_tests::program;

/// Runs `command` in `folder` and checks all of the above; `named` must be in the message.
fn assert_wrong(folder: &Path, command: &str, named: &str) {
    let mut words = command.split(' ');
    let before = contents(folder);
    let output = program(words.next().unwrap()).current_dir(folder).args(words).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command}: {message}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "{command}");
    // clap explains wrong arguments over several lines; everything else says it in one.
    let by_clap = message.contains("For more information, try '--help'");
    assert!(
        message.starts_with("error: ") && (by_clap || message.lines().count() == 1),
        "{command}: {message}"
    );
    assert!(message.contains(named), "{command}: {message}");
    // A cause that is told twice is a line that nobody reads to its end.
    let parts: Vec<&str> = message.trim_end().split(": ").collect();
    assert!(
        parts.iter().all(|part| parts.iter().filter(|other| *other == part).count() == 1),
        "{command}: {message}"
    );
    assert_eq!(contents(folder), before, "{command} must leave the folder as it was");
}

/// Names of all files, sorted.
fn contents(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn profiler() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
    write("broken.onnx", b"not a model");
    write("empty.onnx", b"");
    write("space.toml", b"format = \"tailor-space\"\nversion = 99\n");
    write("nonsense.toml", b"version = \n");
    write("network.json", b"{\"version\": 99}");
    for (command, named) in [
        ("profiler run --space no-such-space -o t.csv", "no-such-space"),
        ("profiler run --space space.toml -o t.csv", "99"),
        ("profiler run --space nonsense.toml -o t.csv", "nonsense.toml"),
        ("profiler run -o t.csv", "--space"),
        ("profiler run --networks 3 -o t.csv", "--space"),
        ("profiler run --networks -3 -o t.csv", "-3"),
        ("profiler run --onnx missing.onnx -o t.csv", "missing.onnx"),
        ("profiler run --onnx broken.onnx -o t.csv", "broken.onnx"),
        ("profiler run --onnx empty.onnx -o t.csv", "empty"),
        ("profiler run --space proxylessnas-small --backend no-such-backend -o t.csv", "no-such-backend"),
        ("profiler run --space proxylessnas-small -o t.txt", "t.txt"),
        ("profiler run --space proxylessnas-small --cpus 9999 -o t.csv", "9999"),
        ("profiler run --space proxylessnas-small --threads 0 -o t.csv", "0"),
        ("profiler run --space proxylessnas-small --target-ci NaN -o t.csv", "NaN"),
        (
            "profiler run --space proxylessnas-small --backend onnxruntime --onnxruntime missing.so -o t.csv",
            "missing.so",
        ),
        ("profiler ops", "--space"),
        ("profiler ops --space missing.toml", "missing.toml"),
        ("profiler export no-such-op -o op.onnx", "no-such-op"),
        ("profiler export network.json -o op.onnx", "99"),
        ("profiler export missing.json -o op.onnx", "missing.json"),
        ("profiler measure", "measure"),
    ] {
        assert_wrong(folder.path(), command, named);
    }
}

#[test]
fn android() {
    let folder = tempfile::tempdir().unwrap();
    for (command, named) in [
        ("android devices --adb ./missing-adb", "missing-adb"),
        ("android build --source /", "`/` is not in a Tailor checkout"),
        ("android build --source missing-folder", "missing-folder"),
        ("android build --route gcc", "gcc"),
        ("android profile", "profile"),
    ] {
        assert_wrong(folder.path(), command, named);
    }
}
