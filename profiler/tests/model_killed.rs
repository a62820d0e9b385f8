//! `profiler model` that is killed at any moment loses at most the round in flight.

#![allow(clippy::unwrap_used)]

mod kills;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use profiler::onnx::network_model;
use profiler::record::{read_session, read_table};
use profiler::spec::SpaceFile;
use serde_json::Value;

fn exported(folder: &Path, seed: u64) {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let onnx = network_model(&space.baseline().unwrap(), seed).unwrap();
    fs::write(folder.join("net.onnx"), onnx).unwrap();
}

/// About three seconds of tract, whatever the machine: the target is out of reach.
fn model(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).env_remove("ORT_DYLIB_PATH").env_remove("LITERT_LIBRARY");
    command.args(["model", "net.onnx", "--target-ci", "0.001", "--budget-s", "3", "-o", "t.csv"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn journal_of(folder: &Path) -> PathBuf {
    folder.join("t.journal.jsonl")
}

fn kinds(lines: &[String], kind: &str) -> Vec<Value> {
    let values = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| !value[kind].is_null()).map(|value| value[kind].clone()).collect()
}

#[test]
fn a_kill_at_any_moment_loses_at_most_the_round_in_flight() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path(), 0);
    let path = journal_of(folder.path());
    let table = folder.path().join("t.csv");
    let journal = kills::killed_again_and_again(|| model(folder.path()), &path, &table, 5, 300..1_200, 8);
    // Every turn of the whole was taken once, and layers only after it.
    let whole = kinds(&journal, "whole");
    let rounds: Vec<u64> = whole.iter().filter_map(|entry| entry["burst"]["round"].as_u64()).collect();
    assert!(rounds.iter().copied().eq(0..rounds.len() as u64), "{rounds:?}");
    let traced =
        kinds(&journal, "layers").iter().map(|s| s["rounds"].as_array().unwrap().len()).sum::<usize>();
    assert!(traced >= 6, "{traced} rounds");
    let session = read_session(&folder.path().join("t.session.json")).unwrap();
    let header: Value = serde_json::from_str(&journal[0]).unwrap();
    assert_eq!(header["session"], session.id);
    assert_eq!(read_table(&folder.path().join("t.csv")).unwrap()[0].session, session.id);

    // Given once more, it measures nothing.
    assert!(model(folder.path()).status().unwrap().success());
    assert_eq!(kills::lines(&path), journal);
    // Another model of the same name is not continued, nor other processors or a sweep's journal.
    exported(folder.path(), 1);
    let refused = model(folder.path()).stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("begun under other conditions: models of SHA-256"), "{error}");
    assert_eq!(kills::lines(&path), journal);
}

#[test]
fn a_second_profiler_on_one_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path(), 0);
    kills::second_is_refused(|| model(folder.path()), &journal_of(folder.path()), 1);
}
