//! `profiler doctor` on this very machine: every check is made, none decides the exit code.

#![allow(clippy::unwrap_used)]

use assert_cmd::Command;

fn doctor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command.arg("doctor").args(arguments);
    command
}

#[test]
fn findings_are_told_to_people_and_to_programs() {
    let output = doctor(&["--seconds", "0.5", "--json"]).assert().success().get_output().clone();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 20);
    for finding in findings {
        let (state, advice) = (finding["state"].as_str().unwrap(), finding["advice"].as_str().unwrap());
        assert_eq!(state == "warn", !advice.is_empty(), "{finding}");
    }
    assert!(
        found["noise"]["raw_spread"].as_f64().unwrap() > 0.0,
        "no machine repeats itself to the nanosecond"
    );

    let output = doctor(&["--seconds", "0.5"]).assert().success().get_output().clone();
    let out = String::from_utf8(output.stdout).unwrap();
    for finding in findings {
        assert!(out.contains(finding["check"].as_str().unwrap()), "{out}");
    }
    assert!(out.lines().last().unwrap().contains("of 20 checks warn"), "{out}");
}

#[test]
fn wrong_use_is_named() {
    doctor(&["--seconds", "0"]).assert().code(2);
    doctor(&["--cpus", "x"]).assert().code(2);
}
