//! A foreign CSV file: its columns by our names, and its records with their lines.

use std::path::Path;

use profiler::record::{ReadError, read_text};

use super::{Columns, Record};

/// A foreign CSV file.
pub(super) struct CsvFile {
    pub(super) columns: Columns,
    records: Vec<(u64, csv::StringRecord)>,
}

impl CsvFile {
    /// Reads it whole; columns are renamed from theirs to ours.
    ///
    /// # Errors
    /// [`ReadError`] for a file that cannot be read, is no CSV, or has columns of one name.
    pub(super) fn read(file: &Path, renamed: &[(String, String)]) -> Result<Self, ReadError> {
        let content = |reason: String| ReadError::Content { path: file.to_owned(), reason };
        // A carriage return ends a record by itself, and its line feed would be counted with the next one.
        let text = read_text(file)?.replace("\r\n", "\n");
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let heads = reader.headers().map_err(|e| content(e.to_string()))?.clone();
        let columns = Columns::new(&heads.iter().collect::<Vec<_>>(), renamed).map_err(content)?;
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| content(e.to_string()))?;
            records.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { columns, records })
    }

    /// Its records, each with its line from 1.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, Record<'_>)> {
        self.records.iter().map(|(line, record)| (*line, self.columns.record(record.iter().collect())))
    }
}
