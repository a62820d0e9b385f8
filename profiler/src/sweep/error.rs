//! What can go wrong in a sweep.

use std::path::PathBuf;

use crate::backend::BackendError;
use crate::layers::LayersError;
use crate::measure::MeasureError;
use crate::onnx::OnnxError;
use crate::record::{ReadError, WriteError};
use crate::spec::SpecError;
use crate::tflite::TfliteError;

/// Why a sweep ended without a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum SweepError {
    /// A bad input file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An op, network or space that makes no sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A model that cannot be built or read.
    #[error("{}: {source}", path.display())]
    Model { path: PathBuf, source: OnnxError },
    /// A TensorFlow Lite file that cannot be read.
    #[error("{}: {source}", path.display())]
    Tflite { path: PathBuf, source: TfliteError },
    /// The runtime does not take a model, or failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The measurement failed.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The outputs of two runtimes disagree.
    #[error(
        "{backend} and {other} give `{subject}` different outputs: {difference}; a fast wrong answer is not timed"
    )]
    Disagree { subject: String, backend: &'static str, other: &'static str, difference: String },
    /// The layers could not be measured.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// A network whose layers cannot be told apart.
    #[error("the layers of {network} cannot be told: {reason}")]
    NoSteps { network: String, reason: String },
    /// A random network that was measured once, and that is another one now.
    #[error(
        "anchor {subject} of session {session} is drawn otherwise by this version: measure that session's table again"
    )]
    DrawnOtherwise { subject: String, session: String },
    /// Two files with the same name.
    #[error("two models are called `{0}`: rename one of the files")]
    SameName(String),
    /// Another profiler is writing the same table.
    #[error("{}: another profiler is writing this table", .0.display())]
    Busy(PathBuf),
    /// The journal belongs to another measurement.
    #[error("{} was begun under other conditions: {difference}; use another output file, or delete it to start anew", path.display())]
    Changed { path: PathBuf, difference: String },
    /// Who watched it stopped it.
    #[error("stopped; what was measured is kept in the journal")]
    Stopped,
    /// The sweep ended before every subject had turns enough.
    #[error("{missing} of {total} subjects have too few turns for a figure: give them more time")]
    TooShort { missing: usize, total: usize },
}

impl SweepError {
    /// Whether the user's input is at fault (exit code 2) rather than the run (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::Read(_)
            | Self::Spec(_)
            | Self::Model { .. }
            | Self::Tflite { .. }
            | Self::SameName(_)
            | Self::Changed { .. } => true,
            Self::DrawnOtherwise { .. } => true,
            Self::Backend(error) => !matches!(error, BackendError::Run { .. }),
            Self::Measure(MeasureError::Protocol(_)) => true,
            Self::Layers(LayersError::Backend(error)) => !matches!(error, BackendError::Run { .. }),
            Self::Write(_) | Self::Measure(_) | Self::Busy(_) | Self::Stopped | Self::TooShort { .. } => {
                false
            }
            Self::Layers(_) | Self::NoSteps { .. } | Self::Disagree { .. } => false,
        }
    }
}
