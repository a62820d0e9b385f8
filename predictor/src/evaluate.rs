//! Scoring a model on a table.

use profiler::record::{Level, Row};
use serde::Serialize;

use crate::{
    KeyedOp, LatencyModel, Prediction, PredictorError,
    metrics::{Scored, Scores},
};

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

impl LatencyModel {
    /// Scores the model on rows.
    ///
    /// # Errors
    /// [`PredictorError::NothingToScore`] with advice when no row qualifies, [`PredictorError::UnknownOp`] for a row that
    /// the model cannot answer.
    pub fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        let in_state = |row: &&Row| match row.level {
            Level::Op => row.cache == self.ops.cache,
            Level::Network => row.cache == self.networks.cache && !row.ops.is_empty(),
        };
        let new = |row: &&Row| scoring == Scoring::AllSubjects || !self.provenance.fitted.contains(row);
        let chosen: Vec<&Row> = rows.iter().filter(in_state).filter(new).collect();
        if chosen.is_empty() {
            let known = rows.iter().filter(in_state).count();
            return Err(PredictorError::NothingToScore(self.advice(known)));
        }
        let mut levels = [Vec::new(), Vec::new()];
        for row in chosen {
            let ops = KeyedOp::all_of(row)?;
            let (level, prediction) = match row.level {
                Level::Op => (0, self.predict_keyed(&ops[0])?),
                Level::Network => {
                    let estimates = ops.iter().map(|op| self.estimate_keyed(op));
                    (1, self.predict_estimates(&estimates.collect::<Result<Vec<_>, _>>()?)?)
                }
            };
            levels[level].push(scored(row, &prediction));
        }
        let [op, network] = levels.map(|rows| Scores::of(&rows));
        Ok(Evaluation { op, network })
    }

    fn advice(&self, known: usize) -> String {
        if known == 0 {
            let (ops, networks) = (self.ops.cache, self.networks.cache);
            return format!("the table has neither {ops} ops nor {networks} networks, which the model is of");
        }
        format!(
            "the model was fitted on all {known} rows that could be scored; fit it again with --hold-out 0.2, give a \
             table of other subjects, or pass --include-fitted"
        )
    }
}

fn scored(row: &Row, prediction: &Prediction) -> Scored {
    Scored {
        measured: row.latency_ms,
        predicted: prediction.latency.ms(),
        low: prediction.low.ms(),
        high: prediction.high.ms(),
    }
}
