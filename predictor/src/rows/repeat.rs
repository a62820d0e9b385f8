//! Measurements of one op, where a table has several, or says what they were taken together with.

use std::collections::BTreeMap;

pub(crate) use profiler::record::{OpRepeats, Repeat};

/// Measurements by their session.
pub(crate) type Repeats = BTreeMap<String, OpRepeats>;
