//! `predictor` as a person or a script runs it, in a folder of its own.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::PathBuf;

use assert_cmd::{Command, assert::Assert};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Assert {
        let mut command = Command::cargo_bin("predictor").unwrap();
        // Help is wrapped to the width named there.
        command.env_remove("COLUMNS").current_dir(self.0.path()).args(arguments).assert()
    }

    /// What it prints; it must succeed.
    pub(crate) fn stdout(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments).success().get_output().stdout.clone()).unwrap()
    }

    /// What it says with `--json`; it must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.stdout(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Fails with exit code 2 and one line on stderr, notes and hints aside, that has all of `parts`; nothing on stdout.
    pub(crate) fn refused(&self, arguments: &[&str], parts: &[&str]) {
        let assert = self.run(arguments).code(2).stdout("");
        let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        let mut said =
            stderr.lines().filter(|line| !["hint: ", "note: "].iter().any(|s| line.starts_with(s)));
        assert!(said.next().is_some_and(|line| line.starts_with("error: ")), "{stderr}");
        assert_eq!(said.next(), None, "{stderr}");
        parts.iter().for_each(|part| assert!(stderr.contains(part), "{part:?} not in {stderr}"));
    }
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}
