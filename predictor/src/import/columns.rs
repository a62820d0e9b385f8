//! Columns of a foreign table by our names.

/// Names of the columns of a table, ours where they were renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    names: Vec<String>,
}

impl Columns {
    /// The columns under these heads, after renaming theirs to ours.
    ///
    /// # Errors
    /// A renamed column that is not there, or a name that stands twice, in words.
    pub fn new(heads: &[&str], renamed: &[(String, String)]) -> Result<Self, String> {
        let mut names: Vec<String> = heads.iter().map(|head| head.trim().to_owned()).collect();
        for (theirs, ours) in renamed {
            let Some(place) = heads.iter().position(|head| head.trim() == theirs) else {
                return Err(format!("no column `{theirs}` to map; the table has {}", heads.join(", ")));
            };
            names[place].clone_from(ours);
        }
        for (place, name) in names.iter().enumerate() {
            if names[..place].contains(name) {
                return Err(format!("two columns are called `{name}`"));
            }
        }
        Ok(Self { names })
    }

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A record under these columns.
    #[must_use]
    pub fn record<'a>(&'a self, fields: Vec<&'a str>) -> Record<'a> {
        Record { columns: self, fields }
    }
}

/// A row of a foreign table.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    columns: &'a Columns,
    fields: Vec<&'a str>,
}

impl Record<'_> {
    /// The text in a column; nothing when there is none.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        let place = self.columns.names.iter().position(|name| name == column)?;
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
        let columns = Columns::new(&["hw", " se", "ms"], &renamed).unwrap();
        let record = columns.record(vec!["14", "1", "0.5"]);
        assert_eq!((record.number("input_hw"), record.flag("se")), (Ok(14), Ok(Some(true))));
        assert_eq!(record.above_zero("ms"), Ok(0.5));
        assert_eq!(record.flag("residual"), Ok(None));
        assert!(record.number("kernel").unwrap_err().contains("no `kernel`"));
        let record = columns.record(vec!["x", "2", "-1"]);
        assert!(record.number("input_hw").unwrap_err().contains("input_hw is `x`"));
        assert!(record.flag("se").unwrap_err().contains("se is `2`"));
        assert!(record.above_zero("ms").unwrap_err().contains("ms is -1"));
        assert!(Columns::new(&["a"], &renamed).unwrap_err().contains("no column `hw`"));
        assert!(Columns::new(&["hw", "input_hw"], &renamed).unwrap_err().contains("two columns"));
    }
}
