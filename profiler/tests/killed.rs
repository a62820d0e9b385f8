//! A profiler that is killed at any moment loses at most the turn in flight; what it prints while it runs.

#![allow(clippy::unwrap_used)]

mod kills;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use profiler::measure::Entry;
use profiler::record::{Row, read_table};

const NOISY: &[&str] = &["--mock-noise", "0.5"];

/// A sweep of the mock with exactly so many rounds where it is [`NOISY`], at least as many elsewhere.
fn sweep(folder: &Path, rounds: u32, more: &[&str]) -> Command {
    let rounds = rounds.to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    let space = ["run", "--space", "proxylessnas-small", "--networks", "3", "--backend", "mock"];
    let long = ["--min-rounds", &rounds, "--max-rounds", &rounds, "-o", "table.csv"];
    command.current_dir(folder).args(space).args(long).args(more);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("table.journal.jsonl")
}

#[test]
fn a_kill_at_any_moment_loses_at_most_the_turn_in_flight() {
    // About a second of work, and twelve kills within the first third of a second of each process.
    const ROUNDS: u32 = 200;
    let folder = tempfile::tempdir().unwrap();
    let command = || sweep(folder.path(), ROUNDS, NOISY);
    let table = folder.path().join("table.csv");
    let journal = kills::killed_again_and_again(command, &journal(folder.path()), &table, 3, 5..300, 12);
    let mut turns = BTreeMap::<(u32, usize), u32>::new();
    for line in &journal[1..] {
        if let Entry::Turn(turn) = serde_json::from_str(line).unwrap() {
            *turns.entry((turn.round, turn.subject)).or_default() += 1;
        }
    }
    assert!(turns.values().all(|count| *count == 1), "a turn was measured twice");
    let subjects = turns.keys().map(|(_, subject)| subject).collect::<BTreeSet<_>>().len();
    // Nobody missed a turn, whoever was interrupted.
    assert_eq!(turns.len(), ROUNDS as usize * subjects);
    assert_eq!(read_table(&folder.path().join("table.csv")).unwrap().len(), 2 * subjects);
}

#[test]
fn a_second_profiler_on_one_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    kills::second_is_refused(|| sweep(folder.path(), 50_000, NOISY), &journal(folder.path()), 10);
    // A killed one holds nothing: the next resumes.
    let threads = sweep(folder.path(), 6, &["--threads", "2"]).stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(threads.stderr).unwrap();
    assert_eq!(threads.status.code(), Some(2), "{error}");
    assert!(error.contains("begun under other conditions: threads `1` and `2`"), "{error}");
}

/// Rows printed with this `final`.
fn printed(out: &str, is_final: bool) -> Vec<Row> {
    let values = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let chosen = values.filter(|value| value["final"].as_bool().unwrap() == is_final);
    chosen
        .map(|mut value| {
            value.as_object_mut().unwrap().remove("final");
            serde_json::from_value(value).unwrap()
        })
        .collect()
}

#[test]
fn rows_are_printed_when_known_and_once_more_when_final() {
    let folder = tempfile::tempdir().unwrap();
    let live = ["--mock-noise", "0.03", "--json"];
    let output = sweep(folder.path(), 30, &live).stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    let out = String::from_utf8(output.stdout).unwrap();
    // The final rows are the table, to the bit and in its order.
    let table = read_table(&folder.path().join("table.csv")).unwrap();
    assert_eq!(printed(&out, true), table);
    // Every row was printed before, once, and near to what it became.
    let provisional = printed(&out, false);
    let key = |row: &Row| (row.subject.clone(), row.cache);
    let printed_before: BTreeMap<_, &Row> = provisional.iter().map(|row| (key(row), row)).collect();
    assert_eq!((printed_before.len(), provisional.len()), (table.len(), table.len()));
    for row in &table {
        let ratio = printed_before[&key(row)].latency_ms / row.latency_ms;
        assert!((ratio - 1.0).abs() < 0.03, "{row:?}: {ratio}");
    }
    // All provisional lines come first.
    let finals: Vec<bool> = out.lines().map(|line| line.starts_with("{\"final\":true")).collect();
    assert!(finals.is_sorted());

    // Finished already: nothing is measured, so nothing is provisional.
    let again = sweep(folder.path(), 30, &live).stdout(Stdio::piped()).output().unwrap();
    let out = String::from_utf8(again.stdout).unwrap();
    assert_eq!((printed(&out, true), printed(&out, false).len()), (table, 0));
}

#[test]
fn a_reader_that_goes_away_ends_the_sweep_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = sweep(folder.path(), 20, &["--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let kept = kills::lines(&journal(folder.path()));
    assert!(kept.len() > 10);
    assert!(sweep(folder.path(), 20, &[]).status().unwrap().success());
    assert!(kills::lines(&journal(folder.path())).starts_with(&kept));
}

#[test]
fn a_budget_that_ends_early_still_tells_every_row_before_it_is_final() {
    let folder = tempfile::tempdir().unwrap();
    // The mock's clock runs as fast as it can: the target is out of reach, the time is not.
    let far = ["--mock-noise", "0.5", "--target-ci", "0.001", "--budget-s", "1", "--json"];
    let output = sweep(folder.path(), 50_000, &far).stdout(Stdio::piped()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    let (provisional, last) = (printed(&out, false), printed(&out, true));
    assert!(!last.is_empty());
    assert_eq!(provisional.len(), last.len());
}

#[test]
fn a_journal_damaged_within_says_which_lines_are_good_and_a_torn_end_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    assert!(sweep(folder.path(), 12, &[]).status().unwrap().success());
    let whole = fs::read(journal(folder.path())).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let refusal = |damaged: &[u8]| {
        fs::write(journal(folder.path()), damaged).unwrap();
        let output = sweep(folder.path(), 12, &[]).stderr(Stdio::piped()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, error) = refusal(&[&lines[..40].concat(), &b"\0\0\xff\n"[..], &lines[40..].concat()].concat());
    assert_eq!(code, Some(2), "{error}");
    let (line, good) = ("line 41: damaged", "the 40 lines before it are good");
    assert!(error.contains(line) && error.contains(good), "{error}");
    // A power cut may leave anything behind the last whole line.
    let (code, error) = refusal(&[&lines[..40].concat(), &b"\0\xff{"[..]].concat());
    assert_eq!(code, Some(0), "{error}");
}
