//! What can go wrong between a network and its layers' times.

use crate::backend::BackendError;
use crate::measure::{MeasureError, SubjectFailure};

/// Why there are no layer times.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum LayersError {
    /// The runtime failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The clock, the processor's count or the reference block failed.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// What was traced could not be recorded.
    #[error("cannot record what was traced: {0}")]
    Record(SubjectFailure),
    /// The user stopped it.
    #[error("stopped before the layers were known")]
    Stopped,
    /// The time was up too early.
    #[error(
        "{rounds} rounds of plain and traced runs are too few for a confidence interval, which needs 6: give it more time"
    )]
    TooShort { rounds: usize },
    /// The runtime's notes do not fit the runs.
    #[error("the runtime noted {noted} runs of node `{node}`, not {runs}")]
    Notes { node: String, noted: usize, runs: usize },
}
