//! What is reached on public latency tables, beside what is to be reached.
//!
//! Tables are known by how their names begin and by their columns, whatever devices they are of. What is done with one is a
//! file here with an `Entry`, and that entry in `ENTRIES`.
//! Everything that is chosen (regressors, settings, intervals) is chosen on the rows fitted on; rows for testing are only
//! scored.

mod devices;
mod fbnet;
mod few_ops;
mod finding;
mod gpu_ops;
mod mbconv;
mod nasbench;
mod own;
mod resolutions;
mod score;
mod speed;

pub use finding::{Figure, Finding};
pub use own::own_table;
pub use speed::speed;

use std::{cell::RefCell, path::PathBuf};

use profiler::{bench::Goal, record::ReadError};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use crate::error::PredictorError;
use crate::import::{Imported, ImportedRow, Source};

/// Parts of a table of which each is for testing in turn.
const FIFTHS: usize = 5;

/// Where progress is reported.
type Progress<'a> = Box<dyn FnMut(&str) + 'a>;

/// A run over the tables in a folder.
pub struct Bench<'a> {
    folder: PathBuf,
    split: u64,
    progress: RefCell<Progress<'a>>,
}

/// What is done with a table.
pub type Task = fn(&Bench<'_>, &str) -> Result<Vec<Finding>, PredictorError>;

/// A table of the folder and what is done with it.
pub type Table = (String, Task);

/// What a pair of tables is called, by the names of the first and the other.
type CallPair = fn(&str, &str) -> String;

/// Tables that something is done with.
struct Entry {
    /// Name of the file without its ending; a `*` at the end stands for the rest of a name.
    file: &'static str,
    /// What is in it, for people who have such a table.
    what: &'static str,
    /// Whether the columns are those of such a table.
    fits: fn(&[String]) -> bool,
    /// What is done with one.
    task: Task,
    /// What is done with each but the first, with the first one known.
    pairs: Option<(CallPair, Task)>,
}

/// All of them; of those that fit a table the first counts.
const ENTRIES: &[Entry] =
    &[resolutions::ENTRY, mbconv::ENTRY, devices::ENTRY, nasbench::ENTRY, fbnet::ENTRY, gpu_ops::ENTRY];

impl Entry {
    fn is_of(&self, name: &str) -> bool {
        self.file.strip_suffix('*').map_or(name == self.file, |start| name.starts_with(start))
    }
}

/// The tables that something is done with, in words.
pub fn known_tables() -> String {
    let named = ENTRIES.iter().map(|entry| format!("{}.csv ({})", entry.file, entry.what));
    named.collect::<Vec<_>>().join(", ")
}

/// Whether a column is one of latencies.
fn is_latency(column: &str) -> bool {
    column.ends_with("_ms") && !column.contains("std")
}

impl<'a> Bench<'a> {
    /// A run over the tables in `folder`; `progress` is given what is being done.
    pub fn new(folder: PathBuf, progress: impl FnMut(&str) + 'a) -> Self {
        Self { folder, split: 0, progress: RefCell::new(Box::new(progress)) }
    }

    /// The same with other rows for testing, drawn at random by this number; 0 for the rows that goals are about.
    #[must_use]
    pub fn with_split(self, split: u64) -> Self {
        Self { split, ..self }
    }

    /// A seed that is this one on the split that goals are about and another on others.
    fn seed(&self, seed: u64) -> u64 {
        seed.wrapping_add(self.split.wrapping_mul(1000))
    }

    /// The tables of the folder, in order of their names, and the pairs of them of which one is a new device.
    ///
    /// # Errors
    /// A folder or file that cannot be read, or no table.
    pub fn tables(&self) -> Result<Vec<Table>, PredictorError> {
        let io = |source| ReadError::Io { path: self.folder.clone(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let is_csv = path.extension().is_some_and(|extension| extension == "csv");
            names.extend(path.file_stem().filter(|_| is_csv).map(|stem| stem.to_string_lossy().into_owned()));
        }
        names.sort();
        let mut tables: Vec<Table> = Vec::new();
        let mut of_entries = [const { Vec::new() }; ENTRIES.len()];
        for name in names {
            let mut named =
                ENTRIES.iter().zip(&mut of_entries).filter(|(entry, _)| entry.is_of(&name)).peekable();
            if named.peek().is_none() {
                continue;
            }
            let columns = self.columns(&name)?;
            if let Some((entry, of_entry)) = named.find(|(entry, _)| (entry.fits)(&columns)) {
                tables.push((name.clone(), entry.task));
                of_entry.push(name);
            }
        }
        for (entry, names) in ENTRIES.iter().zip(&of_entries) {
            if let (Some((called, task)), [known, new @ ..]) = (entry.pairs, &names[..]) {
                tables.extend(new.iter().map(|new| (called(known, new), task)));
            }
        }
        if tables.is_empty() {
            let reason = format!("no table: expected one of {}", known_tables());
            return Err(ReadError::Content { path: self.folder.clone(), reason }.into());
        }
        Ok(tables)
    }

    fn file(&self, table: &str) -> PathBuf {
        self.folder.join(format!("{table}.csv"))
    }

    /// Columns of a table.
    fn columns(&self, table: &str) -> Result<Vec<String>, PredictorError> {
        let path = self.file(table);
        let file =
            std::fs::File::open(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
        let mut reader = csv::Reader::from_reader(file);
        let heads = reader.headers();
        let heads = heads.map_err(|e| ReadError::Content { path, reason: e.to_string() })?;
        Ok(heads.iter().map(|head| head.trim().to_owned()).collect())
    }

    /// Columns of a table that are latencies.
    fn latencies(&self, name: &str) -> Result<Vec<String>, PredictorError> {
        Ok(self.columns(name)?.into_iter().filter(|column| is_latency(column)).collect())
    }

    /// Rows for testing and the others: every fifth, or a fifth at random.
    fn fifth<'r, T>(&self, rows: &'r [T]) -> (Vec<&'r T>, Vec<&'r T>) {
        self.part(rows, 0)
    }

    /// The same of the fifth that begins at another row.
    fn part<'r, T>(&self, rows: &'r [T], from: usize) -> (Vec<&'r T>, Vec<&'r T>) {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        if self.split > 0 {
            places.shuffle(&mut Pcg64::seed_from_u64(self.split));
        }
        let (test, rest): (Vec<_>, Vec<_>) =
            rows.iter().zip(places).partition(|(_, place)| place % FIFTHS == from);
        let rows = |pairs: Vec<(&'r T, usize)>| pairs.into_iter().map(|(row, _)| row).collect();
        (rows(test), rows(rest))
    }

    fn say(&self, text: &str) {
        (self.progress.borrow_mut())(text);
    }

    /// Reads a table of the folder; every row must be readable.
    fn read(&self, table: &str, format: &str, source: Source) -> Result<Imported, PredictorError> {
        let imported = Source { file: self.file(table), ..source }.read(format)?;
        match imported.first_refused() {
            None => Ok(imported),
            Some(reason) => Err(PredictorError::CannotFit(format!("{table}.csv {reason}"))),
        }
    }

    /// The rows of a CSV table of the folder.
    fn rows(&self, table: &str, kind: &str) -> Result<Vec<ImportedRow>, PredictorError> {
        let source = Source { kind: Some(kind.to_owned()), ..Source::default() };
        Ok(self.read(table, "csv", source)?.rows)
    }
}

/// Means of figures over draws.
fn means<const N: usize>(
    draws: u64,
    mut draw: impl FnMut(u64) -> Result<[f64; N], PredictorError>,
) -> Result<[f64; N], PredictorError> {
    let mut means = [0.0; N];
    for seed in 0..draws {
        means.iter_mut().zip(draw(seed)?).for_each(|(mean, figure)| *mean += figure / draws as f64);
    }
    Ok(means)
}
