//! `android doctor` and `android devices` of a phone that says anything at all, or dies while it is asked.

use serde_json::Value;
use std::process::Command;
use tailor_tests::command;
use tailor_tests::phone::{Phone, adb, until};
use tailor_tests::wire::known_locked_phone;

fn android(arguments: &[&str]) -> Command {
    let mut android = command("android");
    android.args(arguments).arg("--json").env_remove("ANDROID_SERIAL");
    android
}

/// What is reported of a phone, with the exit code.
fn report(command: &mut Command) -> (Option<i32>, Value) {
    let output = command.output().unwrap();
    let parsed: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), parsed[0].clone())
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_doctor_bears_any_answer() {
    let phone = Phone::number(0);
    let doctor = || report(&mut android(&["doctor", "--serial", &phone.serial]));
    phone.shell("cp -r /data/answers /data/kept");
    // Random bytes, from everything that is asked.
    phone.shell("for f in /data/answers/*; do head -c 100000 /dev/urandom >$f; done");
    let (code, report) = doctor();
    let known = ["model", "battery", "awake", "saving_power", "thermal_status"]
        .map(|name| &report["condition"][name]);
    assert!(code == Some(0) && known[0].is_null() && known[2].is_null(), "{report}");
    assert_eq!(report["findings"].as_array().unwrap().len(), 10);
    // Nothing, from anything.
    phone.shell("rm /data/answers/*; mount -t tmpfs tmpfs /sys");
    let (code, report) = doctor();
    assert!(code == Some(0) && report["condition"]["battery"].is_null(), "{report}");
    // A thousand sensors, one of them hot, one of them mad.
    phone.shell(
        "i=0; while [ $i -lt 1000 ]; do d=/sys/class/thermal/thermal_zone$i; mkdir -p $d; echo cpu-$i >$d/type; \
         echo 41000 >$d/temp; i=$((i+1)); done; echo 79000 >$d/temp; echo 99999999999999999999 >/sys/class/thermal/thermal_zone7/temp",
    );
    let (code, report) = doctor();
    assert_eq!((code, report["condition"]["temperatures"].as_array().unwrap().len()), (Some(0), 999));
    let heat =
        report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "heat").unwrap();
    assert_eq!((heat["state"].as_str(), heat["seen"].as_str()), (Some("warn"), Some("processor 79 °C")));
    phone.shell("umount /sys; rm -r /data/answers; mv /data/kept /data/answers");
    assert_eq!(doctor().1["condition"]["model"], "Tailor Test Phone 1");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_doctor_of_a_phone_that_dies_or_is_locked() {
    let phone = Phone::number(0);
    // It never answers, as nobody writes into a pipe; then it is gone.
    phone.shell("mv /data/answers/getprop /data/getprop; mkfifo /data/answers/getprop");
    for command in [&["doctor", "--serial", &phone.serial][..], &["devices"]] {
        let child = android(command).spawn().unwrap();
        until("it is asked", || phone.shell("ps -A -o ARGS").contains("cat /data/answers/getprop"));
        phone.kill_adbd();
        phone.wait();
        let output = child.wait_with_output().unwrap();
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found =
            all.as_array().unwrap().iter().find(|found| found["serial"] == phone.serial.as_str()).unwrap();
        let connection =
            found["connection"]["other"].as_str().unwrap_or_else(|| panic!("{command:?}: {all}"));
        assert!(connection.starts_with("no answer: "), "{found}");
        assert!(found["remedy"].is_string() && found["condition"].is_null(), "{found}");
    }
    phone.shell("rm /data/answers/getprop; mv /data/getprop /data/answers/getprop");

    let locked = known_locked_phone();
    let (code, found) = report(&mut android(&["doctor", "--serial", &locked]));
    adb(&["disconnect", &locked]).output().unwrap();
    assert_eq!((code, &found["connection"]), (Some(1), &"unauthorized".into()));
    assert!(found["remedy"].as_str().unwrap().contains("unlock the phone"), "{found}");
}
