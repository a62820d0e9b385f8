//! A program that may take so long, and print so much, and no more.

use std::io::{self, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
    mpsc,
};
use std::thread;
use std::time::{Duration, Instant};

/// The most that a program may print: a phone with thousands of sensors says less than one of these MiB.
pub(super) const MOST_BYTES: u64 = 64 << 20;

/// How a program ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself, in time, with this.
    InTime(Output),
    TooLate,
    TooLong,
}

/// What `command` prints, with nothing on its stdin, within `limit`.
pub(super) fn output_within(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let printed = Arc::new(AtomicU64::new(0));
    let (out, err) = (drain(child.stdout.take(), &printed), drain(child.stderr.take(), &printed));
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if printed.load(Ordering::Relaxed) > MOST_BYTES {
            return end(child, Ended::TooLong);
        }
        if started.elapsed() >= limit {
            return end(child, Ended::TooLate);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    // A daemon that it left behind may hold the pipes open: what the program itself wrote is there at once.
    let read = |bytes: mpsc::Receiver<Vec<u8>>| {
        let mut all = Vec::new();
        while let Ok(some) = bytes.recv_timeout(Duration::from_millis(500)) {
            all.extend(some);
        }
        all
    };
    let output = Output { status, stdout: read(out), stderr: read(err) };
    Ok(if printed.load(Ordering::Relaxed) > MOST_BYTES { Ended::TooLong } else { Ended::InTime(output) })
}

fn end(mut child: Child, ended: Ended) -> io::Result<Ended> {
    child.kill()?;
    child.wait()?;
    Ok(ended)
}

/// Reads until the stream ends, or more is printed than may be.
fn drain(stream: Option<impl Read + Send + 'static>, printed: &Arc<AtomicU64>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 8192];
        while let Ok(count) = stream.read(&mut buffer) {
            let before = printed.fetch_add(count as u64, Ordering::Relaxed);
            if count == 0 || before > MOST_BYTES || sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn ended(script: &str, limit_s: u64) -> Ended {
        output_within(Command::new("sh").args(["-c", script]), Duration::from_secs(limit_s)).unwrap()
    }

    fn shell(script: &str, limit_s: u64) -> Output {
        match ended(script, limit_s) {
            Ended::InTime(output) => output,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn output_and_status_come_through() {
        let output = shell("echo out; echo err >&2; exit 3", 60);
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(3));
        let long = shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 60);
        assert_eq!(long.stdout.len(), 220_000, "more than a pipe holds");
    }

    #[test]
    fn a_program_that_never_ends_is_killed() {
        // The rank is tested, not the time: a minute's sleep is over long before the minute.
        let started = Instant::now();
        assert!(matches!(ended("exec sleep 60", 1), Ended::TooLate));
        assert!(started.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn a_program_that_prints_without_end_is_killed() {
        assert!(matches!(ended("while :; do head -c 1000000 /dev/zero; done", 300), Ended::TooLong));
    }

    #[test]
    fn a_daemon_left_behind_holds_nothing_up() {
        let started = Instant::now();
        assert_eq!(shell("sleep 60 & echo ready", 50).stdout, b"ready\n");
        assert!(started.elapsed() < Duration::from_secs(50));
    }
}
