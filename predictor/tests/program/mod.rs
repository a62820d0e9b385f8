//! `predictor` as a person or a script runs it.

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Runs it in a folder.
pub(crate) fn run(folder: &TempDir, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("predictor").unwrap().current_dir(folder.path()).args(arguments).assert()
}

/// What it says with `--json`; it must succeed.
pub(crate) fn json(folder: &TempDir, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_slice(&run(folder, &arguments).success().get_output().stdout).unwrap()
}
