//! What ops of one number format have in common.

use profiler::spec::Precision;
use serde::{Deserialize, Serialize};

use super::guess_interval::GuessInterval;
use crate::{interval::TrainingRange, regressor::Fitted};

/// Work terms over all kinds of one number format, for ops with work that their own kind's rows do not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FallbackModel {
    /// The work terms.
    pub(crate) fitted: Fitted,
    /// The work that its rows span.
    pub(crate) training_range: TrainingRange,
    /// How far off they are for a kind of which nothing was measured.
    #[serde(default = "GuessInterval::assumed")]
    pub(crate) guess: GuessInterval,
}

/// The number format of a kind of op.
pub(crate) fn precision_of(kind: &str) -> Precision {
    // Traced kinds have no hyphens.
    let is_int8 = kind.ends_with(Precision::Int8.suffix()) || kind.ends_with("_int8");
    if is_int8 { Precision::Int8 } else { Precision::F32 }
}
