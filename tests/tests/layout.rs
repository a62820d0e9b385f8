//! What folders lie at the top of the checkout, and how long a source file may be.

use std::collections::BTreeSet;
use tailor_tests::{checkout, tracked};

/// Longer than this, and a file holds more than one idea.
const LONGEST_FILE: usize = 300;

const FOLDERS: [&str; 9] =
    [".cargo", ".ci", "android", "datasets", "docs", "predictor", "profiler", "search", "tests"];

#[test]
fn files_are_short() {
    let long: Vec<String> = tracked("*.rs")
        .into_iter()
        .map(|file| (std::fs::read_to_string(checkout().join(&file)).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST_FILE)
        .map(|(lines, file)| format!("{file}: {lines}"))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST_FILE} lines, so more than one idea:\n{}", long.join("\n"));
}

#[test]
fn folders_at_the_top_are_the_projects() {
    let files = tracked(".");
    let found: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.split_once('/')?.0)).collect();
    assert_eq!(found, BTreeSet::from(FOLDERS));
}
