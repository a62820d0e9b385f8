//! Measurement tables: CSV.

use std::{collections::HashMap, path::Path};

use super::row::check_version;
use super::{ReadError, Row, RowError, WriteError, read_text, write_atomic};

/// Reads and checks a measurement table.
///
/// # Errors
/// [`ReadError`] naming the file, the line and what is wrong there.
pub fn read_table(path: &Path) -> Result<Vec<Row>, ReadError> {
    let text = read_text(path)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| csv_error(path, &e))?.clone();
    let version = headers.iter().position(|column| column == "table_version");
    let mut rows = Vec::new();
    let mut seen = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| csv_error(path, &e))?;
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |reason| ReadError::Line { path: path.to_owned(), line, reason };
        let wrong_row = |error: RowError| wrong(error.to_string());
        // Before the columns, which another version may have others of.
        version.and_then(|column| record.get(column)).map_or(Ok(()), check_version).map_err(wrong_row)?;
        let row: Row = record.deserialize(Some(&headers)).map_err(|e| csv_error(path, &e))?;
        row.check().map_err(wrong_row)?;
        let key = (row.subject.clone(), row.cache, row.speed, row.session.clone());
        if let Some(first) = seen.insert(key, line) {
            let (subject, cache) = (&row.subject, row.cache);
            return Err(wrong(format!("`{subject}` ({cache}) stands in line {first} already")));
        }
        rows.push(row);
    }
    if rows.is_empty() {
        let reason = "no rows; expected a measurement table (CSV)".to_owned();
        return Err(ReadError::Content { path: path.to_owned(), reason });
    }
    if !text.ends_with('\n') {
        let reason = "the last line is cut off: no newline at the end".to_owned();
        return Err(ReadError::Content { path: path.to_owned(), reason });
    }
    Ok(rows)
}

/// Writes a measurement table.
///
/// # Errors
/// [`WriteError`].
pub fn write_table(path: &Path, rows: &[Row]) -> Result<(), WriteError> {
    write_atomic(path, |writer| {
        let mut writer = csv::Writer::from_writer(writer);
        rows.iter().try_for_each(|row| writer.serialize(row))?;
        writer.flush()
    })
}

fn csv_error(path: &Path, error: &csv::Error) -> ReadError {
    let path = path.to_owned();
    let reason = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, expected {expected_len}")
        }
        _ => error.to_string(),
    };
    match error.position().map(csv::Position::line) {
        Some(line) => ReadError::Line { path, line, reason },
        None => ReadError::Content { path, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Speed;
    use crate::record::{Cache, Level};

    fn row() -> Row {
        Row {
            speed: Some(Speed::Fast),
            raw_median_ms: 0.31,
            min_ms: 0.29,
            p90_ms: 0.4,
            ci_low_ms: 0.299,
            ci_high_ms: 0.31,
            spread: 0.125,
            runs: 60,
            dropped_runs: 2,
            session: "s".to_owned(),
            ..Row::exact("conv-8x8x3-o8-k3-s1-relu6", Level::Op, Cache::Cold, 0.1 + 0.2)
        }
    }

    #[test]
    fn rows_round_trip_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let network = Row {
            subject: "net-0f6a5fbc2f6e".to_owned(),
            level: Level::Network,
            ops: "conv-8x8x3-o8-k3-s1-relu6 gpool-8x8x8".to_owned(),
            ..row()
        };
        let key = crate::spec::Architecture::new("n", None, network.op_specs().unwrap()).unwrap().key();
        let network = Row { subject: key, ..network };
        write_table(&path, &[row(), network.clone()]).unwrap();
        assert_eq!(read_table(&path).unwrap(), [row(), network]);
    }

    #[test]
    fn every_broken_table_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        write_table(&path, &[row()]).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let second = text.lines().nth(1).unwrap();
        let cases = [
            (text.replace("0.31,", "NaN,"), "line 2: raw_median_ms is NaN"),
            (text.replace("0.31,", "-1,"), "line 2: raw_median_ms is -1"),
            (text.replace("0.31,", "1e9,"), "line 2: raw_median_ms is 1000000000"),
            (text.replace("0.31,", "abc,"), "line 2"),
            (text.replace("p90_ms", "p91_ms"), "line 2: unknown field `p91_ms`"),
            (text.replace("\n3,", "\n4,"), "line 2: table_version 4 is not known, expected 3"),
            (text.replace(",fast,", ",quick,"), "line 2: "),
            (text.replace(",0.125,", ",-0.125,"), "line 2: spread is -0.125, expected a fraction"),
            (text.replace("conv-8x8x3", "cnov-8x8x3"), "line 2: `cnov-8x8x3"),
            (
                format!("{text}{second}\n"),
                "line 3: `conv-8x8x3-o8-k3-s1-relu6` (cold) stands in line 2 already",
            ),
            (format!("{text}3,conv\n"), "line 3: 2 fields, expected 17"),
            (text[..text.len() - 1].to_owned(), "cut off"),
            (text.lines().next().unwrap().to_owned(), "no rows"),
            (String::new(), "no rows"),
        ];
        for (broken, reason) in cases {
            std::fs::write(&path, broken).unwrap();
            let error = read_table(&path).unwrap_err().to_string();
            assert!(error.contains(reason), "{reason:?} not in {error:?}");
        }
        // The first version had no spread: its version is what is wrong with it, not its columns.
        let first = text.replace(",spread,", ",").replace(",0.125,", ",").replace("\n3,", "\n1,");
        std::fs::write(&path, first).unwrap();
        let error = read_table(&path).unwrap_err().to_string();
        assert!(error.contains("line 2: table_version 1 is not known, expected 3; give the"), "{error}");
        assert!(read_table(folder.path()).is_err(), "a folder is no table");
        assert!(read_table(&folder.path().join("none.csv")).unwrap_err().to_string().contains("none.csv"));
    }
}
