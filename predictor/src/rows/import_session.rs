//! What stands beside an imported table instead of a session of ours.

use std::path::Path;

use profiler::record::{Conditions, ReadError, Runtime, WriteError, read_document, write_document};
use serde::{Deserialize, Serialize};

use super::sample::OpRepeats;

const FORMAT: &str = "tailor-import";
const VERSION: u32 = 1;

/// Where an imported table comes from. It stands where a session would (`TABLE.session.json`), but claims nothing of how
/// rows were measured: no protocol, no drift, no state of the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportSession {
    /// Its id, as in the table's rows.
    pub id: String,
    /// Version of the predictor.
    pub tool_version: String,
    /// When it was imported, UTC, RFC 3339.
    pub imported_at: String,
    /// The file imported.
    pub imported_from: String,
    /// Its format, and kind of row where the format has several.
    pub format_of_source: String,
    /// What its latencies are of: the column, or the file's own word.
    pub measured: String,
    /// Device, runtime and threads as the importer was given them; 0 threads and `unknown` where it was not.
    pub conditions: Conditions,
    /// Rows read, and rows that could not be.
    pub rows_read: usize,
    /// Rows that could not be read.
    pub rows_refused: usize,
    /// Measurements of ops that stand in several rows, or in groups.
    #[serde(default, skip_serializing_if = "OpRepeats::is_empty")]
    pub repeats: OpRepeats,
}

impl ImportSession {
    /// Conditions of which only this is known.
    pub(crate) fn conditions(device: &str, runtime: &str, threads: usize) -> Conditions {
        let [device, name, unknown] = [device, runtime, "unknown"].map(str::to_owned);
        let details = vec![("imported".to_owned(), "yes".to_owned())];
        let runtime = Runtime { name, version: unknown.clone(), emulated: false, details };
        Conditions { device, runtime, threads, cpus: Vec::new(), build_target: unknown }
    }

    /// Reads it.
    pub(crate) fn read(path: &Path) -> Result<Self, ReadError> {
        read_document(path, FORMAT, VERSION)
    }

    /// Writes it, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), WriteError> {
        write_document(path, FORMAT, VERSION, self)
    }
}
