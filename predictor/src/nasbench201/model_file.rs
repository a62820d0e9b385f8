//! The cell model file: a [`NetworksFile`] of the format `tailor-cell-model`.
//!
//! Coefficients are milliseconds per unit of [`super::cell_features`].

use profiler::record::{Level, Row};

use super::{Cell, CellModel, CellSample, NoCell};
use crate::error::{FitError, PredictorError};
use crate::interval::{Band, LogNormal};
use crate::regressor::Contribution;
use crate::whole::{NetworksFile, OfNetworks};

/// A [`CellModel`] with where it comes from.
pub type CellModelFile = NetworksFile<CellModel>;

/// Whether a row is of a whole NAS-Bench-201 network.
pub fn cell_of(row: &Row) -> Option<Cell> {
    if row.level == Level::Network && row.ops.is_empty() { row.subject.parse().ok() } else { None }
}

/// The NAS-Bench-201 networks among rows.
pub fn cell_samples(rows: &[Row]) -> Vec<CellSample> {
    rows.iter()
        .filter_map(|row| Some(CellSample { cell: cell_of(row)?, latency_ms: row.latency_ms }))
        .collect()
}

impl OfNetworks for CellModel {
    type Network = Cell;
    const FORMAT: &'static str = "tailor-cell-model";
    const VERSION: u32 = 1;
    const NETWORKS: &'static str = "NAS-Bench-201 network";

    fn network(&self, text: &str) -> Result<Cell, PredictorError> {
        text.parse().map_err(|wrong: NoCell| PredictorError::Subject { reason: wrong.to_string() })
    }

    fn network_of(&self, row: &Row) -> Option<Cell> {
        cell_of(row)
    }

    fn key(network: &Cell) -> String {
        network.to_string()
    }

    fn latency(&self, network: &Cell) -> Result<LogNormal, FitError> {
        self.predict(network)
    }

    fn terms(&self, network: &Cell) -> Result<Vec<Contribution>, FitError> {
        self.contributions(network)
    }

    fn quality(&self) -> (usize, Option<f64>, Band) {
        let chosen = self.candidates.iter().find(|(name, _)| *name == self.chosen);
        (self.rows, chosen.and_then(|(_, error)| *error), self.band)
    }

    fn check(&self) -> Result<(), String> {
        self.check_sizes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Scoring, test_rows};
    use crate::nasbench201::cell_features;
    use crate::rows::Subjects;

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
