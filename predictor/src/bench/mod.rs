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

use crate::{
    PredictorError,
    import::{Imported, Source},
};

/// Who is told what is being done.
type Progress<'a> = Box<dyn FnMut(&str) + 'a>;

/// A run over the tables in a folder.
pub struct Bench<'a> {
    folder: PathBuf,
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
        Self { folder, progress: RefCell::new(Box::new(progress)) }
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
