//! A program that may take so long and no longer.

use std::{
    io::{self, Read},
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// What `command` prints, with nothing on its stdin; `None` if it took longer than `limit` and was killed.
///
/// # Errors
/// [`io::Error`] if it cannot be started or waited for.
pub(super) fn output_within(command: &mut Command, limit: Duration) -> io::Result<Option<Output>> {
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (out, err) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
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
    Ok(Some(Output { status, stdout: read(out), stderr: read(err) }))
}

fn drain(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut stream) = stream else { return };
        let mut buffer = [0; 8192];
        while let Ok(count) = stream.read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shell(script: &str, limit_s: u64) -> Option<Output> {
        output_within(Command::new("sh").args(["-c", script]), Duration::from_secs(limit_s)).unwrap()
    }

    #[test]
    fn output_and_status_come_through() {
        let output = shell("echo out; echo err >&2; exit 3", 60).unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!(output.status.code(), Some(3));
        let long = shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done", 60).unwrap();
        assert_eq!(long.stdout.len(), 220_000, "more than a pipe holds");
    }

    #[test]
    fn a_program_that_never_ends_is_killed() {
        // The rank is tested, not the time: a minute's sleep is over long before the minute.
        let started = Instant::now();
        assert!(shell("exec sleep 60", 1).is_none());
        assert!(started.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn a_daemon_left_behind_holds_nothing_up() {
        let started = Instant::now();
        assert_eq!(shell("sleep 60 & echo ready", 50).unwrap().stdout, b"ready\n");
        assert!(started.elapsed() < Duration::from_secs(50));
    }
}
