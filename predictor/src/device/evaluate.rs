//! Scoring a model on a table.

use std::collections::BTreeSet;

use profiler::record::{Level, Row};
use profiler::spec::Latency;
use serde::Serialize;

use super::model::LatencyModel;
use crate::error::PredictorError;
use crate::interval::Prediction;
use crate::learn::{Scored, Scores};
use crate::network::NetworkModel;
use crate::op::OpModel;
use crate::work::OpEntry;

/// Which rows to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scoring {
    /// Those of subjects that the model was not fitted on.
    NewSubjects,
    /// All, those it was fitted on too.
    AllSubjects,
}

/// Scores by level; a level without rows is not there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Single ops, in the cache state of the model's op level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<Scores>,
    /// Whole networks, in the cache state of the model's network level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Scores>,
}

/// Rows that a model has no answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unanswered {
    /// How many rows.
    pub rows: usize,
    /// Their ops that the model cannot say anything of, and what is missing for each.
    pub ops: Vec<(String, String)>,
}

impl LatencyModel {
    /// Scores the model on rows.
    ///
    /// # Errors
    /// [`PredictorError::NothingToScore`] with advice when no row qualifies, [`PredictorError::Unanswered`] naming the ops
    /// of rows that the model cannot answer.
    pub fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        let (evaluation, unanswered) = self.evaluate_known(rows, scoring)?;
        let n = |scores: Option<Scores>| scores.map_or(0, |scores| scores.n);
        match unanswered.rows {
            0 => Ok(evaluation),
            rows => Err(PredictorError::Unanswered {
                rows,
                of: rows + n(evaluation.op) + n(evaluation.network),
                device: self.device_name(),
                ops: unanswered.ops,
            }),
        }
    }

    /// Scores the model on those rows that it can answer, and says which it cannot.
    ///
    /// # Errors
    /// [`PredictorError::NothingToScore`] with advice when no row qualifies.
    pub fn evaluate_known(
        &self,
        rows: &[Row],
        scoring: Scoring,
    ) -> Result<(Evaluation, Unanswered), PredictorError> {
        let in_state = |row: &&Row| {
            let (ops, networks) = self.level_of_row(row);
            match row.level {
                Level::Op => row.cache == ops.cache,
                Level::Network => row.cache == networks.cache && !row.ops.is_empty(),
            }
        };
        let new = |row: &&Row| scoring == Scoring::AllSubjects || !self.provenance.fitted.contains(row);
        let chosen: Vec<&Row> = rows.iter().filter(in_state).filter(new).collect();
        if chosen.is_empty() {
            let known = rows.iter().filter(in_state).count();
            return Err(PredictorError::NothingToScore(self.advice(known)));
        }
        let mut levels = [Vec::new(), Vec::new()];
        let mut unanswered = Unanswered::default();
        for row in chosen {
            let ops = OpEntry::all_of(row)?;
            let mut estimates = Vec::with_capacity(ops.len());
            let mut missing = Vec::new();
            let networks = self.level_of_row(row).1;
            for op in ops.iter().filter(|op| row.level == Level::Op || !networks.layout.leaves_out(op)) {
                match self.estimate_keyed(op) {
                    Ok(estimate) => estimates.push(networks.charged(op, estimate)),
                    Err(PredictorError::UnknownOp { op, reason, .. }) => missing.push((op, reason)),
                    Err(error) => return Err(error),
                }
            }
            if !missing.is_empty() {
                unanswered.rows += 1;
                unanswered.ops.extend(missing);
                continue;
            }
            let (level, prediction) = match row.level {
                Level::Op => (0, self.predict_keyed(&ops[0])?),
                Level::Network => (1, self.predict_at(&estimates, networks)?),
            };
            levels[level].push(scored(row, &prediction));
        }
        let mut seen = BTreeSet::new();
        unanswered.ops.retain(|(op, _)| seen.insert(op.clone()));
        let [op, network] = levels.map(|rows| Scores::of(&rows));
        Ok((Evaluation { op, network }, unanswered))
    }

    fn level_of_row(&self, row: &Row) -> (&OpModel, &NetworkModel) {
        self.level_of(row.op_keys().first().copied().unwrap_or_default())
    }

    fn advice(&self, known: usize) -> String {
        if known == 0 {
            let (ops, networks) = (self.ops.cache, self.networks.cache);
            return format!("the table has neither {ops} ops nor {networks} networks, which the model is of");
        }
        format!(
            "the model was fitted on all {known} rows that could be scored; fit it again with a fifth held out, give a \
             table of other subjects, or score those as well"
        )
    }
}

/// A row beside its prediction.
pub(super) fn scored(row: &Row, prediction: &Prediction) -> Scored {
    let [predicted, low, high] = [prediction.latency, prediction.low, prediction.high].map(Latency::ms);
    Scored { measured: row.latency_ms, predicted, low, high }
}
