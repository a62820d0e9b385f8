//! The folder of one run.

use std::path::{Path, PathBuf};

/// Where a run keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// A folder, which need not exist yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings, written first.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.path.join("settings.json")
    }

    /// What a search was told, to be told again.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// All that changes, written now and then.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// One JSON object per line and group of steps.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// The network: of a search its result, written last; of a training what is trained.
    #[must_use]
    pub fn architecture(&self) -> PathBuf {
        self.path.join("architecture.json")
    }

    /// What other targets were answered with.
    #[must_use]
    pub fn front(&self) -> PathBuf {
        self.path.join("front")
    }

    /// Trained weights.
    #[must_use]
    pub fn weights(&self) -> PathBuf {
        self.path.join("weights.safetensors")
    }

    /// How good a trained network is, written last.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.json")
    }
}
