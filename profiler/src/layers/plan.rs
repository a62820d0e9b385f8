//! How layers are measured, and where the measurement is.

/// How to trace.
#[derive(Clone, Debug, PartialEq)]
pub struct TracePlan {
    /// Done when the half widths of the 95 % intervals of a plain and of a traced run are at most this fraction of them.
    pub target_half_width: f64,
    /// Rounds at least; at least 6.
    pub min_rounds: usize,
    /// Rounds at most.
    pub max_rounds: usize,
    /// Time it may take in nanoseconds; more where six rounds do, without which there are no figures.
    pub budget_ns: u64,
    /// Runs of a kind that are timed in a round.
    pub runs: usize,
    /// A round takes fewer than these when they would take longer than this; one of each kind where two would.
    pub burst_ns: u64,
    /// After this long a runtime that keeps its notes to itself is made to give them away, so that a kill loses no more.
    pub stretch_ns: u64,
    /// Drift of the reference beyond which the session is flagged.
    pub drift_limit: f64,
}

impl Default for TracePlan {
    /// ±2 %, 12 to 200 rounds of up to eight runs of a kind, half a minute.
    fn default() -> Self {
        Self {
            target_half_width: 0.02,
            min_rounds: 12,
            max_rounds: 200,
            budget_ns: 30_000_000_000,
            runs: 8,
            burst_ns: 20_000_000,
            stretch_ns: 5_000_000_000,
            drift_limit: 0.15,
        }
    }
}

/// Where tracing is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceProgress {
    /// Rounds done.
    pub rounds: usize,
    /// Time spent in nanoseconds.
    pub spent_ns: u64,
    /// Time it may take in nanoseconds.
    pub budget_ns: u64,
    /// Wider of the two half widths, as a fraction.
    pub half_width: Option<f64>,
}
