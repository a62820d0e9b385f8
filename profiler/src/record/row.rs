//! One line of a measurement table.

use serde::{Deserialize, Serialize};

use crate::measure::Speed;
use crate::spec::{Architecture, OpSpec, SpecError, TracedOp, named};

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One op by itself.
    Op,
    /// A whole network.
    Network,
}

/// What the caches held when a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cache {
    /// The run before was the same subject's.
    Hot,
    /// Other subjects ran just before.
    Cold,
    /// The op ran inside a network.
    InPlace,
}

named!(Cache, "state of the caches", Hot = "hot", Cold = "cold", InPlace = "in_place");

/// Whether a figure is as exact as was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The confidence interval is within the target.
    Ok,
    /// The budget was spent before the confidence interval was within the target.
    Wide,
    /// The machine was too busy for six undisturbed turns: the figure rests on the processor's time of pre-empted runs.
    Preempted,
    /// The machine had the speed in fewer than six of the subject's turns: the figure is of turns at other speeds, divided by how
    /// much slower those are on average over all subjects. It may be 10 % off and more.
    Scaled,
    /// The machine was never as fast as it is known to be: the figure is of a slower one.
    Slow,
    /// Most of the turns behind the figure were taken while others used the same cores or their siblings.
    Contended,
}

/// Version of the table's format that is written, and the only one that is read.
pub const TABLE_VERSION: u32 = 3;

/// One subject in one cache state. Its fields are the table's columns, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Version of the table's format; [`TABLE_VERSION`].
    pub table_version: u32,
    /// Op key, or a network's key (`net-…`, see [`Architecture::key`]; of a foreign network, its name).
    pub subject: String,
    /// Op or network.
    pub level: Level,
    /// Cache state.
    pub cache: Cache,
    /// Which of the machine's speeds the figure is of; `None` where that is not known, as in imported tables.
    pub speed: Option<Speed>,
    /// The figure to use: mean of the middle half of the calm turns' medians at that speed, corrected for the machine's slowness.
    pub latency_ms: f64,
    /// Median of turn medians as measured.
    pub raw_median_ms: f64,
    /// Shortest run as measured.
    pub min_ms: f64,
    /// 90th percentile over runs as measured.
    pub p90_ms: f64,
    /// Lower end of the 95 % confidence interval of `latency_ms`.
    pub ci_low_ms: f64,
    /// Upper end of the 95 % confidence interval of `latency_ms`.
    pub ci_high_ms: f64,
    /// Repeat-to-repeat spread: the 10-90 % range of the turn medians, corrected for drift, over `latency_ms`. A
    /// fraction, and the noise floor against which an error of prediction is read.
    pub spread: f64,
    /// Timed runs used.
    pub runs: u64,
    /// Timed runs dropped because the thread was pre-empted.
    pub dropped_runs: u64,
    /// Whether the confidence interval is within the target.
    pub status: Status,
    /// Id of the session (see the session file beside the table).
    pub session: String,
    /// For networks: the keys of their ops, separated by spaces. Empty for ops, and for foreign networks whose ops are not
    /// known.
    pub ops: String,
}

impl Row {
    /// Largest latency accepted: ten minutes.
    const MAX_MS: f64 = 600_000.0;

    /// A row about one run that took exactly this long: what others are made of by struct update.
    pub fn exact(subject: &str, level: Level, cache: Cache, latency_ms: f64) -> Self {
        Self {
            table_version: TABLE_VERSION,
            subject: subject.to_owned(),
            level,
            cache,
            speed: None,
            latency_ms,
            raw_median_ms: latency_ms,
            min_ms: latency_ms,
            p90_ms: latency_ms,
            ci_low_ms: latency_ms,
            ci_high_ms: latency_ms,
            runs: 1,
            dropped_runs: 0,
            spread: 0.0,
            status: Status::Ok,
            session: String::new(),
            ops: String::new(),
        }
    }

    /// Keys of the ops of a network row, or of the op of an op row.
    pub fn op_keys(&self) -> Vec<&str> {
        match self.level {
            Level::Op => vec![&self.subject],
            Level::Network => self.ops.split_whitespace().collect(),
        }
    }

    /// The ops of a network row, or the op of an op row.
    ///
    /// # Errors
    /// [`SpecError::Key`], for ops that were traced inside a foreign network as well ([`TracedOp`]).
    pub fn op_specs(&self) -> Result<Vec<OpSpec>, SpecError> {
        self.op_keys().into_iter().map(str::parse).collect()
    }

    /// Checks that the row makes sense by itself.
    ///
    /// # Errors
    /// [`RowError`] naming column and value.
    pub fn check(&self) -> Result<(), RowError> {
        check_version(&self.table_version.to_string())?;
        let numbers = [
            ("latency_ms", self.latency_ms),
            ("raw_median_ms", self.raw_median_ms),
            ("min_ms", self.min_ms),
            ("p90_ms", self.p90_ms),
            ("ci_low_ms", self.ci_low_ms),
            ("ci_high_ms", self.ci_high_ms),
        ];
        for (column, value) in numbers {
            if !(value.is_finite() && value > 0.0 && value <= Self::MAX_MS) {
                return Err(RowError::Milliseconds { column, value });
            }
        }
        if !(self.ci_low_ms <= self.latency_ms && self.latency_ms <= self.ci_high_ms) {
            let (ms, low, high) = (self.latency_ms, self.ci_low_ms, self.ci_high_ms);
            return Err(RowError::Interval { ms, low, high });
        }
        if !(self.spread.is_finite() && self.spread >= 0.0) {
            return Err(RowError::Spread(self.spread));
        }
        if self.runs == 0 {
            return Err(RowError::NoRuns);
        }
        let keys = self.op_keys();
        if keys.iter().any(|key| key.contains(TracedOp::SIGN)) {
            // A foreign network: its name is its own, and its ops need not follow one another.
            return keys.into_iter().try_for_each(|key| Ok(key.parse::<TracedOp>().map(drop)?));
        }
        let ops = self.op_specs()?;
        if self.level == Level::Network && !ops.is_empty() {
            let network = Architecture::new(&self.subject, None, ops)?;
            if network.key() != self.subject {
                return Err(RowError::OtherOps { subject: self.subject.clone(), made: network.key() });
            }
        }
        Ok(())
    }
}

/// Refuses all versions but [`TABLE_VERSION`].
pub(super) fn check_version(found: &str) -> Result<(), RowError> {
    if found.trim().parse() == Ok(TABLE_VERSION) {
        return Ok(());
    }
    Err(RowError::Version(found.to_owned()))
}

/// What is wrong with a row by itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum RowError {
    /// A table of another version.
    #[error(
        "table_version {0} is not known, expected {TABLE_VERSION}; give the `profiler run` that measured it again, and it is written anew from its journal"
    )]
    Version(String),
    /// No latency.
    #[error("{column} is {value}, expected a number above 0 and at most 600000")]
    Milliseconds { column: &'static str, value: f64 },
    /// A latency beside its own interval.
    #[error("latency_ms {ms} is outside its interval {low} to {high}")]
    Interval { ms: f64, low: f64, high: f64 },
    /// No spread.
    #[error("spread is {0}, expected a fraction, 0 or more")]
    Spread(f64),
    /// A figure of nothing.
    #[error("runs is 0, expected at least 1")]
    NoRuns,
    /// Ops that make no sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A network that is not made of its ops.
    #[error("subject is `{subject}`, but its ops make `{made}`")]
    OtherOps { subject: String, made: String },
}
