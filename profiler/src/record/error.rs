//! What can go wrong with files.

use std::path::PathBuf;

/// A file that cannot be used as input. Programs end with exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum ReadError {
    /// A file that cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// A file larger than any of its kind.
    #[error("{}: {size} bytes, expected at most {limit}", path.display())]
    TooLarge { path: PathBuf, size: u64, limit: u64 },
    /// A file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content { path: PathBuf, reason: String },
    /// A line of a table that is wrong.
    #[error("{} line {line}: {reason}", path.display())]
    Line { path: PathBuf, line: u64, reason: String },
    /// A file of another format.
    #[error("{}: expected a file with format `{expected}`, found {found}", path.display())]
    Format { path: PathBuf, expected: &'static str, found: String },
    /// A file of another version.
    #[error("{}: version {found} of `{format}` is not known, expected {expected}; write it again with this release", path.display())]
    Version { path: PathBuf, format: &'static str, found: String, expected: u32 },
}

/// A file that cannot be written. Programs end with exit code 1.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub struct WriteError {
    pub path: PathBuf,
    pub source: std::io::Error,
}
