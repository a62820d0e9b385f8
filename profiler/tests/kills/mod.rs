//! Killing a profiler at random moments, and what its journal must still hold.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A journal's whole lines.
pub(crate) fn lines(journal: &Path) -> Vec<String> {
    let text = fs::read_to_string(journal).unwrap_or_default();
    text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::to_owned).collect()
}

/// Kills process after process, at most so often, and lets the last one end. Returns the journal's lines; none that was
/// whole before a kill is lost or changed. The table is there only once nothing is left to measure.
pub(crate) fn killed_again_and_again(
    mut command: impl FnMut() -> Command,
    journal: &Path,
    table: &Path,
    seed: u64,
    after_ms: Range<u64>,
    most_kills: usize,
) -> Vec<String> {
    let mut random = Pcg64::seed_from_u64(seed);
    let (mut kills, mut known) = (0, Vec::<String>::new());
    loop {
        let mut child = command().spawn().unwrap();
        let end = Instant::now() + Duration::from_millis(random.random_range(after_ms.clone()));
        while Instant::now() < end && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Everything that was whole right before the kill.
        let before = lines(journal);
        let finished = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let after = lines(journal);
        assert!(after.starts_with(&before), "a kill took a whole line");
        assert!(after.starts_with(&known), "an earlier line was lost or changed");
        known = after;
        if let Some(status) = finished {
            assert!(status.success());
            break;
        }
        kills += 1;
        // It was killed between its table and its end.
        if table.exists() {
            assert!(command().status().unwrap().success());
            assert_eq!(lines(journal), known, "a table before its measurement was done");
            break;
        }
        // Long enough: let it end.
        if kills == most_kills {
            assert!(command().status().unwrap().success());
            break;
        }
    }
    assert!(kills > 0, "it was over before it could be killed once");
    let journal = lines(journal);
    assert!(journal.starts_with(&known));
    journal
}

/// Starts a second process while the first is writing this many lines or more, and kills the first.
pub(crate) fn second_is_refused(mut command: impl FnMut() -> Command, journal: &Path, lines_at_least: usize) {
    let mut first = command().spawn().unwrap();
    while lines(journal).len() < lines_at_least {
        assert_eq!(first.try_wait().unwrap(), None, "the first is over already");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = command().stderr(Stdio::piped()).output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let error = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{error}");
    assert!(error.contains("another profiler is writing this table"), "{error}");
}
