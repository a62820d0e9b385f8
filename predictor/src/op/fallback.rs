//! What ops of one number format have in common.

use profiler::spec::Precision;
use serde::{Deserialize, Serialize};

use super::guess_interval::GuessBand;
use crate::{interval::Hull, regressor::Fitted};

/// Work terms over all kinds of one number format, for ops with work that their own kind's rows do not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pool {
    /// The work terms.
    pub(crate) fitted: Fitted,
    /// The work that its rows span.
    pub(crate) hull: Hull,
    /// How far off they are for a kind of which nothing was measured.
    #[serde(default = "GuessBand::assumed")]
    pub(crate) guess: GuessBand,
}

/// The number format of a kind of op.
pub(crate) fn precision_of(kind: &str) -> Precision {
    if kind.ends_with(Precision::Int8.suffix()) { Precision::Int8 } else { Precision::F32 }
}
