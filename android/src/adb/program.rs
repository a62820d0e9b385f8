use super::limited::{Ended, MOST_BYTES, output_within};
use crate::error::AndroidError;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// The `adb` program, ready to be run. No call lasts for ever.
#[derive(Clone, Debug)]
pub(crate) struct Adb {
    program: PathBuf,
}

/// What the phone's shell says when it has come to the end of a command.
const END: &str = "tailor-end";
/// For calls that only ask; starting adb's own server, which the first call does, takes some seconds.
const TO_ANSWER: Duration = Duration::from_secs(30);
/// Slowest transfer that is waited for, in bytes per second: a tenth of USB 2 in practice.
const SLOWEST_TRANSFER: u64 = 500_000;

impl Adb {
    /// `program` is a path, or a name to look up in `PATH`.
    pub(crate) fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// What `adb ARGUMENTS` prints within half a minute.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, AndroidError> {
        self.run_within(arguments, TO_ANSWER)
    }

    pub(crate) fn run_within<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        limit: Duration,
    ) -> Result<String, AndroidError> {
        let words = arguments.iter().map(|word| word.as_ref().to_string_lossy().into_owned());
        let words = words.collect::<Vec<_>>().join(" ");
        judge(words.clone(), &self.output(&words, arguments, limit)?)
    }

    /// What a command prints on the phone with this serial within half a minute. `command` is read by the phone's shell.
    pub(crate) fn shell(&self, serial: &str, command: &str) -> Result<String, AndroidError> {
        self.shell_within(serial, command, TO_ANSWER)
    }

    /// What a command prints on the phone, all of it: adb reports success, too, when the phone is lost in mid-answer, so
    /// that the phone's shell has to say that it came to the end.
    pub(crate) fn shell_within(
        &self,
        serial: &str,
        command: &str,
        limit: Duration,
    ) -> Result<String, AndroidError> {
        let words = format!("-s {serial} shell {command}");
        let script = format!("{command}\nended=$?; echo {END}; exit $ended");
        let mut output = self.output(&words, &["-s", serial, "shell", &script], limit)?;
        match output.stdout.trim_ascii_end().strip_suffix(END.as_bytes()) {
            Some(answer) => output.stdout.truncate(answer.len()),
            None if output.status.success() => {
                let message = "the connection ended in the middle of its answer".to_owned();
                return Err(AndroidError::AdbFailed {
                    arguments: words,
                    status: "cut off".to_owned(),
                    message,
                });
            }
            None => {}
        }
        judge(words, &output)
    }

    fn output<A: AsRef<OsStr>>(
        &self,
        words: &str,
        arguments: &[A],
        limit: Duration,
    ) -> Result<Output, AndroidError> {
        let ended = output_within(self.command().args(arguments), limit);
        match ended.map_err(|reason| self.broken(reason))? {
            Ended::InTime(output) => Ok(output),
            Ended::TooLate => {
                Err(AndroidError::NoAnswer { arguments: words.to_owned(), limit_s: limit.as_secs_f64() })
            }
            Ended::TooLong => {
                let message = format!("it printed more than {} MiB", MOST_BYTES >> 20);
                let (arguments, status) = (words.to_owned(), "stopped".to_owned());
                Err(AndroidError::AdbFailed { arguments, status, message })
            }
        }
    }

    /// Copies a file to the phone; `to` reaches no shell.
    pub(crate) fn push(&self, serial: &str, from: &Path, to: &str) -> Result<(), AndroidError> {
        let bytes = from.metadata().map_err(|reason| AndroidError::Unusable { path: from.into(), reason })?;
        let limit = TO_ANSWER + Duration::from_secs(bytes.len() / SLOWEST_TRANSFER);
        let arguments = ["-s".as_ref(), serial.as_ref(), "push".as_ref(), from.as_os_str(), to.as_ref()];
        self.run_within(&arguments, limit).map(drop)
    }

    /// Copies a file of at most `bytes` from the phone; `from` reaches no shell.
    pub(crate) fn pull(&self, serial: &str, from: &str, to: &Path, bytes: u64) -> Result<(), AndroidError> {
        let limit = TO_ANSWER + Duration::from_secs(bytes / SLOWEST_TRANSFER);
        let arguments = ["-s".as_ref(), serial.as_ref(), "pull".as_ref(), from.as_ref(), to.as_os_str()];
        self.run_within(&arguments, limit).map(drop)
    }

    /// `adb`, about to run.
    pub(crate) fn command(&self) -> Command {
        Command::new(&self.program)
    }

    pub(crate) fn broken(&self, reason: io::Error) -> AndroidError {
        match reason.kind() {
            io::ErrorKind::NotFound => AndroidError::NoAdb { program: self.program.clone() },
            _ => AndroidError::AdbBroken { program: self.program.clone(), reason },
        }
    }
}

/// Text of a program that succeeded.
fn judge(arguments: String, output: &Output) -> Result<String, AndroidError> {
    if output.status.success() {
        return Ok(printable(&output.stdout));
    }
    let status = output.status.to_string();
    Err(AndroidError::AdbFailed { arguments, status, message: complaint(output) })
}

/// The last line that says something: adb speaks of its daemon first.
fn complaint(output: &Output) -> String {
    let streams = [&output.stderr, &output.stdout];
    let texts = streams.map(|bytes| printable(bytes));
    let last = texts.iter().find_map(|text| text.lines().map(str::trim).rfind(|line| !line.is_empty()));
    last.unwrap_or("it said nothing").to_owned()
}

/// Text of a phone, without what would steer a terminal or is no text at all.
fn printable(bytes: &[u8]) -> String {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    String::from_utf8_lossy(bytes).replace(steers, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_phone_says_steers_the_terminal() {
        assert_eq!(
            printable(b"a\tb\r\n\x1b[31mred\x07\0\xff\xc2\x9b"),
            "a\tb\r\n\u{fffd}[31mred\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
