use crate::build::Refusal;
use std::{io, path::PathBuf, process::ExitCode};

/// What went wrong on the way to a phone. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AndroidError {
    /// There is no program to reach phones with.
    #[error(
        "no program `{}`: install Android's platform tools (Debian: apt-get install adb), or name the program with \
         --adb or TAILOR_ADB", program.display()
    )]
    NoAdb {
        /// Program that was looked for.
        program: PathBuf,
    },
    /// `adb` is there but does not start.
    #[error("cannot run `{}`: {reason}", program.display())]
    AdbBroken {
        /// Program that was started.
        program: PathBuf,
        /// Reason given by the system.
        reason: io::Error,
    },
    /// `adb` ran and reported a failure.
    #[error("`adb {arguments}` failed ({status}): {message}")]
    AdbFailed {
        /// Its arguments.
        arguments: String,
        /// Its exit status.
        status: String,
        /// What it wrote on stderr, or else on stdout.
        message: String,
    },
    /// `adb` printed something that is not a list of devices.
    #[error("cannot understand this line of `adb devices`: `{line}`")]
    UnknownListing {
        /// The line.
        line: String,
    },
    /// Text that no shell argument can hold.
    #[error("`{}` holds a zero byte, which no argument can", text.escape_debug())]
    ZeroByte {
        /// The text.
        text: String,
    },
    /// The folder given is not Tailor's source.
    #[error("`{}` is not in a Tailor checkout: {reason}; go there, or give it with --source", folder.display())]
    NotTheSource {
        /// Folder that was looked at.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No route to an arm64 program works here.
    #[error("no way to build for arm64 here:{}", listed(refusals))]
    NoRoute {
        /// Why each route that was tried does not work, in order.
        refusals: Vec<Refusal>,
    },
    /// The result could not be written or read.
    #[error("cannot use `{}`: {reason}", path.display())]
    Unusable {
        /// File or folder.
        path: PathBuf,
        /// Reason given by the system.
        reason: io::Error,
    },
    /// What cargo left behind is not what was asked for.
    #[error("`{}` is not a program for arm64 Linux: {found}", path.display())]
    WrongProgram {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
}

impl AndroidError {
    /// 2 when the caller can mend it by asking differently or installing something, 1 when something failed.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoAdb { .. }
            | Self::AdbBroken { .. }
            | Self::ZeroByte { .. }
            | Self::NotTheSource { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

fn listed(refusals: &[Refusal]) -> String {
    refusals.iter().map(|refusal| format!("\n  {refusal}")).collect()
}
