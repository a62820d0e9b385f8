//! `profiler model` that is killed at any moment loses at most the round in flight.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use profiler::{
    onnx::network_model,
    record::{read_session, read_table},
    spec::SpaceFile,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use serde_json::Value;

fn exported(folder: &Path, seed: u64) {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let onnx = network_model(&space.baseline().unwrap(), seed).unwrap();
    fs::write(folder.join("net.onnx"), onnx).unwrap();
}

/// About three seconds of tract, whatever the machine: the target is out of reach.
fn model(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).env_remove("ORT_DYLIB_PATH");
    command.args(["model", "net.onnx", "--target-ci", "0.001", "--budget-s", "3", "-o", "t.csv"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The journal's whole lines.
fn lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("t.journal.jsonl")).unwrap_or_default();
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::to_owned).collect()
}

fn kinds(lines: &[String], kind: &str) -> Vec<Value> {
    let values = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    values.filter(|value| !value[kind].is_null()).map(|value| value[kind].clone()).collect()
}

#[test]
fn a_kill_at_any_moment_loses_at_most_the_round_in_flight() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path(), 0);
    let mut random = Pcg64::seed_from_u64(5);
    let (mut kills, mut known) = (0, Vec::<String>::new());
    loop {
        let mut child = model(folder.path()).spawn().unwrap();
        let end = Instant::now() + Duration::from_millis(random.random_range(300..1_200));
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let before = lines(folder.path());
        let finished = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let after = lines(folder.path());
        assert!(after.starts_with(&before), "a kill took a whole line");
        assert!(after.starts_with(&known), "an earlier line was lost or changed");
        known = after;
        if let Some(status) = finished {
            assert!(status.success());
            break;
        }
        kills += 1;
        assert!(!folder.path().join("t.csv").exists());
        if kills == 8 {
            assert!(model(folder.path()).status().unwrap().success());
            break;
        }
    }
    assert!(kills > 0, "it was over before it could be killed once");
    let journal = lines(folder.path());
    assert!(journal.starts_with(&known));
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
    assert_eq!(lines(folder.path()), journal);
    // Another model of the same name is not continued, nor other processors or a sweep's journal.
    exported(folder.path(), 1);
    let refused = model(folder.path()).stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{error}");
    assert!(error.contains("begun under other conditions: models of SHA-256"), "{error}");
    assert_eq!(lines(folder.path()), journal);
}

#[test]
fn a_second_profiler_on_one_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    exported(folder.path(), 0);
    let mut first = model(folder.path()).spawn().unwrap();
    while lines(folder.path()).is_empty() {
        assert_eq!(first.try_wait().unwrap(), None, "the first is over already");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = model(folder.path()).stderr(Stdio::piped()).output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(error.contains("another profiler is writing this table"), "{error}");
}
