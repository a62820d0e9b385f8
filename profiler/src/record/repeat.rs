//! Measurements of one op, where a table has several, or says what they were taken together with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One measurement of an op.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// Milliseconds; above 0.
    pub latency_ms: f64,
    /// With what it was taken, and what is new as a whole later: the network that the op was traced in, the resolution of a
    /// series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// Measurements of one session by the key of their op.
pub type OpRepeats = BTreeMap<String, Vec<Repeat>>;
