use crate::connection::Connection;
use profiler::terminal::StdoutError;
use std::{io, path::PathBuf};

/// What went wrong on the way to a phone. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AndroidError {
    #[error(
        "no program `{}`: install Android's platform tools (Debian: apt-get install adb), or name the program in \
         TAILOR_ADB", program.display()
    )]
    NoAdb { program: PathBuf },
    #[error("cannot run `{}`: {reason}", program.display())]
    AdbBroken { program: PathBuf, reason: io::Error },
    #[error("`adb {arguments}` failed ({status}): {message}")]
    AdbFailed { arguments: String, status: String, message: String },
    #[error(
        "`adb {arguments}` gave no answer within {limit_s} s: is the phone still there? `adb kill-server` starts adb anew"
    )]
    NoAnswer { arguments: String, limit_s: f64 },
    #[error("no phone: connect one by cable and switch on `USB debugging` in its developer options")]
    NoPhone,
    #[error("no phone `{serial}`: adb sees {}", listed_serials(known))]
    UnknownSerial { serial: String, known: Vec<String> },
    #[error("several phones are ready: name one of {}", listed_serials(serials))]
    SeveralPhones { serials: Vec<String> },
    #[error("phone `{serial}` is {connection}: {}", connection.remedy().unwrap_or("try again"))]
    NotReady { serial: String, connection: Connection },
    #[error("phone `{serial}` runs {abi} programs only, and Tailor builds for arm64-v8a")]
    WrongAbi { serial: String, abi: String },
    #[error(
        "phone `{serial}` has {free_mb} MB free in {folder}, and {needed_mb} MB are needed: make room on it"
    )]
    NoSpace { serial: String, folder: String, free_mb: u64, needed_mb: u64 },
    #[error("phone `{serial}` answered `{answer}` when asked for {question}")]
    OddAnswer { serial: String, question: &'static str, answer: String },
    #[error(
        "phone `{serial}` has been gone for {patience_s} s; what was measured is kept on it: connect it and give the same command to resume"
    )]
    Gone { serial: String, patience_s: u64 },
    #[error(
        "phone `{serial}` was lost {times} times: try another cable; what was measured is kept on it, and the same command resumes"
    )]
    LostTooOften { serial: String, times: u32 },
    #[error(
        "what came from the phone is broken: {reason}; give the same command again to fetch it once more"
    )]
    BrokenResult { reason: String },
    #[error("{0}")]
    Usage(String),
    #[error("no test phone here: {reason}")]
    NoTestPhone { reason: String },
    #[error("cannot understand what `adb devices` says: `{line}`")]
    UnknownListing { line: String },
    #[error("`{}` holds a zero byte, which no argument can", text.escape_debug())]
    ZeroByte { text: String },
    #[error("`{}` is not in a Tailor checkout: {reason}; go there, or name its folder", folder.display())]
    NotTheSource { folder: PathBuf, reason: String },
    #[error("no way to build for arm64 here:{}", listed(refusals))]
    NoRoute { refusals: Vec<String> },
    #[error(transparent)]
    Stdout(#[from] StdoutError),
    #[error("cannot use `{}`: {reason}", path.display())]
    Unusable { path: PathBuf, reason: io::Error },
    #[error("`{}` is not a program for arm64 Linux: {found}", path.display())]
    WrongProgram { path: PathBuf, found: String },
}

impl AndroidError {
    /// Whether the caller can fix it by asking differently or installing something (exit code 2); else something failed (1).
    pub(crate) fn is_input(&self) -> bool {
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
