//! `android devices`, with a script in adb's place that answers as adb does.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod fake;

use assert_cmd::Command;
use fake::{android, fake_adb};
use std::fs;
use tempfile::TempDir;

fn devices(folder: &TempDir) -> Command {
    android(folder, "devices")
}

const THREE_PHONES: &str = r#"
case "$*" in
devices) printf '* daemon started successfully\nList of devices attached\n0A 04;touch x\tdevice\nR58\tunauthorized\nE5\toffline\n\n' ;;
*"shell getprop"*) printf '[ro.product.manufacturer]: [Google]\r\n[ro.product.model]: [Pixel 6]\r\n[ro.soc.model]: [Tensor]\r\n[ro.product.cpu.abi]: [arm64-v8a]\r\n[ro.build.version.release]: [14]\r\n[ro.build.version.sdk]: [34]\r\ntailor-end\r\n' ;;
*) exit 9 ;;
esac"#;

#[test]
fn every_phone_is_listed_with_its_state_and_facts() {
    let adb = fake_adb(THREE_PHONES);
    let output = devices(&adb).assert().success().get_output().stdout.clone();
    insta::assert_snapshot!(String::from_utf8(output).unwrap());
    // The serial reaches adb as one argument, whatever is in it.
    let calls = fs::read_to_string(adb.path().join("calls")).unwrap();
    let expected = "devices\n-s\n0A 04;touch x\nshell\ngetprop\nended=$?; echo tailor-end; exit $ended\n";
    assert_eq!(calls, expected);
}

#[test]
fn json_for_programs() {
    let output = devices(&fake_adb(THREE_PHONES)).arg("--json").assert().success();
    let phones: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(phones[0]["facts"]["soc"], "Tensor");
    assert_eq!(phones[0]["facts"]["api_level"], 34);
    assert_eq!(phones[1]["connection"], "unauthorized");
    assert!(phones[1]["facts"].is_null());
    assert_eq!(phones.as_array().unwrap().len(), 3);
}

#[test]
fn a_phone_that_goes_away_is_still_listed() {
    let adb = fake_adb(
        r#"case "$1" in devices) printf 'List of devices attached\nP1\tdevice\n' ;; *) echo "adb: device 'P1' not found" >&2; exit 1 ;; esac"#,
    );
    let said = predicates::str::is_match("P1.* no answer: .*device 'P1' not found").unwrap();
    devices(&adb).assert().success().stdout(said);
}

#[test]
fn no_phone_is_exit_1_and_no_adb_exit_2() {
    let adb = fake_adb("printf 'List of devices attached\\n\\n'");
    devices(&adb).assert().code(1).stdout("").stderr(predicates::str::contains("no phone: connect one"));
    devices(&adb).arg("--json").assert().code(1).stdout("[]\n");
    fs::remove_file(adb.path().join("adb")).unwrap();
    let said = "(?s)^error: no program `.*apt-get install adb.*\nhint: --adb PROGRAM names it as well\n$";
    devices(&adb).assert().code(2).stderr(predicates::str::is_match(said).unwrap());
}

#[test]
fn a_failing_adb_gives_its_own_last_word() {
    let adb = fake_adb("echo '* daemon not running' >&2; echo 'adb: failed to start daemon' >&2; exit 1");
    let expected = "error: `adb devices` failed (exit status: 1): adb: failed to start daemon\n";
    devices(&adb).assert().code(1).stdout("").stderr(expected);
    let adb = fake_adb("echo 'something else'");
    devices(&adb)
        .assert()
        .code(1)
        .stderr(predicates::str::contains("what `adb devices` says: `something else`"));
}
