//! Where a model comes from.

use profiler::record::Cache;
use serde::{Deserialize, Serialize};

use crate::rows::{Subjects, TableFacts};

/// How well the ops of a cache state explain the networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheReport {
    /// Cache state of the op rows.
    pub cache: Cache,
    /// Ops measured in it.
    pub ops: usize,
    /// Mean absolute relative error over networks left out one at a time; nothing when there are too few.
    pub loo_mape: Option<f64>,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the predictor.
    pub tool_version: String,
    /// When it was fitted, UTC, RFC 3339.
    pub fitted_at: String,
    /// Seed of folds.
    pub seed: u64,
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// The cache states of op rows that were weighed.
    pub op_caches: Vec<CacheReport>,
    /// Subjects fitted on.
    pub fitted: Subjects,
    /// Subjects kept from the fit.
    pub held_out: Subjects,
    /// Models of known devices that were transferred from; none for a model that is fitted to its tables alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_devices: Vec<String>,
}
