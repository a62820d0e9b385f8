//! A wall clock that jumps, as a phone's does when the network gives it the time.

#![cfg(target_os = "linux")]

use profiler::measure::Entry;
use profiler::record::{Row, read_session, read_table, session_path};
use std::{fs, path::Path, process::Stdio};
use tailor_tests::clock::jumping_clock;
use tailor_tests::command;
use tailor_tests::phone::{done, until};
use tempfile::TempDir;

const OPS: &str = "gpool-4x4x8\nconv-8x8x8-o8-k3-s1-relu6\nact-8x8x8-relu\n";
const DAY_NS: u64 = 86_400_000_000_000;

fn lines(journal: &Path) -> Vec<String> {
    let text = fs::read_to_string(journal).unwrap_or_default();
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::to_owned).collect()
}

/// Nothing in the journal has taken as long as the clock has jumped, and no turn is there twice.
fn check_journal(journal: &[String]) {
    let mut turns = Vec::new();
    for line in &journal[1..] {
        if let Entry::Turn(turn) = serde_json::from_str(line).unwrap() {
            turns.push((turn.round, turn.subject));
        }
        let longest = longest_number(&serde_json::from_str(line).unwrap());
        assert!(longest < DAY_NS as f64 / 24.0, "{line}");
    }
    let count = turns.len();
    turns.sort_unstable();
    turns.dedup();
    assert!(count > 60 && turns.len() == count, "{count} turns, {} of them different", turns.len());
}

fn longest_number(value: &serde_json::Value) -> f64 {
    match value {
        serde_json::Value::Number(number) => number.as_f64().unwrap().abs(),
        serde_json::Value::Array(items) => items.iter().map(longest_number).fold(0.0, f64::max),
        serde_json::Value::Object(fields) => fields.values().map(longest_number).fold(0.0, f64::max),
        _ => 0.0,
    }
}

#[test]
fn a_measurement_does_not_see_the_wall_clock() {
    let folder = TempDir::new().unwrap();
    let clock = jumping_clock(folder.path());
    fs::write(folder.path().join("ops.txt"), OPS).unwrap();
    let run = || {
        let mut run = command("profiler");
        run.current_dir(folder.path()).env("LD_PRELOAD", &clock).stdout(Stdio::null());
        // ONNX Runtime has threads of its own that read the wall clock all the time.
        run.env_remove("ORT_DYLIB_PATH").env_remove("LITERT_LIBRARY");
        run.args(["run", "--ops", "ops.txt", "--min-rounds", "400", "--max-rounds", "400", "-o", "t.csv"]);
        run
    };
    // Killed in its middle, and resumed: a second process, in which the clock begins to jump anew.
    let journal = folder.path().join("t.journal.jsonl");
    let mut child = run().stderr(Stdio::null()).spawn().unwrap();
    until("some turns are measured", || lines(&journal).len() > 30);
    child.kill().unwrap();
    child.wait().unwrap();
    let known = lines(&journal);
    done(&mut run());
    let journal = lines(&journal);
    assert!(journal.starts_with(&known));
    check_journal(&journal);

    // The clock did jump: it ended days before it began, and is read as it stands.
    let table = folder.path().join("t.csv");
    let (rows, session) = (read_table(&table).unwrap(), read_session(&session_path(&table)).unwrap());
    assert!(session.finished < session.started, "{} to {}", session.started, session.finished);
    assert!((0.0..3600.0).contains(&session.measured_s), "{}", session.measured_s);
    let is_sound = |row: &Row| row.latency_ms > 0.0 && row.min_ms > 0.0 && row.p90_ms < 1e6;
    assert!(rows.len() == 6 && rows.iter().all(is_sound), "{rows:?}");
    // Whoever reads it takes it for what it is.
    tailor_tests::run(folder.path(), "profiler compare t.csv t.csv");
}
