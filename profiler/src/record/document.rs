//! JSON documents with a format name and a version.

use std::{fs::File, io::Read, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ReadError, WriteError, write_atomic};

/// Largest document accepted, in bytes.
const LIMIT: u64 = 1 << 28;

/// What some editors begin a text with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a whole text file; a byte order mark at its beginning is left out.
///
/// # Errors
/// [`ReadError`] when it cannot be read, is absurdly large or not UTF-8.
pub fn read_text(path: &Path) -> Result<String, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > LIMIT {
        return Err(ReadError::TooLarge { path: path.to_owned(), size, limit: LIMIT });
    }
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).map_err(io)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

/// Reads a whole file of at most so many bytes.
///
/// # Errors
/// [`ReadError`] when it cannot be read, is larger, or is no regular file: a pipe may hang, a device has no end.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(ReadError::Content { path: path.to_owned(), reason: "it is no regular file".to_owned() });
    }
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let too_large = |size| ReadError::TooLarge { path: path.to_owned(), size, limit };
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit { Err(too_large(bytes.len() as u64)) } else { Ok(bytes) }
}

/// Reads a JSON document after checking its `format` and `version`.
///
/// # Errors
/// [`ReadError`] naming the file and what is wrong with it.
pub fn read_document<T: DeserializeOwned>(
    path: &Path,
    format: &'static str,
    version: u32,
) -> Result<T, ReadError> {
    let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
    let text = read_text(path)?;
    let mut value: Value =
        serde_json::from_str(&text).map_err(|e| content(format!("not valid JSON: {e}")))?;
    let expected = |found: String| ReadError::Format { path: path.to_owned(), expected: format, found };
    let object = value.as_object_mut().ok_or_else(|| expected("no JSON object".to_owned()))?;
    match object.remove("format") {
        Some(Value::String(found)) if found == format => {}
        Some(found) => return Err(expected(found.to_string())),
        None => return Err(expected("no `format`".to_owned())),
    }
    let found = object.remove("version").unwrap_or_default();
    if found.as_u64() != Some(version.into()) {
        let (path, found) = (path.to_owned(), found.to_string());
        return Err(ReadError::Version { path, format, found, expected: version });
    }
    serde_json::from_value(value).map_err(|e| content(e.to_string()))
}

/// Writes a JSON document headed by its `format` and `version`.
///
/// # Errors
/// [`WriteError`].
pub fn write_document<T: Serialize>(
    path: &Path,
    format: &'static str,
    version: u32,
    body: &T,
) -> Result<(), WriteError> {
    write_atomic(path, |writer| {
        let mut object = Map::new();
        object.insert("format".to_owned(), format.into());
        object.insert("version".to_owned(), version.into());
        match serde_json::to_value(body)? {
            Value::Object(fields) => object.extend(fields),
            other => return Err(std::io::Error::other(format!("not an object: {other}"))),
        }
        serde_json::to_writer_pretty(&mut *writer, &object)?;
        writer.write_all(b"\n")
    })
}
