//! What is reached on public latency tables, beside what is to be reached.
//!
//! A table is a file here with a function `fn(&Bench) -> Result<Vec<Finding>, PredictorError>` and a line in [`TABLES`].
//! Everything that is chosen (regressors, settings, intervals) is chosen on the rows fitted on; rows for testing are only
//! scored.

mod devices;
mod few_ops;
mod finding;
mod gpu_ops;
mod gpu_table;
mod mbconv;
mod nasbench;
mod own;
mod resolutions;
mod score;
mod speed;

pub use finding::{Bound, Finding, Goal};
pub use own::own_table;
pub use speed::speed;

use std::{cell::RefCell, path::PathBuf};

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use crate::{
    PredictorError,
    import::{Imported, Source},
};

/// Who is told what is being done.
type Progress<'a> = Box<dyn FnMut(&str) + 'a>;

/// A run over the tables in a folder.
pub struct Bench<'a> {
    folder: PathBuf,
    split: u64,
    progress: RefCell<Progress<'a>>,
}

/// What is done with a table.
pub type Task = fn(&Bench<'_>) -> Result<Vec<Finding>, PredictorError>;

/// The tables by name.
pub const TABLES: &[(&str, Task)] = &[
    ("mbconv_pixel1", mbconv::pixel1),
    ("mbconv_xiaomi11", mbconv::xiaomi11),
    ("mbconv_xiaomi11_from_pixel1", few_ops::pixel1_to_xiaomi11),
    ("mbconv_note10", resolutions::note10),
    ("nasbench201_nnmeter_2devices", nasbench::two_devices),
    ("nasbench201_help_21devices", devices::help),
    ("mobile_gpu_ops", gpu_ops::three_phones),
];

impl<'a> Bench<'a> {
    /// A run over the tables in `folder`; `progress` is told what is being done.
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

    /// Rows for testing and the others: every fifth, or a fifth at random.
    fn fifth<'r, T>(&self, rows: &'r [T]) -> (Vec<&'r T>, Vec<&'r T>) {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        if self.split > 0 {
            places.shuffle(&mut Pcg64::seed_from_u64(self.split));
        }
        let (test, rest): (Vec<_>, Vec<_>) = rows.iter().zip(places).partition(|(_, place)| place % 5 == 0);
        let rows = |pairs: Vec<(&'r T, usize)>| pairs.into_iter().map(|(row, _)| row).collect();
        (rows(test), rows(rest))
    }

    fn say(&self, text: &str) {
        (self.progress.borrow_mut())(text);
    }

    /// Reads a CSV table of the folder; every row must be readable.
    fn read(&self, file: &str, kind: &str, latency_column: Option<&str>) -> Result<Imported, PredictorError> {
        let source = Source {
            file: self.folder.join(file),
            kind: Some(kind.to_owned()),
            latency_column: latency_column.map(str::to_owned),
            ..Source::default()
        };
        let imported = source.read("csv")?;
        match imported.refused.first() {
            None => Ok(imported),
            Some(refused) => {
                Err(PredictorError::CannotFit(format!("{file} line {}: {}", refused.line, refused.reason)))
            }
        }
    }
}
