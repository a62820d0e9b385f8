//! What can go wrong between a model and a runtime.

use std::path::PathBuf;

/// Why a backend could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend of that name is built in.
    #[error("there is no backend `{name}`; this build has {known}")]
    Unknown {
        /// Name asked for.
        name: String,
        /// Names there are.
        known: String,
    },
    /// The backend lacks something it cannot do without.
    #[error("backend `{backend}` needs {missing}")]
    Needs {
        /// Backend.
        backend: &'static str,
        /// What is missing and how to give it.
        missing: &'static str,
    },
    /// The native library could not be loaded.
    #[error("cannot load {title} from `{}`: {reason}; expected its shared library, {version} or newer, for this machine", path.display())]
    Library {
        /// What people call the runtime.
        title: &'static str,
        /// The oldest version that will do.
        version: &'static str,
        /// Path given.
        path: PathBuf,
        /// Loader's reason.
        reason: String,
    },
    /// The runtime cannot use that many threads.
    #[error("backend `{backend}` runs on {supported}, not on {threads} threads")]
    Threads {
        /// Backend.
        backend: &'static str,
        /// Threads asked for.
        threads: usize,
        /// What it can do.
        supported: &'static str,
    },
    /// The runtime has no integer kernels for an int8 op.
    #[error("{backend} does not run `{op}` in int8: {reason}")]
    Unsupported {
        /// Backend.
        backend: &'static str,
        /// The op's key.
        op: String,
        /// What it lacks.
        reason: String,
    },
    /// The runtime does not take the model.
    #[error("{backend} does not take `{key}`: {reason}")]
    Prepare {
        /// Backend.
        backend: &'static str,
        /// Subject.
        key: String,
        /// The runtime's reason.
        reason: String,
    },
    /// The runtime failed on a model it took.
    #[error("{backend} failed to run `{key}`: {reason}")]
    Run {
        /// Backend.
        backend: &'static str,
        /// Subject.
        key: String,
        /// The runtime's reason.
        reason: String,
    },
    /// The input has the wrong length.
    #[error("`{key}` takes {expected} input values, not {given}")]
    InputLength {
        /// Subject.
        key: String,
        /// Values it takes.
        expected: usize,
        /// Values given.
        given: usize,
    },
    /// The runtime does not tell what its nodes take.
    #[error(
        "backend `{backend}` does not tell how long each layer takes; take {}",
        super::registry::computing()
    )]
    Untraceable {
        /// Backend.
        backend: &'static str,
    },
    /// An emulated backend has no outputs.
    #[error("backend `{backend}` computes nothing, so `{key}` has no outputs")]
    NoOutputs {
        /// Backend.
        backend: &'static str,
        /// Subject.
        key: String,
    },
}
