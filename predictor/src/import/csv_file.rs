//! A foreign CSV file: its columns by our names, and its records with their lines.

use std::{collections::HashSet, path::Path};

use profiler::record::{ReadError, read_text};

/// A foreign CSV file.
pub(super) struct CsvFile {
    pub(super) names: Vec<String>,
    records: Vec<(u64, csv::StringRecord)>,
}

impl CsvFile {
    /// Reads it whole; columns are renamed from theirs to ours.
    pub(super) fn read(file: &Path, renamed: &[(String, String)]) -> Result<Self, ReadError> {
        let content = |reason: String| ReadError::Content { path: file.to_owned(), reason };
        // A carriage return ends a record by itself, and its line feed would be counted with the next one.
        let text = read_text(file)?.replace("\r\n", "\n");
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let heads = reader.headers().map_err(|e| content(e.to_string()))?.clone();
        let names = names(&heads.iter().collect::<Vec<_>>(), renamed).map_err(content)?;
        let mut records = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| content(e.to_string()))?;
            records.push((record.position().map_or(0, csv::Position::line), record));
        }
        Ok(Self { names, records })
    }

    /// Its records, each with its line from 1.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, Record<'_>)> {
        let names = &self.names;
        self.records
            .iter()
            .map(move |(line, record)| (*line, Record { names, fields: record.iter().collect() }))
    }
}

/// Names of columns under these heads, ours where they are renamed; none stands twice.
fn names(heads: &[&str], renamed: &[(String, String)]) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = heads.iter().map(|head| head.trim().to_owned()).collect();
    for (theirs, ours) in renamed {
        let Some(place) = heads.iter().position(|head| head.trim() == theirs) else {
            return Err(format!("no column `{theirs}` to map; the table has {}", heads.join(", ")));
        };
        names[place].clone_from(ours);
    }
    let mut met = HashSet::new();
    match names.iter().find(|name| !met.insert(name.as_str())) {
        Some(name) => Err(format!("two columns are called `{name}`")),
        None => Ok(names),
    }
}

/// A row of a foreign table.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub(super) names: &'a [String],
    pub(super) fields: Vec<&'a str>,
}

impl Record<'_> {
    /// The text in a column; nothing when there is none.
    pub fn get(&self, column: &str) -> Option<&str> {
        let place = self.names.iter().position(|name| name == column)?;
        self.fields.get(place).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// The text in a column.
    ///
    /// # Errors
    /// That there is none, in words.
    pub fn text(&self, column: &str) -> Result<&str, String> {
        self.get(column).ok_or_else(|| format!("no `{column}`"))
    }

    /// The whole number in a column.
    ///
    /// # Errors
    /// That there is none, in words.
    pub fn number(&self, column: &str) -> Result<u32, String> {
        number(column, self.text(column)?)
    }

    /// The number of milliseconds or the like in a column: above 0.
    ///
    /// # Errors
    /// That there is none, in words.
    pub fn above_zero(&self, column: &str) -> Result<f64, String> {
        let text = self.text(column)?;
        let number: f64 = text.parse().map_err(|_| format!("{column} is `{text}`, expected a number"))?;
        if number.is_finite() && number > 0.0 {
            Ok(number)
        } else {
            Err(format!("{column} is {text}, expected a number above 0"))
        }
    }

    /// The 0 or 1 (false or true) in a column; nothing when it is not there.
    ///
    /// # Errors
    /// That it is something else, in words.
    pub fn flag(&self, column: &str) -> Result<Option<bool>, String> {
        flag(column, self.get(column))
    }
}

/// The whole number that a text is.
pub(super) fn number(name: &str, text: &str) -> Result<u32, String> {
    // Tables of dataframes write whole numbers as 16.0.
    let whole = text.strip_suffix(".0").unwrap_or(text);
    whole.parse().map_err(|_| format!("{name} is `{text}`, expected a whole number"))
}

/// The 0 or 1 (false or true) that a text is.
pub(super) fn flag(name: &str, text: Option<&str>) -> Result<Option<bool>, String> {
    match text.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("0" | "0.0" | "false" | "no") => Ok(Some(false)),
        Some("1" | "1.0" | "true" | "yes") => Ok(Some(true)),
        Some(other) => Err(format!("{name} is `{other}`, expected 0 or 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_renamed_and_fields_read() {
        let renamed = [("hw".to_owned(), "input_hw".to_owned())];
        let columns = names(&["hw", " se", "ms"], &renamed).unwrap();
        let record = Record { names: &columns, fields: vec!["14", "1", "0.5"] };
        assert_eq!((record.number("input_hw"), record.flag("se")), (Ok(14), Ok(Some(true))));
        assert_eq!((record.above_zero("ms"), record.flag("residual")), (Ok(0.5), Ok(None)));
        assert!(record.number("kernel").unwrap_err().contains("no `kernel`"));
        let record = Record { names: &columns, fields: vec!["x", "2", "-1"] };
        assert!(record.number("input_hw").unwrap_err().contains("input_hw is `x`"));
        assert!(record.flag("se").unwrap_err().contains("se is `2`"));
        assert!(record.above_zero("ms").unwrap_err().contains("ms is -1"));
        assert!(names(&["a"], &renamed).unwrap_err().contains("no column `hw`"));
        assert!(names(&["hw", "input_hw"], &renamed).unwrap_err().contains("two columns"));
    }
}
