use crate::connection::Connection;
use profiler::terminal::StdoutError;
use std::{io, path::PathBuf};

/// What went wrong on the way to a phone. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AndroidError {
    /// There is no program to reach phones with.
    #[error(
        "no program `{}`: install Android's platform tools (Debian: apt-get install adb), or name the program in \
         TAILOR_ADB", program.display()
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
    /// `adb` did not end in time.
    #[error(
        "`adb {arguments}` gave no answer within {limit_s} s: is the phone still there? `adb kill-server` starts adb anew"
    )]
    NoAnswer {
        /// Its arguments.
        arguments: String,
        /// How long it was waited for, in seconds.
        limit_s: f64,
    },
    /// adb sees no phone.
    #[error("no phone: connect one by cable and switch on `USB debugging` in its developer options")]
    NoPhone,
    /// adb sees no phone of that serial.
    #[error("no phone `{serial}`: adb sees {}", listed_serials(known))]
    UnknownSerial {
        /// What was asked for.
        serial: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Several phones are ready, and none was named.
    #[error("several phones are ready: name one of {}", listed_serials(serials))]
    SeveralPhones {
        /// Their serials.
        serials: Vec<String>,
    },
    /// The phone is there, but commands do not run on it.
    #[error("phone `{serial}` is {connection}: {}", connection.remedy().unwrap_or("try again"))]
    NotReady {
        /// Its serial.
        serial: String,
        /// How far adb gets with it.
        connection: Connection,
    },
    /// The phone runs no arm64 programs.
    #[error("phone `{serial}` runs {abi} programs only, and Tailor builds for arm64-v8a")]
    WrongAbi {
        /// Its serial.
        serial: String,
        /// What it runs.
        abi: String,
    },
    /// The phone has too little room.
    #[error(
        "phone `{serial}` has {free_mb} MB free in {folder}, and {needed_mb} MB are needed: make room on it"
    )]
    NoSpace {
        /// Its serial.
        serial: String,
        /// Where.
        folder: String,
        /// What there is.
        free_mb: u64,
        /// What is needed.
        needed_mb: u64,
    },
    /// The phone answered something else than what was asked.
    #[error("phone `{serial}` answered `{answer}` when asked for {question}")]
    OddAnswer {
        /// Its serial.
        serial: String,
        /// What was asked.
        question: &'static str,
        /// Its answer.
        answer: String,
    },
    /// The phone was lost and did not come back.
    #[error(
        "phone `{serial}` has been gone for {patience_s} s; what was measured is kept on it: connect it and give the same command to go on"
    )]
    Gone {
        /// Its serial.
        serial: String,
        /// How long it was waited for, in seconds.
        patience_s: u64,
    },
    /// The phone was lost time and again.
    #[error(
        "phone `{serial}` was lost {times} times: try another cable; what was measured is kept on it, and the same command goes on"
    )]
    LostTooOften {
        /// Its serial.
        serial: String,
        /// How often.
        times: u32,
    },
    /// What came back from the phone is not what the profiler writes.
    #[error(
        "what came from the phone is broken: {reason}; give the same command again to fetch it once more"
    )]
    BrokenResult {
        /// What is wrong with it.
        reason: String,
    },
    /// Arguments that do not fit.
    #[error("{0}")]
    Usage(String),
    /// This computer cannot run the test phone.
    #[error("no test phone here: {reason}")]
    NoTestPhone {
        /// What is missing.
        reason: String,
    },
    /// `adb` printed something that is not a list of devices.
    #[error("cannot understand what `adb devices` says: `{line}`")]
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
    #[error("`{}` is not in a Tailor checkout: {reason}; go there, or name its folder", folder.display())]
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
        refusals: Vec<String>,
    },
    /// stdout cannot be written to.
    #[error(transparent)]
    Stdout(#[from] StdoutError),
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
    /// Whether the caller can mend it by asking differently or installing something (exit code 2); else something failed (1).
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::NoAdb { .. }
                | Self::AdbBroken { .. }
                | Self::ZeroByte { .. }
                | Self::UnknownSerial { .. }
                | Self::SeveralPhones { .. }
                | Self::WrongAbi { .. }
                | Self::WrongProgram { .. }
                | Self::Usage(_)
                | Self::NotTheSource { .. }
        )
    }
}

fn listed_serials(serials: &[String]) -> String {
    if serials.is_empty() {
        return "none".to_owned();
    }
    serials.iter().map(|serial| format!("`{serial}`")).collect::<Vec<_>>().join(", ")
}

fn listed(refusals: &[String]) -> String {
    refusals.iter().map(|refusal| format!("\n  {refusal}")).collect()
}
