//! A runtime that panics costs one subject.

#![allow(clippy::unwrap_used)]

mod foreign;

use std::{fs, path::Path, process::Command};

use foreign::{F32, I64, Parts, model, node, value};
use profiler::record::{read_session, read_table};

fn write(folder: &Path, name: &str, parts: &Parts) {
    fs::write(folder.join(name), model(parts)).unwrap();
}

/// Integers are filled with 0 and 1: a division by some of them.
fn division(folder: &Path) {
    let parts = Parts {
        nodes: vec![node("Div", &["a", "b"], "y", &[])],
        inputs: vec![value("a", I64, &["4"]), value("b", I64, &["4"])],
        outputs: vec![value("y", I64, &["4"])],
        ..Parts::default()
    };
    write(folder, "div.onnx", &parts);
}

fn sound(folder: &Path, name: &str) {
    let parts = Parts {
        nodes: vec![node("Relu", &["x"], "y", &[])],
        inputs: vec![value("x", F32, &["1", "64"])],
        outputs: vec![value("y", F32, &["1", "64"])],
        ..Parts::default()
    };
    write(folder, name, &parts);
}

/// Exit code, and what it said.
fn profiler(folder: &Path, words: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_profiler"));
    command
        .current_dir(folder)
        .env_remove("ORT_DYLIB_PATH")
        .env_remove("LITERT_LIBRARY")
        .args(words.split(' '));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

const SAID: &str = "tract failed to run `onnx-div`: it panicked: attempt to divide by zero";

#[test]
fn a_panic_is_an_error_that_names_the_model() {
    let folder = tempfile::tempdir().unwrap();
    division(folder.path());
    for words in ["model div.onnx", "outputs div.onnx", "run --onnx div.onnx -o t.csv"] {
        let (code, said) = profiler(folder.path(), words);
        assert_eq!(code, Some(1), "{words}: {said}");
        assert!(said.contains(SAID) && !said.contains("RUST_BACKTRACE"), "{words}: {said}");
    }
    assert!(!folder.path().join("t.csv").exists());
}

#[test]
fn other_subjects_are_measured_and_the_lost_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    division(folder.path());
    sound(folder.path(), "one.onnx");
    sound(folder.path(), "two.onnx");
    let words = "run --onnx one.onnx --onnx div.onnx --onnx two.onnx -o t.csv --budget-s 5";
    // Given again, it resumes from its journal and loses the same.
    for _ in 0..2 {
        let (code, said) = profiler(folder.path(), words);
        assert_eq!(code, Some(1), "{said}");
        let lost = "1 of the subjects could not be measured: onnx-div;";
        assert!(said.contains(SAID) && said.contains(lost), "{said}");
        let rows = read_table(&folder.path().join("t.csv")).unwrap();
        let subjects: Vec<&str> = rows.iter().map(|row| row.subject.as_str()).collect();
        assert_eq!(subjects, ["onnx-one", "onnx-one", "onnx-two", "onnx-two"]);
        let warnings = read_session(&folder.path().join("t.session.json")).unwrap().warnings;
        assert!(warnings.contains(&format!("onnx-div has no rows: {SAID}")), "{warnings:?}");
    }
}

#[test]
fn what_fits_into_no_memory_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    // An allocation that fails would end the process: 2^21 · 2^21 numbers.
    let parts = Parts {
        nodes: vec![node("MatMul", &["a", "b"], "y", &[])],
        inputs: vec![value("a", F32, &["2097152", "1"]), value("b", F32, &["1", "2097152"])],
        outputs: vec![value("y", F32, &["2097152", "2097152"])],
        ..Parts::default()
    };
    write(folder.path(), "huge.onnx", &parts);
    let (code, said) = profiler(folder.path(), "model huge.onnx");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("huge.onnx") && said.contains("too large for memory"), "{said}");
}
