//! Settings of a run: checked, kept in its folder, and the same when it is taken up again.

use std::path::Path;

use profiler::record::{read_document, write_document};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::SearchError;

/// Largest count of anything: more steps than years have seconds for.
const MOST: u64 = 1 << 32;
/// More than libtorch can start.
const MOST_THREADS: usize = 4096;

pub(crate) fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn check_threads(threads: usize) -> Result<(), SearchError> {
    if (1..=MOST_THREADS).contains(&threads) {
        return Ok(());
    }
    Err(SearchError::Setting { name: "number of threads", value: threads.to_string(), expected: "1 to 4096" })
}

pub(crate) fn check_count(name: &'static str, value: u64, least: u64) -> Result<(), SearchError> {
    if (least..=MOST).contains(&value) {
        return Ok(());
    }
    let expected = if value < least { "a number of at least 1" } else { "a smaller number" };
    Err(SearchError::Setting { name, value: value.to_string(), expected })
}

/// Writes a run's settings, or checks that a folder that has some was made with the same.
pub(crate) fn keep_settings<T: Serialize + DeserializeOwned>(
    path: &Path,
    format: &'static str,
    version: u32,
    settings: &T,
) -> Result<(), SearchError> {
    if !path.exists() {
        write_document(path, format, version, settings)?;
        return Ok(());
    }
    let there: T = read_document(path, format, version)?;
    let values = [serde_json::to_value(&there), serde_json::to_value(settings)];
    let [Ok(there), Ok(asked)] = values else {
        return Err(SearchError::Checkpoint("settings cannot be compared".to_owned()));
    };
    match first_difference("", &there, &asked) {
        None => Ok(()),
        Some((field, there, asked)) => {
            let folder = path.parent().unwrap_or(path).to_owned();
            Err(SearchError::OtherRun { folder, field, there, asked })
        }
    }
}

/// Path and values of the first field in which two documents differ.
fn first_difference(path: &str, left: &Value, right: &Value) -> Option<(String, String, String)> {
    if left == right {
        return None;
    }
    if let (Value::Object(left), Value::Object(right)) = (left, right) {
        let keys = left.keys().chain(right.keys());
        return keys.into_iter().find_map(|key| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let side = |side: &serde_json::Map<String, Value>| side.get(key).cloned().unwrap_or_default();
            first_difference(&path, &side(left), &side(right))
        });
    }
    let short = |value: &Value| {
        let text = value.to_string();
        if text.chars().count() > 60 {
            format!("{}…", text.chars().take(60).collect::<String>())
        } else {
            text
        }
    };
    Some((path.to_owned(), short(left), short(right)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize, Clone)]
    struct Outer {
        seed: u64,
        inner: Inner,
    }

    #[derive(Serialize, Deserialize, Clone)]
    struct Inner {
        rate: f64,
    }

    #[test]
    fn the_first_difference_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let settings = Outer { seed: 3, inner: Inner { rate: 0.1 } };
        keep_settings(&path, "test", 1, &settings).unwrap();
        keep_settings(&path, "test", 1, &settings).unwrap();
        let other = Outer { inner: Inner { rate: 0.2 }, ..settings };
        let error = keep_settings(&path, "test", 1, &other).unwrap_err().to_string();
        assert!(error.contains("was made with inner.rate = 0.1, not 0.2"), "{error}");
        assert!(keep_settings(&path, "other", 1, &other).is_err());
    }
}
