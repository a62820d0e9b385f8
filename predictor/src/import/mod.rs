//! Latency tables of other tools, read into ours.
//!
//! A format is a file here with a function `fn(&Source) -> Result<Imported, PredictorError>` and a line in [`FORMATS`]; a kind
//! of row of a CSV table a file with a function `fn(&Record) -> Result<Subject, String>` and a line in [`CSV_KINDS`].

mod benchmark_model;
mod bottleneck;
mod cell;
mod columns;
mod conv;
mod csv_file;
mod csv_table;
mod json_lines;
mod keyed_yaml;
mod layers;
mod mobile_gpu;
mod nn_meter;
mod nn_meter_block;
mod onnxruntime_nodes;
mod onnxruntime_profile;
mod op_key;
mod subject;
mod table;

pub use columns::{Columns, Record};
pub use csv_table::{CSV_KINDS, CsvKind};
pub use subject::Subject;
pub use table::{Written, write_imported};

use std::path::PathBuf;

use crate::error::PredictorError;

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
    /// Name of the network that the file is of, where it tells one's total.
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
    /// The first row that could not be read, and why, in words.
    #[must_use]
    pub fn first_refused(&self) -> Option<String> {
        let first = self.refused.iter().min_by_key(|refused| refused.line)?;
        Some(format!("line {}: {}", first.line, first.reason))
    }
}

/// A reader of a format.
pub type Reader = fn(&Source) -> Result<Imported, PredictorError>;

/// Formats by name.
pub const FORMATS: &[(&str, Reader)] = &[
    ("csv", csv_table::read),
    ("proxylessnas-yaml", keyed_yaml::read),
    ("once-for-all-yaml", keyed_yaml::read),
    ("mobile-gpu-csv", mobile_gpu::read),
    ("nn-meter-json", nn_meter::read),
    ("benchmark-model", benchmark_model::read),
    ("benchmark-model-csv", benchmark_model::read),
    ("onnxruntime-profile", onnxruntime_profile::read),
];

impl Source {
    /// Reads the file as a format.
    ///
    /// # Errors
    /// [`PredictorError::Option`] for an unknown format, and what its reader says.
    pub fn read(&self, format: &str) -> Result<Imported, PredictorError> {
        let Some((_, reader)) = FORMATS.iter().find(|(name, _)| *name == format) else {
            let expected = "one of the formats that are listed for imports";
            return Err(PredictorError::Option { option: "format", value: format.to_owned(), expected });
        };
        for (option, given, only) in
            [("totals", self.totals.is_some(), "mobile-gpu-csv"), ("group", self.group.is_some(), "csv")]
        {
            if given && format != only {
                let value = format!("given for {format}");
                return Err(PredictorError::Option {
                    option,
                    value,
                    expected: "nothing: the format has none",
                });
            }
        }
        reader(self)
    }

    /// Refuses the choice of a latency for a format that has but one latency.
    fn refuse_column(&self, format: &'static str) -> Result<(), PredictorError> {
        match &self.latency_column {
            None => Ok(()),
            Some(column) => {
                let value = format!("`{column}` for {format}");
                Err(PredictorError::Option {
                    option: "latency column",
                    value,
                    expected: "nothing: it has but one",
                })
            }
        }
    }

    /// Refuses a unit for a format that says its unit itself.
    fn refuse_unit(&self, format: &'static str) -> Result<(), PredictorError> {
        match self.unit_ms {
            None => Ok(()),
            Some(_) => {
                let value = format!("given for {format}");
                Err(PredictorError::Option {
                    option: "unit",
                    value,
                    expected: "nothing: the file says its unit",
                })
            }
        }
    }

    /// The op that a node is told to be.
    fn mapped(&self, node: &str) -> Option<Result<Subject, String>> {
        let (_, key) = self.renamed.iter().find(|(theirs, _)| theirs == node)?;
        Some(op_key::op(key))
    }

    /// Name of the network: as told, or as the file has it, or the file's own.
    fn network_name(&self, told_by_file: Option<&str>) -> String {
        let stem = |text: &str| {
            std::path::Path::new(text).file_stem().map(|stem| stem.to_string_lossy().into_owned())
        };
        let own = || stem(&self.file.to_string_lossy()).unwrap_or_else(|| "network".to_owned());
        self.network.clone().or_else(|| told_by_file.and_then(stem)).unwrap_or_else(own)
    }
}
