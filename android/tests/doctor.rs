//! `android doctor` and `android devices` with phones and an adb that misbehave: a script in adb's place does.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod fake;

use assert_cmd::Command;
use fake::{android, fake_adb};
use serde_json::Value;
use tempfile::TempDir;

/// Exit code, stdout as JSON (null if it is empty) and stderr, of the command with `--json`.
fn reported(android: &mut Command) -> (i32, Value, String) {
    let output = android.arg("--json").output().unwrap();
    let json =
        if output.stdout.is_empty() { Value::Null } else { serde_json::from_slice(&output.stdout).unwrap() };
    (output.status.code().unwrap(), json, String::from_utf8(output.stderr).unwrap())
}

/// An adb that lists phones in these states and answers `shell` by `answer`.
fn adb_with(listing: &str, answer: &str) -> TempDir {
    fake_adb(&format!(
        "case \"$1\" in devices) printf 'List of devices attached\\n{listing}\\n' ;; *) {answer} ;; esac"
    ))
}

#[test]
fn a_phone_in_any_state_is_reported_with_what_to_do() {
    for (state, remedy) in [
        ("offline", "adb reconnect"),
        ("unauthorized", "Allow USB debugging"),
        ("recovery", "start Android"),
        ("no permissions (udev); see [http://x]", "USB devices"),
    ] {
        let adb = adb_with(&format!("P1\\t{state}"), "exit 9");
        for mut doctor in [android(&adb, "doctor"), android(&adb, "devices")] {
            let (code, json, _) = reported(&mut doctor);
            assert!(json[0]["remedy"].as_str().unwrap().contains(remedy), "{json}");
            assert_eq!((code == 1, json[0]["serial"].as_str()), (json[0]["findings"].is_array(), Some("P1")));
        }
        // Asked for by name, it is reported as well.
        let (code, json, stderr) = reported(android(&adb, "doctor").args(["--serial", "P1"]));
        assert!(code == 1 && json[0]["remedy"].as_str().unwrap().contains(remedy), "{json} {stderr}");
    }
}

#[test]
fn an_adb_that_dies_or_answers_without_end_is_named() {
    let dies = adb_with("P1\\tdevice", "printf '[ro.product.model]: [Pix'; kill -9 $$");
    let endless = adb_with("P1\\tdevice", "while :; do head -c 1000000 /dev/zero; done");
    // adb's own exit code is 0 when the phone goes away in mid-answer.
    let lost = adb_with("P1\\tdevice", "printf '[ro.product.model]: [Pix'");
    for (adb, word) in
        [(dies, "SIGKILL"), (endless, "more than 64 MiB"), (lost, "in the middle of its answer")]
    {
        let (code, json, _) = reported(&mut android(&adb, "doctor"));
        let connection = json[0]["connection"]["other"].as_str().unwrap().to_owned();
        assert!(code == 1 && connection.contains(word) && json[0]["condition"].is_null(), "{json}");
        let (code, json, _) = reported(&mut android(&adb, "devices"));
        assert!(code == 0 && json[0]["facts"].is_null() && json[0]["remedy"].is_string(), "{json}");
    }
    let dead = fake_adb("kill -9 $$");
    for command in ["doctor", "devices"] {
        let (code, json, stderr) = reported(&mut android(&dead, command));
        assert_eq!((code, json), (1, Value::Null));
        assert!(stderr.starts_with("error: `adb devices` failed (signal: 9"), "{stderr}");
    }
}

#[test]
fn a_serial_that_names_no_phone_is_wrong_usage_and_an_empty_one_names_none() {
    let adb = adb_with("P1\\tdevice", "echo '[ro.product.model]: [Pixel]'; echo tailor-end");
    let (code, json, stderr) = reported(android(&adb, "doctor").env("ANDROID_SERIAL", "; rm -rf /"));
    assert_eq!((code, json), (2, Value::Null));
    assert!(stderr.contains("no phone `; rm -rf /`: adb sees `P1`"), "{stderr}");
    let (code, json, _) = reported(android(&adb, "doctor").env("ANDROID_SERIAL", ""));
    assert_eq!((code, json[0]["serial"].as_str()), (0, Some("P1")));
}

#[test]
fn a_backend_without_its_library_is_refused_before_anything_is_built() {
    let adb = fake_adb("exit 9");
    let mut profile = android(&adb, "profile");
    profile.args(["--backend", "onnxruntime", "--ops", "ops.txt", "-o", "t.csv"]);
    let (code, json, stderr) = reported(&mut profile);
    assert!(code == 2 && json.is_null(), "{stderr}");
    assert!(stderr.starts_with("error: --backend onnxruntime needs --onnxruntime LIB.so"), "{stderr}");
    assert!(!adb.path().join("calls").exists(), "no phone is asked");
}

#[test]
fn what_a_phone_says_is_printed_as_text_whatever_it_is() {
    let model =
        r"[ro.product.model]: [\033]0;title\007 \377\376 Pixel\n second line]\n[ro.build.version.sdk]: [x]\n";
    let adb = adb_with(
        "P1\\tdevice",
        &format!("printf '{model}'; echo tailor-section getprop; printf '{model}'; echo tailor-end"),
    );
    let output = android(&adb, "doctor").assert().success();
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(text.contains("Pixel, SoC unknown") && !text.contains(['\u{1b}', '\u{7}']), "{text}");
    let (_, json, _) = reported(&mut android(&adb, "devices"));
    assert!(json[0]["facts"]["model"].as_str().unwrap().ends_with("Pixel"), "{json}");
    assert!(json[0]["facts"]["api_level"].is_null());
}

#[test]
fn an_adb_of_another_version_may_say_so_first() {
    let adb = fake_adb(
        "printf 'adb server version (32) does not match this client (41); killing...\\nList of devices attached \\nP1\\toffline\\n'",
    );
    let (code, json, _) = reported(&mut android(&adb, "devices"));
    assert_eq!((code, json[0]["connection"].as_str()), (0, Some("offline")));
}
