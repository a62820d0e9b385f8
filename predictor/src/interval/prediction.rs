//! A predicted latency with its interval and what should be known of it.

use std::fmt;

use profiler::spec::Latency;
use serde::Serialize;

/// A latency known up to a factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogNormal {
    /// Milliseconds; above 0.
    pub ms: f64,
    /// Standard deviation of its logarithm.
    pub deviation: f64,
    /// Half-width of the 90 % interval on log scale.
    pub log_half_width: f64,
}

/// What a reader of a prediction should know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "flag", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flag {
    /// The op has more or less of some work than any measured op of its kind.
    OutsideMeasured {
        /// The work term that is furthest outside.
        term: &'static str,
        /// By what the interval was widened.
        factor: f64,
    },
    /// What was measured says little of the op.
    HardlyKnown {
        /// Within what factor either way it is known.
        factor: f64,
    },
    /// Too few rows of the kind to know the error well.
    FewRows {
        /// The kind.
        kind: String,
        /// Its measured ops.
        rows: usize,
    },
    /// No whole network was measured: the sum of the ops is taken for the network.
    NoNetworks,
    /// Too few whole networks to know the error well.
    FewNetworks {
        /// How many.
        rows: usize,
    },
    /// The model was fitted to emulated figures: this is no timing.
    Emulated,
    /// Such an op was measured by itself only, not inside of networks, which the network's others were.
    MeasuredAlone,
    /// No op key describes it: its kind's model is asked by its work.
    ByWork,
    /// Nothing was measured of such an op: this is a guess.
    Guessed {
        /// On what it rests.
        basis: GuessBasis,
        /// Measured kinds that were guessed at in the same way, each by the others, for the interval; from nine on they
        /// alone do, fewer can only widen what is assumed.
        kinds: usize,
    },
    /// What it multiplies is not known, and so no part of the guess.
    Uncounted,
    /// Batch normalizations are not counted, though the runtime computes them unless they are folded into the weights.
    FoldedNormalizations {
        /// How many.
        count: usize,
    },
    /// Its ops sum to more or less than those of any measured network.
    NetworkOutside {
        /// Their sum in milliseconds.
        sum_ms: f64,
        /// The least and largest sum of measured networks in milliseconds.
        measured_ms: (f64, f64),
        /// By what the interval was widened.
        factor: f64,
    },
    /// Some ops of the network are flagged themselves.
    FlaggedOps {
        /// How many.
        ops: usize,
    },
}

/// On what a guess rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuessBasis {
    /// What the same work costs in other kinds of op.
    OtherKinds,
    /// How much it moves and multiplies, at the median pace of the measured ops.
    Moved,
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutsideMeasured { term, factor } => {
                write!(f, "outside what was measured ({term}); interval widened {factor:.1} times")
            }
            Self::HardlyKnown { factor } => {
                write!(
                    f,
                    "hardly known: what was measured tells it within a factor of {factor:.0} either way"
                )
            }
            Self::FewRows { kind, rows } => write!(f, "only {rows} measured ops of kind {kind}"),
            Self::NoNetworks => f.write_str("no whole network was measured: this is a mere sum of ops"),
            Self::FewNetworks { rows } => write!(f, "only {rows} measured networks"),
            Self::MeasuredAlone => f.write_str("measured by itself only, not inside of networks"),
            Self::ByWork => f.write_str("no op key describes it: predicted by its work"),
            Self::Guessed { basis, kinds } => {
                let basis = match basis {
                    GuessBasis::OtherKinds => {
                        "no such op was measured; by what its work costs in other kinds"
                    }
                    GuessBasis::Moved => "no such work was measured; by what it moves and multiplies",
                };
                write!(f, "a guess: {basis}; interval by guesses at {kinds} measured kinds")
            }
            Self::Uncounted => write!(f, "what it multiplies is not known, and no part of the guess"),
            Self::FoldedNormalizations { count } => write!(
                f,
                "{count} batch normalizations counted as folded into the weights; the runtime computes them unless they are"
            ),
            Self::NetworkOutside { sum_ms, measured_ms: (low, high), factor } => write!(
                f,
                "its ops sum to {sum_ms:.4} ms, those of measured networks to {low:.4} to {high:.4} ms; interval widened \
                 {factor:.1} times"
            ),
            Self::Emulated => f.write_str("emulated figures, no timings"),
            Self::FlaggedOps { ops } => write!(f, "{ops} of its ops are flagged"),
        }
    }
}

/// A predicted latency.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The most likely value.
    pub latency: Latency,
    /// Lower end of the 90 % interval.
    pub low: Latency,
    /// Upper end of the 90 % interval.
    pub high: Latency,
    /// What should be known of it.
    pub flags: Vec<Flag>,
}

impl Prediction {
    /// A prediction of `ms`, times and divided by `exp(log_half_width)`; nothing when that is no latency, or one that nobody waits for.
    pub(crate) fn new(ms: f64, log_half_width: f64, flags: Vec<Flag>) -> Option<Self> {
        /// Ten minutes: beyond lies what broken model files give.
        const MOST_MS: f64 = 600_000.0;
        let latency = |ms| Latency::from_ms(ms).ok();
        let factor = log_half_width.exp();
        let is_believed = ms <= MOST_MS;
        let (low, high) = (latency(ms / factor)?, latency(ms * factor)?);
        latency(ms).filter(|_| is_believed).map(|latency| Self { latency, low, high, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_waits_for_is_no_latency() {
        let is_some = |ms: f64| Prediction::new(ms, 0.1, Vec::new()).is_some();
        assert!(is_some(0.001) && is_some(600_000.0));
        assert!(![600_001.0, 1e300, f64::INFINITY, f64::NAN, -1.0].into_iter().any(is_some));
    }
}
