//! `profiler compare` as a user runs it.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use assert_cmd::Command;
use profiler::record::{Row, read_table, write_table};

fn profiler(folder: &Path, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).args(words.split(' '));
    command
}

/// Two sessions of the mock, `a.csv` and `b.csv`.
fn sessions() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (seed, table) in [("1", "a.csv"), ("2", "b.csv")] {
        let run = "run --space proxylessnas-small --width 0.5 --backend mock --max-rounds 12";
        profiler(folder.path(), run).args(["--seed", seed, "-o", table]).assert().success();
    }
    folder
}

/// Rewrites `b.csv`.
fn change(folder: &Path, change: impl FnMut(&mut Row)) {
    let path = folder.join("b.csv");
    let mut rows = read_table(&path).unwrap();
    rows.iter_mut().for_each(change);
    write_table(&path, &rows).unwrap();
}

fn scale(row: &mut Row, factor: f64) {
    for ms in [&mut row.latency_ms, &mut row.ci_low_ms, &mut row.ci_high_ms] {
        *ms *= factor;
    }
}

fn json(folder: &Path) -> serde_json::Value {
    let output = profiler(folder, "compare a.csv b.csv --json").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn verdicts_are_words_json_and_exit_codes() {
    let folder = sessions();
    let both = "compare a.csv b.csv --fail-on changed --fail-on faster_or_slower";
    let same = profiler(folder.path(), both).assert().success().get_output().clone();
    let (out, err) = (String::from_utf8(same.stdout).unwrap(), String::from_utf8(same.stderr).unwrap());
    assert!(out.lines().last().unwrap().starts_with("same: "), "{out}");
    assert!(out.contains("conditions: the same device"), "{out}");
    assert!(err.contains("emulated figures, not timings"), "{err}");
    assert_eq!(json(folder.path())["verdict"], "same");

    change(folder.path(), |row| scale(row, 1.3));
    let slower = profiler(folder.path(), both).assert().code(1).get_output().clone();
    assert!(String::from_utf8(slower.stdout).unwrap().contains("faster or slower: all together moved by +"));
    assert_eq!(json(folder.path())["verdict"], "faster_or_slower");

    change(folder.path(), |row| {
        if row.subject.starts_with("linear") {
            scale(row, 1.4)
        }
    });
    let found = json(folder.path());
    assert_eq!(found["verdict"], "changed");
    let deviating =
        found["subjects"].as_array().unwrap().iter().filter(|subject| subject["deviates"] == true);
    let names: Vec<&str> = deviating.map(|subject| subject["subject"].as_str().unwrap()).collect();
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("linear")), "{names:?}");
    // A changed table is an answer, not a failure, unless asked.
    profiler(folder.path(), "compare a.csv b.csv").assert().success();
    profiler(folder.path(), "compare a.csv b.csv --fail-on faster_or_slower").assert().success();
}

#[test]
fn other_conditions_and_missing_sessions_are_told_and_not_refused() {
    let folder = sessions();
    let session = folder.path().join("b.session.json");
    let text = std::fs::read_to_string(&session).unwrap();
    std::fs::write(&session, text.replace("\"threads\": 1", "\"threads\": 4")).unwrap();
    let output = profiler(folder.path(), "compare a.csv b.csv").assert().success().get_output().clone();
    assert!(String::from_utf8(output.stdout).unwrap().contains("threads differs: A `1`, B `4`"));

    std::fs::remove_file(&session).unwrap();
    let found = json(folder.path());
    assert!(found["circumstances"].is_null() && found["b"]["session"].is_null());
    assert!(found["notes"][0].as_str().unwrap().contains("b.session.json is missing"), "{found}");
}

#[test]
fn what_cannot_be_compared_is_wrong_use() {
    let folder = sessions();
    let refused = |words: &str, reason: &str| {
        let output = profiler(folder.path(), words).assert().code(2).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(reason), "{error}");
    };
    refused("compare a.csv none.csv", "none.csv");
    refused("compare a.csv b.session.json", "b.session.json");
    refused("compare a.csv b.csv --op-noise=-1", "noise floor: op is -0.01");
    refused("compare a.csv b.csv --false-alarms 0", "false_discovery_rate is 0");
    change(folder.path(), |row| row.subject = "gpool-9x9x9".to_owned());
    // All rows the same op: refused by the table's reader already.
    refused("compare a.csv b.csv", "stands in line 2 already");
}
