use crate::AndroidError;
use std::{
    io,
    path::PathBuf,
    process::{Command, Output},
};

/// The `adb` program, ready to be run.
#[derive(Clone, Debug)]
pub struct Adb {
    program: PathBuf,
}

impl Adb {
    /// `program` is a path, or a name to look up in `PATH`.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// What `adb ARGUMENTS` prints.
    ///
    /// # Errors
    /// [`AndroidError`]: no such program, it does not start, or it reports a failure.
    pub fn run(&self, arguments: &[&str]) -> Result<String, AndroidError> {
        let output = Command::new(&self.program).args(arguments).output();
        let output = output.map_err(|reason| match reason.kind() {
            io::ErrorKind::NotFound => AndroidError::NoAdb { program: self.program.clone() },
            _ => AndroidError::AdbBroken { program: self.program.clone(), reason },
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let (arguments, status) = (arguments.join(" "), output.status.to_string());
        Err(AndroidError::AdbFailed { arguments, status, message: complaint(&output) })
    }

    /// What a command prints on the phone with this serial. `command` is read by the phone's shell.
    ///
    /// # Errors
    /// As [`Adb::run`].
    pub fn shell(&self, serial: &str, command: &str) -> Result<String, AndroidError> {
        self.run(&["-s", serial, "shell", command])
    }
}

/// The last line that says something: adb tells about its daemon first.
fn complaint(output: &Output) -> String {
    let streams = [&output.stderr, &output.stdout];
    let texts = streams.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let last = texts.iter().find_map(|text| text.lines().map(str::trim).rfind(|line| !line.is_empty()));
    last.unwrap_or("it said nothing").to_owned()
}
