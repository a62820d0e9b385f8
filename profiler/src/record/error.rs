//! What can go wrong with files.

use std::path::PathBuf;

/// A file that cannot be used as input. Programs end with exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file that cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file larger than any of its kind.
    #[error("{}: {size} bytes, expected at most {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A line of a table that is wrong.
    #[error("{} line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file of another format.
    #[error("{}: expected a file with format `{expected}`, found {found}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format asked for.
        expected: &'static str,
        /// What is there, in words.
        found: String,
    },
    /// A file of another version.
    #[error("{}: version {found} of `{format}` is not known, expected {expected}; write it again with this release", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: &'static str,
        /// Its version.
        found: String,
        /// The version known.
        expected: u32,
    },
}

/// A file that cannot be written. Programs end with exit code 1.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}
