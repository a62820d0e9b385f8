//! What can go wrong between a model and a runtime.

use std::path::PathBuf;

/// Why a backend could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum BackendError {
    /// No backend of that name is built in.
    #[error("there is no backend `{name}`; this build has {known}")]
    Unknown { name: String, known: String },
    /// The backend lacks something it cannot do without.
    #[error("backend `{backend}` needs {missing}")]
    Needs { backend: &'static str, missing: &'static str },
    /// The native library could not be loaded.
    #[error("cannot load {title} from `{}`: {reason}; expected its shared library, {version} or newer, for this machine", path.display())]
    Library { title: &'static str, version: &'static str, path: PathBuf, reason: String },
    /// The runtime cannot use that many threads.
    #[error("backend `{backend}` runs on {supported}, not on {threads} threads")]
    Threads { backend: &'static str, threads: usize, supported: &'static str },
    /// The runtime has no integer kernels for an int8 op.
    #[error("{backend} does not run `{op}` in int8: {reason}")]
    Unsupported { backend: &'static str, op: String, reason: String },
    /// The runtime does not take the model.
    #[error("{backend} does not take `{key}`: {reason}")]
    Prepare { backend: &'static str, key: String, reason: String },
    /// The runtime failed on a model it took.
    #[error("{backend} failed to run `{key}`: {reason}")]
    Run { backend: &'static str, key: String, reason: String },
    /// The input has the wrong length.
    #[error("`{key}` takes {expected} input values, not {given}")]
    InputLength { key: String, expected: usize, given: usize },
    /// The runtime does not report what its nodes take.
    #[error(
        "backend `{backend}` does not report how long each layer takes; take {}",
        super::registry::computing()
    )]
    Untraceable { backend: &'static str },
    /// An emulated backend has no outputs.
    #[error("backend `{backend}` computes nothing, so `{key}` has no outputs")]
    NoOutputs { backend: &'static str, key: String },
}

impl BackendError {
    /// A runtime that does not take a model.
    pub fn prepare(backend: &'static str, key: &str, reason: impl Into<String>) -> Self {
        Self::Prepare { backend, key: key.to_owned(), reason: reason.into() }
    }

    /// A runtime that failed on a model.
    pub fn run(backend: &'static str, key: &str, reason: impl Into<String>) -> Self {
        Self::Run { backend, key: key.to_owned(), reason: reason.into() }
    }
}
