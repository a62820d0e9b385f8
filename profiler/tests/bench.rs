//! `profiler bench` as a user runs it, with emulated time.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Output};

use serde_json::Value;

fn bench(folder: &Path, words: &str) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).env_remove("ORT_DYLIB_PATH").env_remove("LITERT_LIBRARY");
    command.args(["bench", "--space", "proxylessnas-small"]).args(words.split_whitespace()).output().unwrap()
}

fn ratio(report: &Value, part: &str, name: &str) -> f64 {
    let findings = report["findings"].as_array().unwrap().iter();
    let ratios = findings.filter(|f| f["part"] == part).flat_map(|f| f["ratios"].as_array().unwrap());
    let named: Vec<&Value> = ratios.filter(|ratio| ratio["name"] == name).collect();
    assert_eq!(named.len(), 1, "{part}: {name} in {report}");
    named[0]["value"].as_f64().unwrap()
}

#[test]
fn the_mock_gives_the_figures_that_its_law_says_and_they_are_called_emulated() {
    let folder = tempfile::tempdir().unwrap();
    let output = bench(folder.path(), "--backend mock --seed 3 --json");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("emulated, not timings"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let parts: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["fidelity", "cost", "sums"], "the others say nothing of the mock");
    assert!(report["findings"].as_array().unwrap().iter().all(|f| f["runtime"]["emulated"] == true));

    // Noise of ±2 % on single runs: medians of over a hundred lie within 0.4 % (standard error of a median of 125
    // uniform values: 2 % · 1/√125 = 0.18 %), their mean over 30 ops closer still.
    let mean = ratio(&report, "fidelity", "protocol / plain loop, geometric mean");
    assert!((mean - 1.0).abs() < 0.002, "{mean}");
    let worst = ratio(&report, "fidelity", "protocol / plain loop, worst op");
    assert!((worst - 1.0).abs() < 0.015, "{worst}");
    // The law: a network costs 0.02 ms and 0.95 of its ops; each figure is within ±2 %.
    for cache in ["hot", "cold"] {
        let b = ratio(&report, "sums", &format!("{cache}: b"));
        assert!((b - 0.95).abs() < 0.05, "{b}");
        let residual = ratio(&report, "sums", &format!("{cache}: residual, worst"));
        assert!(residual < 0.02, "{residual}");
    }
    // Every op is far below 20 ms: one second each.
    let rule = ratio(&report, "cost", "time / that of TFLite's rule");
    assert!(rule > 0.0 && rule < 1.0, "{rule}");
    let shares = [
        "overhead: warm-up",
        "overhead: reference block",
        "overhead: clock and processor usage",
        "overhead: journal, standing, progress",
    ];
    let sum: f64 = shares.iter().map(|name| ratio(&report, "cost", name)).sum();
    let overhead = ratio(&report, "cost", "overhead outside runs");
    assert!((sum - overhead).abs() < 1e-9, "{sum} and {overhead}");
}

#[test]
fn a_bench_goes_on_with_the_parts_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let first = bench(folder.path(), "--backend mock --part fidelity -o bench.json");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let read =
        || -> Value { serde_json::from_slice(&fs::read(folder.path().join("bench.json")).unwrap()).unwrap() };
    let before = read();
    assert_eq!((&before["format"], &before["version"]), (&"tailor-bench".into(), &2.into()));

    let second = bench(folder.path(), "--backend mock --part fidelity --part cost -o bench.json");
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    let after = read();
    assert_eq!(after["findings"][0], before["findings"][0], "measured once");
    assert_eq!(after["findings"].as_array().unwrap().len(), 2);
    let table = String::from_utf8(second.stdout).unwrap();
    assert!(table.contains("that of TFLite's rule") && table.contains("(emulated)"), "{table}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["bench.json"], "nothing else stays");

    let other = bench(folder.path(), "--backend mock --part cost --seed 5 -o bench.json");
    assert_eq!(other.status.code(), Some(2));
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(said.contains("seed 0 and 5"), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (words, named) in [
        ("--backend mock --part memory", "memory"),
        ("--backend mock --part steadiness", "steadiness"),
        ("--part speed", "speed"),
        ("--repeats 1", "1"),
        ("--backend mock -o report.csv", "report.csv"),
        ("--backend onnxruntime --onnxruntime missing.so", "missing.so"),
        ("--backend tensorrt", "tensorrt"),
        ("--cpus 9999", "9999"),
    ] {
        let output = bench(folder.path(), words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {said}");
        assert!(said.contains(named) && output.stdout.is_empty(), "{words}: {said}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{words}");
    }
}
