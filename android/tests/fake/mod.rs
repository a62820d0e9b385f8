//! A script in adb's place.

#![allow(clippy::unwrap_used)]

use std::{fs, os::unix::fs::PermissionsExt};
use tempfile::TempDir;

/// A folder with a program `adb` of this script body; its arguments are appended to `calls`, one per line.
pub(crate) fn fake_adb(body: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("adb");
    let calls = folder.path().join("calls");
    let script =
        format!("#!/bin/sh\nfor word; do printf '%s\\n' \"$word\" >> '{}'; done\n{body}\n", calls.display());
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}
