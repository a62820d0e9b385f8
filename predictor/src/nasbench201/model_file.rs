//! The cell model file: JSON, one object.
//!
//! `format` is `tailor-cell-model`, `version` 1. `conditions`, `tables`, `fitted_at`, `tool_version`, `fitted` and `held_out` as
//! in a latency model; `model` a [`CellModel`]. Coefficients are milliseconds per unit of [`super::cell_features`].

use std::path::Path;

use profiler::record::{Conditions, Level, ReadError, Row, read_document, write_document};
use serde::{Deserialize, Serialize};

use super::{Cell, CellModel, CellSample};
use crate::{
    device::{Evaluation, Scoring},
    error::PredictorError,
    learn::{Scored, Scores},
    rows::{Measurements, Subjects, TableFacts},
};

const FORMAT: &str = "tailor-cell-model";
const VERSION: u32 = 1;

/// A [`CellModel`] with where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellModelFile {
    /// Device, runtime, threads, processors and build target of the rows.
    pub conditions: Conditions,
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Version of the predictor.
    pub tool_version: String,
    /// When it was fitted, UTC, RFC 3339.
    pub fitted_at: String,
    /// Subjects fitted on.
    pub fitted: Subjects,
    /// Subjects kept from the fit.
    pub held_out: Subjects,
    /// The model.
    pub model: CellModel,
}

/// Whether a row is of a whole NAS-Bench-201 network.
pub fn cell_of(row: &Row) -> Option<Cell> {
    if row.level == Level::Network && row.ops.is_empty() { row.subject.parse().ok() } else { None }
}

/// The NAS-Bench-201 networks among rows.
#[must_use]
pub fn cell_samples(rows: &[Row]) -> Vec<CellSample> {
    rows.iter()
        .filter_map(|row| Some(CellSample { cell: cell_of(row)?, latency_ms: row.latency_ms }))
        .collect()
}

impl CellModelFile {
    /// A model with where it comes from.
    #[must_use]
    pub fn new(model: CellModel, measurements: &Measurements, held_out: &Subjects) -> Self {
        Self {
            conditions: measurements.conditions.clone(),
            tables: measurements.tables.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            fitted_at: jiff::Timestamp::now().to_string(),
            fitted: Subjects::of(&measurements.rows).without(held_out),
            held_out: held_out.clone(),
            model,
        }
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`ReadError`] naming the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file: Self = read_document(path, FORMAT, VERSION)?;
        let wrong = |reason| ReadError::Content { path: path.to_owned(), reason };
        file.model.check().map_err(wrong)?;
        Ok(file)
    }

    /// Writes the model, whole or not at all.
    ///
    /// # Errors
    /// [`PredictorError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), PredictorError> {
        Ok(write_document(path, FORMAT, VERSION, self)?)
    }

    /// Scores the model on rows.
    ///
    /// # Errors
    /// [`PredictorError::NothingToScore`] when no row qualifies or one has no answer.
    pub fn evaluate(&self, rows: &[Row], scoring: Scoring) -> Result<Evaluation, PredictorError> {
        let new = |row: &&Row| scoring == Scoring::AllSubjects || !self.fitted.contains(row);
        let mut scored = Vec::new();
        for row in rows.iter().filter(new) {
            let Some(cell) = cell_of(row) else { continue };
            let found = self
                .model
                .predict(&cell)
                .map_err(|error| PredictorError::NothingToScore(error.to_string()))?;
            let factor = found.log_half_width.exp();
            scored.push(Scored {
                measured: row.latency_ms,
                predicted: found.ms,
                low: found.ms / factor,
                high: found.ms * factor,
            });
        }
        let advice = "the table has no NAS-Bench-201 network that the model was not fitted on; fit it again with \
                      a fifth held out, give a table of other networks, or score those as well";
        let network = Scores::of(&scored).ok_or_else(|| PredictorError::NothingToScore(advice.to_owned()))?;
        Ok(Evaluation { op: None, network: Some(network) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device::test_rows, nasbench201::cell_features};

    fn rows() -> Vec<Row> {
        let row = |cell: Cell| Row {
            level: Level::Network,
            subject: cell.to_string(),
            // A little that no sum of terms explains.
            ..test_rows::op_row(
                "",
                (0.5 + cell_features(&cell)[1]) * (1.0 + cell_features(&cell)[3].powi(3) / 99.0),
            )
        };
        Cell::all().step_by(61).map(row).collect()
    }

    #[test]
    fn a_model_reloads_to_the_same_bits_and_scores() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        let rows = rows();
        let model = CellModel::fit(&cell_samples(&rows[..200]), 0).unwrap();
        let measured = test_rows::measurements(rows[..200].to_vec());
        let file = CellModelFile::new(model, &measured, &Subjects::default());
        file.write(&path).unwrap();
        let reloaded = CellModelFile::read(&path).unwrap();
        assert_eq!(reloaded, file);
        let scores = file.evaluate(&rows, Scoring::NewSubjects).unwrap().network.unwrap();
        assert_eq!(scores.n, rows.len() - 200);
        assert!(scores.mape < 0.05, "{scores:?}");
        let error = file.evaluate(&rows[..200], Scoring::NewSubjects).unwrap_err().to_string();
        assert!(error.contains("a fifth held out"), "{error}");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"coefficients_ms\": [", "\"coefficients_ms\": [1.0, ", 1))
            .unwrap();
        assert!(CellModelFile::read(&path).unwrap_err().to_string().contains("92 coefficients, expected 91"));
    }
}
