//! Rows of foreign tables as samples, and op models scored on them.

use profiler::record::Cache;

use crate::error::PredictorError;
use crate::import::{ImportedRow, Subject};
use crate::learn::{Scored, Scores};
use crate::op::OpModel;
use crate::rows::{Sample, merge};
use crate::work::OpEntry;

/// Relative noise of a row where a table says nothing of it.
const NOISE: f64 = 0.01;

/// The op of a row, its latency and its relative noise.
fn op_of(row: &ImportedRow) -> Option<(&OpEntry, f64, f64)> {
    let noise = match (row.std_ms, row.runs) {
        (Some(std), Some(runs)) => (std / row.latency_ms / (runs.max(1) as f64).sqrt()).hypot(NOISE),
        _ => NOISE,
    };
    match &row.subject {
        Subject::Op(op) => Some((op, row.latency_ms, noise)),
        Subject::Cell(_) | Subject::Network(_) | Subject::Traced { .. } => None,
    }
}

/// A sample per distinct op: rows of one op are one measured op.
pub(super) fn samples<'a>(rows: impl Iterator<Item = &'a ImportedRow>) -> Vec<Sample> {
    let sample = |row: &ImportedRow| {
        let (op, latency_ms, noise) = op_of(row)?;
        Some(Sample { group: row.group.clone(), ..Sample::of(op.clone(), latency_ms, noise) })
    };
    merge(rows.filter_map(sample).collect())
}

/// Fits, and says what was chosen for the kind with most rows.
pub(super) fn fit(samples: &[Sample]) -> Result<(OpModel, String), PredictorError> {
    let model = OpModel::fit(samples, Cache::Hot, 0)?;
    let chosen = model.chosen().to_owned();
    Ok((model, chosen))
}

/// Scores a model on rows.
pub(super) fn score<'a>(
    model: &OpModel,
    rows: impl Iterator<Item = &'a ImportedRow>,
) -> Result<Scores, PredictorError> {
    scores(&scored(model, rows)?)
}

/// Scores of predictions; an error for none.
pub(super) fn scores(scored: &[Scored]) -> Result<Scores, PredictorError> {
    Scores::of(scored).ok_or_else(|| PredictorError::NothingToScore("no row is left for testing".to_owned()))
}

/// What a model says of rows.
pub(super) fn scored<'a>(
    model: &OpModel,
    rows: impl Iterator<Item = &'a ImportedRow>,
) -> Result<Vec<Scored>, PredictorError> {
    let mut scored = Vec::new();
    for (op, measured, _) in rows.filter_map(op_of) {
        let estimate = model.estimate_keyed(op);
        let estimate = estimate.map_err(|e| PredictorError::NothingToScore(format!("{}: {e}", op.key)))?;
        scored.push(Scored::new(measured, estimate.combined.ms, estimate.combined.log_half_width));
    }
    Ok(scored)
}
