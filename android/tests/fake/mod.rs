//! Scripts in programs' places.

#![allow(clippy::unwrap_used, dead_code)]

use assert_cmd::Command;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tempfile::TempDir;

/// Makes a program of this script body.
pub(crate) fn program(path: &Path, body: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder with a program `adb` of this script body; its arguments are appended to `calls`, one per line.
pub(crate) fn fake_adb(body: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    let note = format!("for word; do printf '%s\\n' \"$word\" >> '{}'; done", calls.display());
    program(&folder.path().join("adb"), &format!("{note}\n{body}"));
    folder
}

/// `android COMMAND` with that adb.
pub(crate) fn android(adb: &TempDir, command: &str) -> Command {
    let mut android = Command::cargo_bin("android").unwrap();
    android.env_remove("TAILOR_ADB").env_remove("ANDROID_SERIAL").env_remove("TAILOR_ARM64_PROFILER");
    android.args([command, "--adb"]).arg(adb.path().join("adb"));
    android
}
