//! `profiler model` as a user runs it: networks of ours and from elsewhere, tables, and what it refuses.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use assert_cmd::Command;
use profiler::onnx::{SeededWeights, model, network_model};
use profiler::record::{Cache, Level, OutputCheck, read_session, read_table};
use profiler::spec::{Architecture, SpaceFile};
use serde_json::Value;

fn profiler(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("profiler").unwrap();
    // Whether outputs are compared must not depend on who runs the tests.
    command.current_dir(folder).env_remove("ORT_DYLIB_PATH").env_remove("LITERT_LIBRARY");
    command
}

fn baseline() -> Architecture {
    SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap().baseline().unwrap()
}

/// The baseline as Tailor exports it.
fn ours(folder: &Path) {
    fs::write(folder.join("ours.onnx"), network_model(&baseline(), 0).unwrap()).unwrap();
}

/// The same network as a stranger would export it: no list of ops, and a batch that is a symbol.
fn foreign(folder: &Path) {
    let bytes = model(baseline().graph(), "stranger", &[], &mut SeededWeights { seed: 0 }).unwrap();
    fs::write(folder.join("foreign.onnx"), symbolic_batch(&bytes)).unwrap();
}

/// Replaces the fixed first dimension of input and output (`dim_value` 1) by a name (`dim_param` "N").
fn symbolic_batch(onnx: &[u8]) -> Vec<u8> {
    // A dimension of 1: field 1 of a shape, two bytes long, whose field 1 is the number 1. Of 28: likewise.
    let fixed = |side: u8| [0x0a, 0x02, 0x08, side];
    let is_shape = |at: usize| onnx[at..].starts_with(&[fixed(1), fixed(1), fixed(28), fixed(28)].concat());
    let at = (0..onnx.len()).find(|at| is_shape(*at)).unwrap();
    let mut bytes = onnx.to_vec();
    // Field 2, length 0, would be the empty name: as long as the number, so that no length around it changes.
    bytes[at..at + 4].copy_from_slice(&[0x0a, 0x02, 0x12, 0x00]);
    bytes
}

/// The one line of JSON that `arguments` print.
fn measured(folder: &Path, arguments: &[&str]) -> Value {
    let output =
        profiler(folder).args(["model", "--json", "--budget-s", "4"]).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn layers_add_up_and_the_table_has_the_ops_in_place() {
    let folder = tempfile::tempdir().unwrap();
    ours(folder.path());
    let report = measured(folder.path(), &["ours.onnx", "-o", "t.csv"]);
    let table = &report["in_place"];
    let layers = table["layers"].as_array().unwrap();
    let shares: f64 = layers.iter().map(|layer| number(layer, "share")).sum();
    assert!((shares + number(table, "runtime_share") - 1.0).abs() < 1e-9);
    assert_eq!(table["macs"].as_u64().unwrap(), baseline().macs().0);
    // Every convolution and product is there by name and has its rate.
    let convolutions = baseline().graph().nodes().iter().filter(|node| node.weights() > 0).count();
    let with_macs =
        layers.iter().filter(|layer| layer["gmacs_per_s"].as_f64().is_some_and(|rate| rate > 0.0));
    assert_eq!(with_macs.count(), convolutions);
    // The clock is read around every node, so the nodes cannot take longer than a run; the bounds leave a busy machine
    // room for either half of the runs.
    let ratio = number(table, "sum_over_whole");
    assert!((0.7..1.3).contains(&ratio), "{ratio}");

    let rows = read_table(&folder.path().join("t.csv")).unwrap();
    let ops: std::collections::BTreeSet<_> = baseline().ops().iter().map(|op| op.key()).collect();
    let in_place: std::collections::BTreeSet<_> = rows
        .iter()
        .filter(|row| row.level == Level::Op && row.cache == Cache::InPlace)
        .map(|row| row.subject.clone())
        .collect();
    assert_eq!(in_place, ops);
    let network: Vec<_> =
        rows.iter().filter(|row| row.level == Level::Network).map(|row| row.cache).collect();
    assert_eq!(network, [Cache::Hot, Cache::Cold]);
    let session = read_session(&folder.path().join("t.session.json")).unwrap();
    let OutputCheck::NotCompared { reason } = session.outputs else { panic!("compared") };
    assert!(reason.contains("--onnxruntime"), "{reason}");
}

#[test]
fn a_strangers_network_with_a_symbolic_batch_has_layers_but_no_ops() {
    let folder = tempfile::tempdir().unwrap();
    foreign(folder.path());
    let report = measured(folder.path(), &["foreign.onnx", "--no-compare"]);
    assert_eq!(report["subject"], "onnx-foreign");
    assert_eq!(report["in_place"]["macs"].as_u64().unwrap(), baseline().macs().0);
    assert_eq!(report["in_place"]["ops"].as_array().unwrap().len(), 0);
    assert_eq!(report["outputs"]["reason"], "--no-compare was given");
}

#[test]
fn people_get_a_table() {
    let folder = tempfile::tempdir().unwrap();
    ours(folder.path());
    let output = profiler(folder.path()).args(["model", "ours.onnx", "--budget-s", "4"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("net-") && text.contains("on tract 0.23.9, 1 thread, cpus ["), "{text}");
    for word in ["hot ", "cold ", "GMAC/s", "Conv", "(runtime)", "sum of the layers", "whole, in turns"] {
        assert!(text.contains(word), "{word} not in {text}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    ours(folder.path());
    let whole = fs::read(folder.path().join("ours.onnx")).unwrap();
    fs::write(folder.path().join("cut.onnx"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.path().join("text.onnx"), "this is no model").unwrap();
    fs::write(folder.path().join("empty.onnx"), "").unwrap();
    for (words, named) in [
        ("cut.onnx", "cut.onnx"),
        ("text.onnx", "text.onnx"),
        ("empty.onnx", "no graph"),
        ("missing.onnx", "missing.onnx"),
        ("ours.onnx --backend mock", "`mock` does not report how long each layer takes"),
        ("ours.onnx --backend no-such", "no-such"),
        ("ours.onnx --backend onnxruntime", "shared library"),
        ("ours.onnx --onnxruntime missing.so", "missing.so"),
        ("ours.onnx --threads 0", "0 threads"),
        ("ours.onnx --cpus 0 --threads 2", "2 threads do not fit on core [0]"),
        ("ours.onnx --cpus 9999", "9999"),
        ("ours.onnx --target-ci NaN", "NaN"),
        ("ours.onnx -o t.txt", "t.txt"),
        ("ours.onnx -o t.csv --backend tract --backend onnxruntime", "tract and onnxruntime"),
    ] {
        let output = profiler(folder.path()).arg("model").args(words.split(' ')).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words}: {stderr}");
        assert!(stderr.contains(named), "{words}: {stderr}");
        assert!(output.stdout.is_empty());
    }
    assert!(!folder.path().join("t.csv").exists());
}

#[test]
fn tract_refuses_threads_that_it_does_not_have() {
    if std::thread::available_parallelism().unwrap().get() < 2 {
        return; // Then two threads do not fit in the first place.
    }
    let folder = tempfile::tempdir().unwrap();
    ours(folder.path());
    let run = ["model", "ours.onnx", "--threads", "2"];
    let output = profiler(folder.path()).args(run).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("backend `tract` runs on one thread, not on 2 threads"), "{stderr}");
}
