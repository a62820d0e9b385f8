//! Latency tables of other tools, read into ours.
//!
//! A format is a file here with a [`Format`], and a line in [`FORMATS`]; a kind of row of a CSV table a [`CsvKind`] in
//! [`CSV_KINDS`].

mod benchmark_model;
mod benchmark_nodes;
mod csv_file;
mod csv_kinds;
mod csv_table;
mod fbnet;
mod json_lines;
mod keyed_yaml;
mod mobile_gpu;
mod nn_meter;
mod nn_meter_block;
mod onnxruntime_nodes;
mod onnxruntime_profile;
mod op_key;
mod subject;
mod table;

pub use csv_file::Record;
pub use csv_kinds::{CSV_KINDS, CsvKind};
pub use subject::Subject;
pub use table::{Written, write_imported};

use std::path::{Path, PathBuf};

use profiler::record::ReadError;

use crate::error::PredictorError;

const US_PER_MS: f64 = 1e3;

/// What to read and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// Kind of row, where the format has several.
    pub kind: Option<String>,
    /// Column of the latency, where there are several.
    pub latency_column: Option<String>,
    /// Milliseconds per unit of the latency, where its column does not say it.
    pub unit_ms: Option<f64>,
    /// Names of columns: theirs, ours.
    pub renamed: Vec<(String, String)>,
    /// Name of the network that the file is of, where it has the total of one.
    pub network: Option<String>,
    /// Column of what rows were measured together with, where a whole such group is what is new later.
    pub group: Option<String>,
    /// A second file, with the latencies of the networks whose ops are in the first.
    pub totals: Option<PathBuf>,
}

/// A measured subject of a foreign table.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// What was measured.
    pub subject: Subject,
    /// Its latency in milliseconds; above 0.
    pub latency_ms: f64,
    /// Standard deviation over runs in milliseconds, where the table has it.
    pub std_ms: Option<f64>,
    /// Number of runs, where the table has it.
    pub runs: Option<u64>,
    /// What it was measured together with, where the table says it.
    pub group: Option<String>,
}

impl ImportedRow {
    /// A row of which nothing else is known; its line is set by [`Imported::take`].
    fn new(subject: Subject, latency_ms: f64) -> Self {
        Self { line: 0, subject, latency_ms, std_ms: None, runs: None, group: None }
    }
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A foreign table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// Rows that could be read, in their order.
    pub rows: Vec<ImportedRow>,
    /// Rows that could not.
    pub refused: Vec<Refused>,
    /// What its latencies are of: the column, or the file's own word.
    pub measured: String,
    /// What a reader should know of how rows were read.
    pub notes: Vec<String>,
}

impl Imported {
    /// Nothing yet, of latencies that are called so.
    fn of(measured: &str) -> Self {
        Self { measured: measured.to_owned(), ..Self::default() }
    }

    /// Takes a row or why it cannot be read.
    fn take(&mut self, line: u64, row: Result<ImportedRow, String>) {
        match row {
            Ok(row) => self.rows.push(ImportedRow { line, ..row }),
            Err(reason) => self.refused.push(Refused { line, reason }),
        }
    }

    /// The first row that could not be read, and why, in words.
    pub fn first_refused(&self) -> Option<String> {
        let first = self.refused.iter().min_by_key(|refused| refused.line)?;
        Some(format!("line {}: {}", first.line, first.reason))
    }
}

/// A reader of a format.
pub type Reader = fn(&Source) -> Result<Imported, PredictorError>;

/// What may be given with the files of some formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// [`Source::latency_column`].
    LatencyColumn,
    /// [`Source::unit_ms`].
    Unit,
    /// [`Source::group`].
    Group,
    /// [`Source::totals`].
    Totals,
}

/// A format of foreign tables.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// What may be given with its files; the rest is refused.
    pub takes: &'static [Extra],
    /// Its reader.
    pub read: Reader,
}

/// All formats.
pub const FORMATS: &[Format] = &[
    csv_table::FORMAT,
    keyed_yaml::PROXYLESSNAS,
    keyed_yaml::ONCE_FOR_ALL,
    mobile_gpu::FORMAT,
    nn_meter::FORMAT,
    benchmark_model::FORMAT,
    benchmark_model::CSV,
    onnxruntime_profile::FORMAT,
];

impl Source {
    /// Reads the file as a format.
    ///
    /// # Errors
    /// [`PredictorError::Option`] for an unknown format, and what its reader says.
    pub fn read(&self, format: &str) -> Result<Imported, PredictorError> {
        let Some(Format { name, takes, read }) = FORMATS.iter().find(|known| known.name == format) else {
            let expected = "one of the formats that are listed for imports";
            return Err(PredictorError::Option { option: "format", value: format.to_owned(), expected });
        };
        let one = "nothing: it has but one";
        for (extra, given, option, expected) in [
            (Extra::LatencyColumn, self.latency_column.is_some(), "latency column", one),
            (Extra::Unit, self.unit_ms.is_some(), "unit", "nothing: the file says its unit"),
            (Extra::Group, self.group.is_some(), "group", "nothing: the format has none"),
            (Extra::Totals, self.totals.is_some(), "totals", "nothing: the format has none"),
        ] {
            if given && !takes.contains(&extra) {
                return Err(PredictorError::Option { option, value: format!("given for {name}"), expected });
            }
        }
        Ok(table::with_sound_rows(read(self)?))
    }

    /// That what the file has cannot be used.
    fn wrong(&self, reason: impl Into<String>) -> ReadError {
        ReadError::Content { path: self.file.clone(), reason: reason.into() }
    }

    /// The op that a node is mapped to.
    fn mapped(&self, node: &str) -> Option<Result<Subject, String>> {
        let (_, key) = self.renamed.iter().find(|(theirs, _)| theirs == node)?;
        Some(op_key::op(key))
    }

    /// Name of the network: as given, or as the file has it, or the file's own.
    fn network_name(&self, in_file: Option<&str>) -> String {
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let own = || stem(&self.file).unwrap_or_else(|| "network".to_owned());
        self.network.clone().or_else(|| stem(Path::new(in_file?))).unwrap_or_else(own)
    }
}

/// Reads a file of a format.
#[cfg(test)]
fn import(format: &str, text: &str, change: impl FnOnce(&mut Source)) -> Result<Imported, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut source = Source { file: folder.path().join("file"), ..Source::default() };
    change(&mut source);
    std::fs::write(&source.file, text).unwrap();
    source.read(format).map_err(|error| error.to_string())
}

#[cfg(test)]
impl Imported {
    fn refused_lines(&self) -> Vec<u64> {
        self.refused.iter().map(|refused| refused.line).collect()
    }

    fn keys(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.subject.key()).collect()
    }

    /// Lines, keys and milliseconds.
    fn figures(&self) -> Vec<(u64, String, f64)> {
        self.rows.iter().map(|row| (row.line, row.subject.key(), row.latency_ms)).collect()
    }
}
