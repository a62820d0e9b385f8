//! What lies at the top of the checkout, and how long a source file may be.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use tailor_tests::{checkout, tracked};

/// Longer than this, and a file holds more than one idea.
const LONGEST_FILE: usize = 300;

const TOP: [&str; 21] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "android",
    "clippy.toml",
    "datasets",
    "docs",
    "predictor",
    "profiler",
    "quickstart.sh",
    "rustfmt.toml",
    "search",
    "test.sh",
];

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
fn the_top_holds_what_it_should() {
    let top: BTreeSet<String> =
        tracked(".").iter().filter_map(|file| file.split('/').next()).map(str::to_owned).collect();
    let expected: BTreeSet<String> =
        TOP.iter().map(|name| (*name).to_owned()).chain(["tests".to_owned()]).collect();
    assert_eq!(top, expected);
}
