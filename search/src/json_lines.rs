//! Files of JSON lines, to which what is known is added as it comes.

use std::{fs::OpenOptions, io::Write, path::Path};

use profiler::record::{ReadError, WriteError};
use serde::{Serialize, de::DeserializeOwned};

pub(crate) fn append(path: &Path, line: &impl Serialize) -> Result<(), WriteError> {
    let write = || {
        let text = format!("{}\n", serde_json::to_string(line)?);
        OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())
    };
    write().map_err(|source| WriteError { path: path.to_owned(), source })
}

/// The lines in the text of a file; an error names the first that is none.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<Vec<T>, ReadError> {
    let parse = |(index, line): (usize, &str)| {
        let (path, line_number) = (path.to_owned(), index as u64 + 1);
        let wrong = |e: serde_json::Error| ReadError::Line { path, line: line_number, reason: e.to_string() };
        serde_json::from_str(line).map_err(wrong)
    };
    text.lines().enumerate().map(parse).collect()
}
