//! What can go wrong.

mod fit;

use std::path::PathBuf;

use profiler::onnx::ShapeError;
use profiler::record::{ReadError, WriteError};
use profiler::spec::{OpSpec, SpecError};

pub use fit::{FitError, NoAnswer};

/// Why there is no model or no prediction.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum PredictorError {
    /// A file that cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An op or network that does not make sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// An op for which the model has no ground to say anything.
    #[error("no latency for `{op}` on {device}: {reason}")]
    UnknownOp { op: String, device: String, reason: String },
    /// A network with ops for which the model has no ground to say anything.
    #[error("no latency for {} of the ops of `{network}` on {device}: {}; {} guesses, whose intervals are wide", ops.len(), list(ops), advice(ops))]
    Unmeasured { network: String, device: String, ops: Vec<(String, String)> },
    /// A network of which too little is known for an answer.
    #[error(
        "`{network}` is known only within a factor of {factor:.1} on {device}{}, most of which is due to {}; measure networks with \
         such layers",
        notes.iter().map(|note| format!(" ({note})")).collect::<String>(),
        shares(&parts[..NAMED.min(parts.len())]) + &more(parts.len())
    )]
    TooWide { network: String, device: String, factor: f64, parts: Vec<(String, f64)>, notes: Vec<String> },
    /// Rows of a table with ops for which the model has no ground to say anything.
    #[error(
        "no latency for {rows} of {of} rows on {device}: {}; measure such ops, or skip them to score the others",
        list(&ops[..NAMED.min(ops.len())]) + &more(ops.len())
    )]
    Unanswered { rows: usize, of: usize, device: String, ops: Vec<(String, String)> },
    /// A network that cannot be read.
    #[error("{network}: {reason}")]
    Network { network: String, reason: String },
    /// A network whose shapes are not known.
    #[error("{network}: {source}")]
    Shape { network: String, source: Box<ShapeError> },
    /// Some networks of a folder without an answer, or without a measurement that was asked for.
    #[error("{} of the networks could not be predicted or measured: {}; the others are above", networks.len(), networks.join(", "))]
    Lost { networks: Vec<String> },
    /// Tables that do not belong together.
    #[error("{} and {} differ in {difference}; fit one model each, or allow mixing them", first.display(), second.display())]
    Mixed { first: PathBuf, second: PathBuf, difference: String },
    /// Figures of several of a machine's speeds, or of another one than was asked for.
    #[error("the tables have figures of the {found} speed of the machine{}; name one: fast or sustained", asked.map_or_else(String::new, |speed| format!(", not of the {speed} one")))]
    Speeds { found: String, asked: Option<profiler::measure::Speed> },
    /// A table whose figures are no timings.
    #[error("{}: its figures are emulated by `{runtime}`, no timings; they are used only where that is allowed", table.display())]
    Emulated { table: PathBuf, runtime: String },
    /// A table measured elsewhere than the model.
    #[error("{} and the model differ in {difference}; it is scored only where that is allowed", table.display())]
    OtherConditions { table: PathBuf, difference: String },
    /// A row of another session than the session file's.
    #[error("{}: row of `{subject}` is of session `{found}`, but {} describes session `{expected}`", table.display(), session_file.display())]
    ForeignSession { table: PathBuf, subject: String, found: String, session_file: PathBuf, expected: String },
    /// A foreign table that gives no measurement table.
    #[error("{}: {reason}", file.display())]
    NothingImported { file: PathBuf, reason: String },
    /// Rows from which nothing can be fitted.
    #[error("cannot fit: {0}")]
    CannotFit(String),
    /// Samples to which nothing can be fitted.
    #[error("cannot fit: {0}")]
    Fit(#[from] FitError),
    /// Rows none of which can be scored.
    #[error("nothing to score: {0}")]
    NothingToScore(String),
    /// An option whose value makes no sense.
    #[error("{option} is {value}, expected {expected}")]
    Option { option: &'static str, value: String, expected: &'static str },
    /// Sizes of a network's input that make no sense.
    #[error(transparent)]
    InputShape(#[from] ShapeError),
    /// Numbers that are no probabilities or parameters of a network's candidates.
    #[error("probabilities of candidates: {0}")]
    Probabilities(String),
    /// Latencies of candidates that no search can use.
    #[error("the latency model predicts {0}")]
    NotForSearch(String),
    /// A subject that is neither an op key nor a file.
    #[error("{reason}; nor is it the path of an architecture file (.json) or of a network (.onnx)")]
    Subject { reason: String },
}

/// How many ops of a table are named: it may have thousands.
const NAMED: usize = 8;

/// How many there are beyond those that are named.
fn more(all: usize) -> String {
    match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    }
}

/// Layers with their share of what is not known.
fn shares(parts: &[(String, f64)]) -> String {
    let each = parts.iter().map(|(op, share)| format!("`{op}` ({:.0} %)", 100.0 * share));
    each.collect::<Vec<_>>().join(", ")
}

/// Ops with what is missing; those that lack the same together.
fn list(ops: &[(String, String)]) -> String {
    let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
    for (op, reason) in ops {
        let op = format!("`{op}`");
        match by_reason.iter_mut().find(|(known, _)| known == reason) {
            Some((_, ops)) if ops.contains(&op) => {}
            Some((_, ops)) => ops.push(op),
            None => by_reason.push((reason, vec![op])),
        }
    }
    let parts = by_reason.into_iter().map(|(reason, ops)| format!("{} ({reason})", ops.join(", ")));
    parts.collect::<Vec<_>>().join("; ")
}

/// What can be measured is what has a key.
fn advice(ops: &[(String, String)]) -> &'static str {
    match ops.iter().filter(|(op, _)| op.parse::<OpSpec>().is_ok()).count() {
        0 => "no op key describes such: allow",
        keys if keys == ops.len() => "measure such ops, or allow",
        _ => "measure those that have an op key, or allow",
    }
}

impl PredictorError {
    /// Whether the user's input is at fault (exit code 2) rather than the run (exit code 1).
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write(_) | Self::Lost { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_thousands_of_unknown_ops_makes_a_short_line() {
        let ops = (0..5000).map(|i| (format!("op{i}"), "no such kind".to_owned())).collect();
        let error = PredictorError::Unanswered { rows: 5000, of: 6000, device: "d".to_owned(), ops };
        let text = error.to_string();
        assert!(text.contains("`op7` (no such kind); and 4992 more; measure"));
        assert!(text.contains("5000 of 6000 rows") && !text.contains("op8"));
    }
}
