//! Foreign rows as a measurement table.

use std::{collections::BTreeMap, path::Path};

use profiler::record::{Cache, Conditions, Level, Row, RowError, Status, session_path, write_table};

use super::{Imported, ImportedRow, Refused, Source, Subject};
use crate::error::PredictorError;
use crate::rows::{ImportSession, OpRepeats, Repeat};

/// Half of a 95 % confidence interval in standard deviations.
const HALF_CI: f64 = 1.96;
/// Confidence interval, as a fraction of the latency to either side, within which a row is `ok`.
const OK_WITHIN: f64 = 0.02;

/// What came of an import.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// Rows of the measurement table.
    pub subjects: usize,
    /// Rows of the foreign table that they come from.
    pub rows_read: usize,
    /// Rows that could not be read.
    pub refused: Vec<Refused>,
}

/// Writes a foreign table as a measurement table with what an import says of itself beside it.
///
/// Rows of one subject become one row: their mean, with the confidence interval that their spread gives. The interval of
/// others is that of their standard deviation and runs, or nothing (its ends are the latency itself) where the table has
/// none. Columns that a foreign table cannot fill repeat the latency.
///
/// # Errors
/// [`PredictorError::NothingImported`] when no row is left, [`PredictorError::Write`].
pub fn write_imported(
    source: &Source,
    format: &str,
    imported: Imported,
    conditions: Conditions,
    cache: Cache,
    output: &Path,
) -> Result<Written, PredictorError> {
    let mut refused = imported.refused;
    let mut by_subject: BTreeMap<String, Vec<ImportedRow>> = BTreeMap::new();
    for row in imported.rows {
        by_subject.entry(row.subject.key()).or_default().push(row);
    }
    let imported_at = jiff::Timestamp::now().to_string();
    let id = format!("import-{imported_at}");
    let mut rows: Vec<Row> = Vec::new();
    by_subject.retain(|subject, of_subject| {
        let row = table_row(subject, of_subject, cache, &id);
        let checked = row.check();
        let is_sound = checked.is_ok();
        match checked {
            Ok(()) => rows.push(row),
            Err(error) => refused.extend(of_subject.iter().map(|row| row.refused(&error))),
        }
        is_sound
    });
    if by_subject.is_empty() {
        let reason = refused.first().map_or("it has no rows".to_owned(), |first| {
            format!("none of its {} rows can be read; line {}: {}", refused.len(), first.line, first.reason)
        });
        return Err(PredictorError::NothingImported { file: source.file.clone(), reason });
    }
    let rows_read = by_subject.values().map(Vec::len).sum();
    let kind = source.kind.as_ref().map_or_else(String::new, |kind| format!(" ({kind})"));
    let session = ImportSession {
        id,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        imported_at,
        imported_from: source.file.display().to_string(),
        format_of_source: format!("{format}{kind}"),
        measured: imported.measured,
        conditions,
        rows_read,
        rows_refused: refused.len(),
        repeats: repeats(&by_subject),
    };
    write_table(output, &rows)?;
    session.write(&session_path(output))?;
    Ok(Written { subjects: rows.len(), rows_read, refused })
}

/// Without rows that no measurement table may have, such as of years or of no run.
pub(super) fn with_sound_rows(mut imported: Imported) -> Imported {
    for row in std::mem::take(&mut imported.rows) {
        match table_row(&row.subject.key(), std::slice::from_ref(&row), Cache::Hot, "").check() {
            Ok(()) => imported.rows.push(row),
            Err(error) => imported.refused.push(row.refused(&error)),
        }
    }
    imported
}

impl ImportedRow {
    fn refused(&self, error: &RowError) -> Refused {
        Refused { line: self.line, reason: error.to_string() }
    }
}

fn table_row(subject: &str, rows: &[ImportedRow], cache: Cache, session: &str) -> Row {
    let n = rows.len() as f64;
    let latency_ms = rows.iter().map(|row| row.latency_ms).sum::<f64>() / n;
    let half_width = HALF_CI * deviation_of_mean(rows, latency_ms);
    // An interval that reached 0 would say that nothing is known.
    let ci_low_ms = (latency_ms - half_width).max(0.1 * latency_ms);
    let level = match rows[0].subject {
        Subject::Op(_) => Level::Op,
        Subject::Cell(_) | Subject::Network(_) | Subject::Traced { .. } => Level::Network,
    };
    let ops = match &rows[0].subject {
        Subject::Traced { ops, .. } => ops.join(" "),
        _ => String::new(),
    };
    Row {
        ops,
        ci_low_ms,
        ci_high_ms: latency_ms + half_width,
        runs: rows.iter().map(|row| row.runs.unwrap_or(1)).sum(),
        spread: spread(rows, latency_ms),
        status: if half_width <= OK_WITHIN * latency_ms { Status::Ok } else { Status::Wide },
        session: session.to_owned(),
        ..Row::exact(subject, level, cache, latency_ms)
    }
}

