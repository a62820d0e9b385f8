//! `profiler bench` on an emulated machine of two speeds, 1 and 1/1.83.

#![allow(clippy::unwrap_used)]

use std::{path::Path, process::Output};

use serde_json::Value;

const SMALL: &str = "--space proxylessnas-small";

fn bench(folder: &Path, words: &str) -> (Output, Value) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.current_dir(folder).args(["bench", "--backend", "mock", "--json"]);
    let output = command.args(words.split_whitespace()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words}: {said}"));
    (output, report)
}

/// Part, speed and reason of each finding, and the emulated seconds of all.
fn speeds<'a>(report: &'a Value) -> (Vec<[&'a str; 3]>, f64) {
    let findings = report["findings"].as_array().unwrap();
    let of = |finding: &'a Value| {
        let speed = &finding["speed"];
        [&finding["part"], &speed["speed"], &speed["reason"]].map(|text| text.as_str().unwrap())
    };
    let spent_s = findings.iter().map(|finding| finding["spent_s"].as_f64().unwrap()).sum();
    (findings.iter().map(of).collect(), spent_s)
}

fn goals(report: &Value) -> [u64; 4] {
    let goals = &report["goals"];
    ["reached", "missed", "not_shown", "parts_without_answer"].map(|name| goals[name].as_u64().unwrap())
}

#[test]
fn it_takes_the_speed_that_the_machine_has_and_ends_in_time() {
    const BUDGET_S: f64 = 150.0;
    for (share, speed) in [(0.15, "sustained"), (0.85, "fast")] {
        let folder = tempfile::tempdir().unwrap();
        let words = format!("{SMALL} --budget-s {BUDGET_S} --mock-fast-share {share}");
        let (output, report) = bench(folder.path(), &words);
        let (found, spent_s) = speeds(&report);
        let parts: Vec<&str> = found.iter().map(|[part, ..]| *part).collect();
        assert_eq!(parts, ["fidelity", "cost", "sums"], "{report}");
        assert!(found.iter().all(|[_, found, _]| *found == speed), "at {share}: {found:?}");
        assert!(spent_s < BUDGET_S, "at {share}: {spent_s}");
        let [reached, missed, ..] = goals(&report);
        assert!(reached > 0, "at {share}: {report}");
        assert_eq!(output.status.code(), Some(i32::from(missed > 0)));
        // What was asked for is not what the machine had.
        let (_, asked) = bench(folder.path(), &format!("{words} --part sums --speed fast"));
        assert_eq!(speeds(&asked).0, [["sums", "fast", "asked for"]]);
    }
}

#[test]
fn no_part_takes_more_than_the_budget_leaves() {
    // Fast turns are rare: the parts alone would take 8 s and more than 9 s.
    let folder = tempfile::tempdir().unwrap();
    let (_, report) =
        bench(folder.path(), &format!("{SMALL} --speed fast --budget-s 12 --mock-fast-share 0.15"));
    let (found, spent_s) = speeds(&report);
    assert_eq!(found.len(), 3, "the rest still run: {report}");
    assert!((6.0..12.0).contains(&spent_s), "{spent_s}");
}

#[test]
fn what_there_was_no_time_for_is_neither_reached_nor_missed() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--space proxylessnas-mobile --part fidelity --part sums -o bench.json";
    let (output, report) = bench(folder.path(), &format!("{words} --budget-s 1"));
    // Both goals of the one part, and no figures of the other.
    assert_eq!((goals(&report), output.status.code()), ([0, 0, 2, 1], Some(0)), "{report}");
    // With more time it goes on: what had no answer is asked again, and nothing else.
    let (_, more) = bench(folder.path(), &format!("{words} --budget-s 300"));
    assert_eq!(goals(&more), [0, 0, 2, 0], "{more}");
    assert_eq!(more["findings"][0], report["findings"][0]);
}
