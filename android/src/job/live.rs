//! A profiler on the phone, while it runs.

use super::Folder;
use super::event::{END, Event, of_stderr, of_stdout};
use crate::{error::AndroidError, shell::quote_for_phone};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A running `adb shell`, and what it says.
pub(super) struct Live {
    child: Child,
    events: Receiver<Event>,
    heard: Instant,
}

pub(super) enum Next {
    Said(Event),
    /// It said nothing for as long as was waited.
    Silence,
    Closed,
}

impl Live {
    /// Starts `profiler ARGUMENTS` in the job's folder; `arguments` are quoted already.
    pub(super) fn start(folder: &Folder, arguments: &str) -> Result<Self, AndroidError> {
        let (path, program) = (folder.path(), format!("{}/profiler", folder.path()));
        // The program's number is kept, so that it can be stopped when this connection is lost.
        let script = format!(
            "cd {} || exit 1; {} {arguments} </dev/null & echo $! >pid; wait $!; code=$?; rm -f pid; echo \"{END}$code\" >&2",
            quote_for_phone(path)?,
            quote_for_phone(&program)?,
        );
        let mut command = folder.adb().command();
        command.args(["-s", folder.serial(), "shell", &script]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C is for this program, which then asks the profiler to stop.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|reason| folder.adb().broken(reason))?;
        let (sender, events) = mpsc::channel();
        read_lines(child.stdout.take(), of_stdout, sender.clone());
        read_lines(child.stderr.take(), of_stderr, sender);
        Ok(Self { child, events, heard: Instant::now() })
    }

    /// The next thing it says within `patience`.
    pub(super) fn next(&mut self, patience: Duration) -> Next {
        match self.events.recv_timeout(patience) {
            Ok(event) => {
                self.heard = Instant::now();
                Next::Said(event)
            }
            Err(RecvTimeoutError::Timeout) => Next::Silence,
            Err(RecvTimeoutError::Disconnected) => Next::Closed,
        }
    }

    pub(super) fn silent_for(&self) -> Duration {
        self.heard.elapsed()
    }

    /// The profiler was seen to be alive, though it says nothing.
    pub(super) fn seen(&mut self) {
        self.heard = Instant::now();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // It has ended, or the connection is given up.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until the stream ends, in a thread of its own; the last line may lack its end.
fn read_lines(
    stream: Option<impl Read + Send + 'static>,
    read: fn(&[u8]) -> Option<Event>,
    sender: Sender<Event>,
) {
    thread::spawn(move || {
        let Some(stream) = stream else { return };
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if let Some(event) = read(&line)
                && sender.send(event).is_err()
            {
                return;
            }
            line.clear();
        }
    });
}
