//! Why a regressor or a prior cannot be fitted, and why a model says nothing of an op.

use profiler::record::Cache;

/// Why nothing can be fitted to samples.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum FitError {
    /// Fewer samples than it needs.
    #[error("{found} samples, needs {needed}")]
    TooFew { found: usize, needed: usize },
    /// More samples than it takes.
    #[error("{found} samples, takes at most {most}")]
    TooMany { found: usize, most: usize },
    /// Fewer NAS-Bench-201 networks than a model needs.
    #[error("{found} networks, needs {needed}; see `predictor transfer`")]
    TooFewNetworks { found: usize, needed: usize },
    /// Fewer known devices than a prior needs.
    #[error("{0} known devices, needs 2")]
    TooFewDevices(usize),
    /// Samples that no coefficient above 0 explains.
    #[error("{0} samples give no coefficient above 0")]
    NoCoefficient(usize),
    /// Equations without a finite solution, and what they are of.
    #[error("{0}")]
    NoSolution(&'static str),
    /// What the solver says.
    #[error("{0}")]
    Solver(String),
    /// A regressor that only known devices' models make.
    #[error("needs models of known devices; see `predictor transfer`")]
    NeedsKnownDevices,
    /// Nothing of a kind that is needed.
    #[error("no {0}")]
    Missing(&'static str),
    /// Known devices whose ops are of different cache states.
    #[error("the known devices' ops are measured {0} and {1}; give models of one state")]
    Caches(Cache, Cache),
    /// A known device whose model gives no positive latency for an op, or an op of a kind.
    #[error("{0}")]
    NoLatency(String),
    /// An op that a known device's model cannot answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
}

impl FitError {
    /// A known device whose model gives no positive latency for an op.
    pub(crate) fn no_latency_of(op: &str) -> Self {
        Self::NoLatency(format!("{op}: a known device gives no latency for it"))
    }
}

/// What a model of ops lacks to answer for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// An op of a kind that was not measured.
    #[error("no op of kind `{0}` was measured")]
    Kind(String),
    /// An op of a number format that was not measured.
    #[error("no op of its number format was measured")]
    NumberFormat,
    /// An op with work that no measured op has.
    #[error("nothing that was measured has `{0}`")]
    Term(&'static str),
    /// A latency that is not positive.
    #[error("the model gives no positive latency for it")]
    NotPositive,
}

impl From<NoAnswer> for String {
    fn from(error: NoAnswer) -> Self {
        error.to_string()
    }
}
