//! Small latency tables that Tailor measured, by name.
//!
//! They lie in `datasets/latency/`, each a `.csv` with its `.session.json` beside it, and their README says where and how they were
//! measured.

use std::path::{Path, PathBuf};

use crate::error::DatasetsError;

/// Names of the tables: processor, runtime, search space.
pub const LATENCY_TABLES: [&str; 4] =
    ["x86-64-onnxruntime-mobile", "x86-64-onnxruntime-small", "x86-64-tract-mobile", "x86-64-tract-small"];

/// The table of this name, for [`profiler::record::read_table`] and whatever else takes a table's path.
///
/// # Errors
/// [`DatasetsError::NoSuchTable`], which lists the names.
///
/// ```
/// use profiler::record::{Level, read_session, read_table, session_path};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let table = datasets::latency::table_path("x86-64-tract-small")?;
/// let networks = read_table(&table)?.into_iter().filter(|row| row.level == Level::Network);
/// println!("{}: {} rows of networks", read_session(&session_path(&table))?.conditions.device, networks.count());
/// # Ok(()) }
/// ```
pub fn table_path(name: &str) -> Result<PathBuf, DatasetsError> {
    if !LATENCY_TABLES.contains(&name) {
        return Err(DatasetsError::NoSuchTable { name: name.to_owned(), known: &LATENCY_TABLES });
    }
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("latency").join(format!("{name}.csv")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_files() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("latency");
        let names = std::fs::read_dir(folder).unwrap().filter_map(|file| {
            Some(file.unwrap().file_name().into_string().unwrap().strip_suffix(".csv")?.to_owned())
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        assert_eq!(names, LATENCY_TABLES);
        for name in LATENCY_TABLES {
            assert!(table_path(name).unwrap().is_file(), "{name}");
        }
        let refused = table_path("pixel").unwrap_err().to_string();
        assert!(refused.contains("`pixel`") && refused.contains("x86-64-tract-small"), "{refused}");
    }
}
