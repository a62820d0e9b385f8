//! What `android profile` costs beside the profiler itself. Seconds depend on the machine, so that they are shown and not
//! judged; each question to the phone takes its time, so that their number is.

use serde_json::Value;
use std::{fs, os::unix::fs::PermissionsExt, process::Command};
use tailor_tests::phone::{Phone, done};
use tempfile::TempDir;

#[test]
#[ignore = "needs the test phone"]
fn test_phone_is_asked_no_more_than_it_must() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let path = |name: &str| folder.path().join(name);
    fs::write(path("ops.txt"), "gpool-4x4x8\n").unwrap();
    let real = String::from_utf8(Command::new("which").arg("adb").output().unwrap().stdout).unwrap();
    let calls = path("calls");
    let script =
        format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec {} \"$@\"\n", calls.display(), real.trim());
    fs::write(path("adb"), script).unwrap();
    fs::set_permissions(path("adb"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut profile = phone.android("profile");
    profile.args("--ops ops.txt --budget-s 10 --target-ci 30 --json -o table.csv --adb".split(' '));
    let (stdout, _) = done(profile.arg(path("adb")).current_dir(folder.path()));
    let calls = fs::read_to_string(calls).unwrap();
    // A call of the shell has a second line. Whether a silent profiler still works is asked every 20 s; how often depends
    // on the machine.
    let is_call = |line: &&str| !line.starts_with("ended=") && !line.contains("/proc/$(cat pid)");
    let calls: Vec<&str> = calls.lines().filter(is_call).collect();
    // Which phones, which one; room, folder, leftovers; two files looked for and sent, one of them into a folder of its
    // own; the start, made ready first; what came out, three files of it; the end.
    assert!(calls.len() <= 17, "{} calls:\n{}", calls.len(), calls.join("\n"));
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    println!("outside of profiler, building and transfer (goal 5 s): {} s", last["spent"]["other_s"]);
    assert!(last["spent"]["other_s"].is_number(), "{last}");
}
