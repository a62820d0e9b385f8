use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use profiler::record::{TEMPORARY_PREFIX, WriteError};

use crate::error::SearchError;

/// Where a run keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

macro_rules! files {
    ($($(#[$about:meta])* $file:ident = $name:literal),+ $(,)?) => {
        impl RunFolder {
            $($(#[$about])* pub fn $file(&self) -> PathBuf { self.path.join($name) })+
        }
    };
}

files! {
    /// The settings, written first.
    settings = "settings.json",
    /// Which images it is of.
    images = "images.json",
    /// What a search was given, to be given again.
    config = "config.toml",
    /// All that changes, written now and then.
    checkpoint = "checkpoint.safetensors",
    /// One JSON object per line and group of steps.
    log = "log.jsonl",
    /// The network: of a search its result, written last; of a training what is trained.
    architecture = "architecture.json",
    /// What other targets were answered with.
    front = "front",
    /// Trained weights.
    weights = "weights.safetensors",
    /// How good a trained network is, written last.
    metrics = "metrics.json",
}

impl RunFolder {
    /// A folder, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other processes out, for as long as the result lives; the settings must be there. What a killed process was
    /// writing is removed.
    ///
    /// # Errors
    /// [`SearchError::Busy`] when another one is at work in this folder; [`SearchError::Write`].
    pub fn lock(&self) -> Result<File, SearchError> {
        let path = self.settings();
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let file = opened.map_err(|source| WriteError { path: path.clone(), source })?;
        match file.try_lock() {
            Ok(()) => self.tidy().map(|()| file).map_err(|source| WriteError { path, source }.into()),
            Err(TryLockError::WouldBlock) => Err(SearchError::Busy(self.path.clone())),
            Err(TryLockError::Error(source)) => Err(WriteError { path, source }.into()),
        }
    }

    fn tidy(&self) -> std::io::Result<()> {
        for entry in self.path.read_dir()? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}
