//! What can go wrong in a bench.

use std::path::PathBuf;

use super::Part;
use crate::backend::BackendError;
use crate::device::AffinityError;
use crate::layers::LayersError;
use crate::measure::MeasureError;
use crate::record::{ReadError, WriteError};
use crate::sweep::SweepError;

/// Why a bench ended early. Parts that were finished are in its report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum BenchError {
    /// Stopped by the user.
    #[error("stopped")]
    Stopped,
    /// A part that says nothing of a backend that computes nothing.
    #[error("the part `{part}` says nothing of backend `{backend}`, whose figures are emulated")]
    Emulated { part: Part, backend: &'static str },
    /// The report there is was begun under other conditions.
    #[error("{} was begun under other conditions: {difference}; use another output file, or delete it to start anew", path.display())]
    Changed { path: PathBuf, difference: String },
    /// A part had no more time.
    #[error("its share of the time, {share_s:.0} s, was spent before it had an answer")]
    TimeSpent { share_s: f64 },
    /// A figure that cannot be given.
    #[error("there is no `{name}`: {reason}")]
    NoFigure { name: &'static str, reason: &'static str },
    /// Another process of this program failed.
    #[error("`profiler {command}` failed: {reason}")]
    Child { command: &'static str, reason: String },
    /// A sweep failed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A runtime failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A measurement failed.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// A thread could not be pinned.
    #[error(transparent)]
    Affinity(#[from] AffinityError),
    /// A bad report.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A report that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl BenchError {
    /// Whether only this part has no answer, for want of time or turns: others may have one.
    pub(super) fn is_want_of_time(&self) -> bool {
        match self {
            Self::TimeSpent { .. } | Self::NoFigure { .. } => true,
            Self::Sweep(SweepError::TooShort { .. }) => true,
            Self::Sweep(SweepError::Layers(error)) => matches!(error, LayersError::TooShort { .. }),
            Self::Stopped | Self::Emulated { .. } | Self::Changed { .. } | Self::Child { .. } => false,
            Self::Sweep(_) | Self::Backend(_) | Self::Measure(_) | Self::Affinity(_) => false,
            Self::Read(_) | Self::Write(_) => false,
        }
    }

    /// Whether the user's input is at fault (exit code 2) rather than the run (exit code 1).
    pub fn is_input(&self) -> bool {
        match self {
            Self::Emulated { .. } | Self::Changed { .. } | Self::Read(_) => true,
            Self::Sweep(error) => error.is_input(),
            Self::Backend(error) => !matches!(error, BackendError::Run { .. }),
            Self::Measure(_) | Self::Affinity(_) | Self::Stopped => false,
            Self::TimeSpent { .. } | Self::NoFigure { .. } | Self::Child { .. } | Self::Write(_) => false,
        }
    }
}
