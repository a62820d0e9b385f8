//! A phone that is lost in the middle of a measurement, in every way that it can be, on the test phone.

use profiler::{measure::Entry, record::read_table};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};
use tailor_tests::clock::jumping_clock;
use tailor_tests::phone::{Phone, adb, until};
use tailor_tests::wire::{Break, breaking_wire};
use tempfile::TempDir;

const OPS: &str = "gpool-4x4x8\nconv-8x8x8-o8-k3-s1-relu6\nact-8x8x8-relu\n";
const ROUNDS: usize = 80;

/// `android profile` of three ops with at least so many turns each: some seconds under emulation.
fn profile(phone: &Phone, folder: &Path) -> Command {
    profile_patiently(phone, folder, 120)
}

/// [`profile`], waiting so long for a phone that is gone.
fn profile_patiently(phone: &Phone, folder: &Path, patience_s: u32) -> Command {
    fs::write(folder.join("ops.txt"), OPS).unwrap();
    let rounds = ROUNDS.to_string();
    let mut android = phone.android("profile");
    android.args(["--patience-s", &patience_s.to_string(), "--silence-s", "5"]);
    android.current_dir(folder).args(["--ops", "ops.txt", "-o", "table.csv", "--json", "--budget-s", "300"]);
    android.args(["--min-rounds", &rounds, "--max-rounds", &rounds]);
    android
}

/// Starts it and waits until some turns are in the journal; those that were.
fn midway(phone: &Phone, command: &mut Command) -> (Child, Vec<String>) {
    let child = command.spawn().unwrap();
    let mut journal = Vec::new();
    until("some turns are measured", || {
        journal = phone.journal();
        journal.len() > 30
    });
    assert!(journal.len() < 3 * ROUNDS, "it was over too soon to be disturbed");
    (child, journal)
}

/// All was measured once, what was known before is there still, and the phone is as it was.
fn check_whole(phone: &Phone, folder: &Path, known: &[String], output: &Output) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let journal = fs::read_to_string(folder.join("table.journal.jsonl")).unwrap();
    let journal: Vec<&str> = journal.lines().collect();
    assert!(known.len() > 30 && journal.starts_with(&known.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut turns = BTreeMap::<(u32, usize), u32>::new();
    for line in &journal[1..] {
        if let Entry::Turn(turn) = serde_json::from_str(line).unwrap() {
            *turns.entry((turn.round, turn.subject)).or_default() += 1;
        }
    }
    assert!(turns.values().all(|count| *count == 1), "a turn was measured twice");
    // Pre-empted turns are made up for, so that there may be more rounds; nobody missed one.
    let rounds = turns.keys().map(|(round, _)| *round as usize + 1).max().unwrap();
    assert!(rounds >= ROUNDS && turns.len() == 3 * rounds, "{} turns in {rounds} rounds", turns.len());
    assert_eq!(read_table(&folder.join("table.csv")).unwrap().len(), 6);
    assert_eq!(phone.folders(), Vec::<String>::new(), "its folder is removed");
    // Three subjects, each hot and cold: once at most as they were known, and as they are in the table.
    let stdout = String::from_utf8_lossy(&output.stdout);
    let rows = |standing: &str| stdout.lines().filter(|line| line.contains(standing)).count();
    assert!(stdout.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{stdout}");
    // A subject that needs all its turns is known at the very end only.
    assert!(rows("\"final\":false") <= 6 && rows("\"final\":true") == 6, "{stdout}");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_adbd_killed_in_mid_run() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let (child, known) = midway(&phone, &mut profile(&phone, folder.path()));
    phone.kill_adbd();
    let output = child.wait_with_output().unwrap();
    check_whole(&phone, folder.path(), &known, &output);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("the phone is gone") && stderr.contains("lost 1 times"), "{stderr}");
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_client_killed_and_started_again() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let (mut child, known) = midway(&phone, &mut profile(&phone, folder.path()));
    child.kill().unwrap();
    child.wait().unwrap();
    until("the phone stops working for nobody", || phone.profilers() == 0);
    assert_eq!(phone.folders().len(), 1, "what was measured is kept");
    let output = profile(&phone, folder.path()).output().unwrap();
    check_whole(&phone, folder.path(), &known, &output);
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_stopped_by_the_user_and_started_again() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let (child, known) = midway(&phone, &mut profile(&phone, folder.path()));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("give the same command to resume"), "{stderr}");
    assert!(!folder.path().join("table.csv").exists());
    assert_eq!((phone.profilers(), phone.folders().len()), (0, 1));
    let output = profile(&phone, folder.path()).output().unwrap();
    check_whole(&phone, folder.path(), &known, &output);
}

/// `profile` over a wire that breaks in the middle of the first row.
fn over_a_wire(how: Break) {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let wired = Phone { serial: breaking_wire(&phone.serial, b"\"final\":false,\"table_v", how) };
    let output = profile(&wired, folder.path()).output();
    let _ = adb(&["disconnect", &wired.serial]).output();
    let journal = fs::read_to_string(folder.path().join("table.journal.jsonl")).unwrap_or_default();
    let known: Vec<String> = journal.lines().take(31).map(str::to_owned).collect();
    let output = output.unwrap();
    check_whole(&phone, folder.path(), &known, &output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("lost 1 times"));
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_cut_off_in_the_middle_of_a_row() {
    over_a_wire(Break::Cut);
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_falls_silent() {
    over_a_wire(Break::Silence);
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_that_stays_away_is_given_up_and_taken_up_later() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    // A keeper that is stopped starts no adbd, until it may run again.
    let (child, known) = midway(&phone, &mut profile_patiently(&phone, folder.path(), 3));
    let keeper = phone.shell("cut -d ' ' -f 4 /proc/$PPID/stat");
    Command::new("kill").args(["-STOP", &keeper]).status().unwrap();
    phone.kill_adbd();
    let output = child.wait_with_output().unwrap();
    Command::new("kill").args(["-CONT", &keeper]).status().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("has been gone for") && stderr.contains("same command"), "{stderr}");
    phone.wait();
    let output = profile(&phone, folder.path()).output().unwrap();
    check_whole(&phone, folder.path(), &known, &output);
}

#[test]
#[ignore = "needs the test phone"]
fn test_phone_whose_clock_jumps() {
    let (phone, folder) = (Phone::number(0), TempDir::new().unwrap());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    phone.preload(&jumping_clock(folder.path()));
    // adbd's clock jumps at every reading, and each program that it starts begins with yesterday. The emulated profiler
    // itself loads no library: what a jumping clock is to it, `clock_jumps.rs` tests.
    let there: u64 = phone.shell("date +%s").parse().unwrap();
    assert!(there < now() - 80_000, "{there}");
    let (child, known) = midway(&phone, &mut profile(&phone, folder.path()));
    phone.kill_adbd();
    let output = child.wait_with_output().unwrap();
    check_whole(&phone, folder.path(), &known, &output);
    phone.shell("rm /data/answers/preload.so");
    phone.kill_adbd();
    phone.wait();
    assert!(phone.shell("date +%s").parse::<u64>().unwrap() > now() - 3600);
}
