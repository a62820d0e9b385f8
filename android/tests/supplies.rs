//! What `android test-phone` brings before it goes where there is no network. Nothing is fetched here, and no phone made:
//! scripts that note how they were called stand in for cargo, bash and the rest, in a `PATH` that holds nothing else.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod fake;

use assert_cmd::Command;
use std::{fs, path::Path};
use tempfile::TempDir;

/// A Debian computer with a checkout, in which what `missing` names cannot be fetched.
fn computer(missing: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display();
    let program = |name: &str, body: &str| fake::program(&folder.path().join(name), body);
    let metadata =
        format!(r#"{{"packages":[{{"name":"profiler"}}],"workspace_root":"{root}","target_directory":"t"}}"#);
    let note = |what: &str| {
        let code = if missing.contains(what) { 3 } else { 0 };
        format!("echo {what} \"$*\" >> '{root}/calls'; exit {code}")
    };
    program("cargo", &format!("[ $1 = metadata ] && echo '{metadata}' && exit\n{}", note("crates")));
    program("dpkg", "echo amd64");
    program("bash", &format!("shift 2; case $2 in\n*/test-phone) ;;\n*) {} ;;\nesac", note("toolchain")));
    program("unshare", "exit 0");
    program("setpriv", &format!("shift 14; {}", note("inside")));
    program("quickstart.sh", &note("quickstart"));
    folder
}

/// Exit code, what it said, and what was called.
fn test_phone(computer: &Path, command: &[&str]) -> (Option<i32>, String, String) {
    let mut android = Command::cargo_bin("android").unwrap();
    android.env_clear().env("PATH", computer).env("HOME", computer).current_dir(computer);
    let output = android.args(["test-phone", "--"]).args(command).output().unwrap();
    let calls = fs::read_to_string(computer.join("calls")).unwrap();
    let calls = calls.replace(computer.to_str().unwrap(), "");
    (output.status.code(), String::from_utf8(output.stderr).unwrap(), calls)
}

const BROUGHT: &str = "toolchain bash /.cache/tailor/debian-arm64\n\
    crates fetch --locked --target host-tuple --target aarch64-unknown-linux-gnu\n";

#[test]
fn what_building_needs_is_brought_before_it_goes_in() {
    let (code, said, calls) = test_phone(computer("").path(), &["true"]);
    let expected = format!("{BROUGHT}inside /.cache/tailor/test-phone 1 true\n");
    assert_eq!((code, calls), (Some(0), expected), "{said}");
}

#[test]
fn what_cannot_be_had_is_named_with_what_brings_it() {
    let (code, said, calls) = test_phone(computer("toolchain crates").path(), &["true"]);
    assert_eq!(code, Some(0), "it may not be needed: {said}");
    assert!(calls.ends_with(" 1 true\n"), "{calls}");
    for command in ["`android build --route debian` brings", "aarch64-unknown-linux-gnu` brings"] {
        assert!(said.lines().any(|line| line.contains(command)), "{said}");
    }
}

#[test]
fn a_quickstart_fetches_first_and_goes_in_only_with_all_it_needs() {
    let command = ["./quickstart.sh", "--phone", "--preset", "smoke"];
    let fetched = format!("{BROUGHT}quickstart --fetch --phone --preset smoke\n");
    let (code, said, calls) = test_phone(computer("").path(), &command);
    let inside = "inside /.cache/tailor/test-phone 1 ./quickstart.sh --phone --preset smoke\n";
    assert_eq!((code, calls), (Some(0), format!("{fetched}{inside}")), "{said}");
    assert_eq!(test_phone(computer("quickstart").path(), &command).2, fetched);
    assert_eq!(test_phone(computer("quickstart").path(), &command).0, Some(3));
}