/// Measurements of ops that stand in several rows, or in groups.
fn repeats(by_subject: &BTreeMap<String, Vec<ImportedRow>>) -> OpRepeats {
    let repeat = |row: &ImportedRow| Repeat { latency_ms: row.latency_ms, group: row.group.clone() };
    let ops = by_subject.iter().filter(|(_, rows)| matches!(rows[0].subject, Subject::Op(_)));
    let kept = ops.filter(|(_, rows)| rows.len() > 1 || rows.iter().any(|row| row.group.is_some()));
    kept.map(|(key, rows)| (key.clone(), rows.iter().map(repeat).collect())).collect()
}

/// 10-90 % range of the runs over their mean, as a normal distribution of the rows' largest deviation would have it; 0 where
/// none has one.
fn spread(rows: &[ImportedRow], mean: f64) -> f64 {
    const RANGE_OF_STD: f64 = 2.563;
    RANGE_OF_STD * rows.iter().filter_map(|row| row.std_ms).fold(0.0, f64::max) / mean
}

/// Standard deviation of the mean of rows, by how they differ or by what one of them says of itself.
fn deviation_of_mean(rows: &[ImportedRow], mean: f64) -> f64 {
    let n = rows.len() as f64;
    match rows {
        [row] => row.std_ms.map_or(0.0, |std| std / (row.runs.unwrap_or(1).max(1) as f64).sqrt()),
        _ => (rows.iter().map(|row| (row.latency_ms - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Emulation, Measurements, Mixing};

    fn import(text: &str, kind: &str) -> (tempfile::TempDir, Result<Written, PredictorError>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("theirs.csv");
        std::fs::write(&file, text).unwrap();
        let source = Source { file, kind: Some(kind.to_owned()), ..Source::default() };
        let imported = source.read("csv").unwrap();
        let conditions = ImportSession::conditions("phone", "TFLite", 1);
        let output = folder.path().join("ours.csv");
        let written = write_imported(&source, "csv", imported, conditions, Cache::Hot, &output);
        (folder, written)
    }

    #[test]
    fn rows_of_one_op_are_one_row_with_their_spread() {
        // 1.0 and 1.2 ms: mean 1.1, deviation 0.1414, of the mean 0.1; interval ± 0.196. 2 ms with 0.1 over 4 runs: ± 0.098.
        let text = "input_hw,in_channels,out_channels,kernel,stride,a_mean_ms,a_std_ms,runs\n8,3,8,3,1,1.0,,\n\
                    8,3,8,3,1,1.2,,\n8,3,9,3,1,2,0.1,4\n8,3,9,2,1,2,0.1,4\n";
        let (folder, written) = import(text, "conv");
        let written = written.unwrap();
        assert_eq!((written.subjects, written.rows_read), (2, 3));
        assert_eq!(written.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [5]);
        let tables = [folder.path().join("ours.csv")];
        let read = Measurements::read(&tables, Mixing::Refuse, Emulation::Refuse).unwrap();
        assert_eq!((read.conditions.device.as_str(), read.rows.len()), ("phone", 2));
        for (row, (mean, half)) in read.rows.iter().zip([(1.1, 0.196), (2.0, 0.098)]) {
            assert!((row.latency_ms - mean).abs() < 1e-12, "{row:?}");
            assert!((row.ci_high_ms - mean - half).abs() < 1e-3, "{row:?}");
        }
    }

    #[test]
    fn a_table_of_nothing_is_refused() {
        let (_, written) = import("input_hw,in_channels,latency_ms\n8,3,1\n", "conv");
        let error = written.unwrap_err().to_string();
        assert!(error.contains("none of its 1 rows can be read; line 2: no `"), "{error}");
    }

    #[test]
    fn rows_that_no_table_may_have_are_refused_by_line() {
        let text = "input_hw,in_channels,out_channels,kernel,stride,latency_ms,runs\n8,3,8,3,1,1.0,5\n8,3,9,3,1,1e18,5\n\
                    8,3,7,3,1,1.0,0\n8,4,8,3,1,1,5\n8,4,8,3,1,600000,5\n";
        let (folder, written) = import(text, "conv");
        let written = written.unwrap();
        assert_eq!((written.subjects, written.rows_read), (1, 1));
        let mut refused: Vec<u64> = written.refused.iter().map(|refused| refused.line).collect();
        refused.sort_unstable();
        // The last two are sound one by one, but together say up to 888,000 ms.
        assert_eq!(refused, [3, 4, 5, 6]);
        let tables = [folder.path().join("ours.csv")];
        assert_eq!(Measurements::read(&tables, Mixing::Refuse, Emulation::Refuse).unwrap().rows.len(), 1);
    }
}
