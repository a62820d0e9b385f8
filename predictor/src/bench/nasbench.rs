//! Whole NAS-Bench-201 networks of two devices.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Entry, Figure, Finding, Goal, means, score::scores};
use crate::error::PredictorError;
use crate::import::{Source, Subject};
use crate::learn::{Scored, Scores};
use crate::nasbench201::{CellModel, CellSample};

pub(super) const ENTRY: Entry = Entry {
    file: "nasbench201_*",
    what: "of fewer devices: networks",
    fits: |_| true,
    task: devices,
    pairs: None,
};
const TEST_ROWS: usize = 400;
const SEEDS: u64 = 5;
/// The mean error to reach where it is known what the labels' noise allows.
const REACHABLE: [(&str, f64); 2] = [("pixel4_cortexA76_mean_ms", 0.022), ("mi9_adreno640_mean_ms", 0.004)];

/// The networks of a table as a device ran them.
pub(super) fn cells(bench: &Bench<'_>, table: &str, column: &str) -> Result<Vec<CellSample>, PredictorError> {
    let (kind, latency_column) = (Some("nasbench201".to_owned()), Some(column.to_owned()));
    let imported = bench.read(table, "csv", Source { kind, latency_column, ..Source::default() })?;
    let cells = imported.rows.iter().filter_map(|row| match row.subject {
        Subject::Cell(cell) => Some(CellSample { cell, latency_ms: row.latency_ms }),
        Subject::Op(_) | Subject::Network(_) | Subject::Traced { .. } => None,
    });
    Ok(cells.collect())
}

fn devices(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    for column in bench.latencies(table)? {
        let known = REACHABLE.iter().find(|(name, _)| *name == column);
        let mape = known.map(|(_, mape)| Goal::AtMost(*mape));
        let samples = cells(bench, table, &column)?;
        let test_rows = TEST_ROWS.min(samples.len() / 5);
        let mut chosen = String::new();
        let [error, within_10, coverage, rmse_ms] = means(SEEDS, |seed| {
            bench.say(&format!("{table}: {column}, split {} of {SEEDS}", seed + 1));
            let mut shuffled = samples.clone();
            shuffled.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            let (test, rest) = shuffled.split_at(test_rows);
            let model = CellModel::fit(rest, seed)?;
            let scores = score(&model, test)?;
            chosen = model.chosen;
            Ok([scores.mape, scores.within_10, scores.coverage_90, scores.rmse_ms])
        })?;
        let case = format!("{column}, {} rows, mean of {SEEDS} splits", samples.len() - test_rows);
        let goals = vec![
            Figure::new("mape", error, mape),
            Figure::new("within_10", within_10, Goal::AtLeast(0.999)),
            Figure::coverage(coverage),
            Figure::coverage_chance(test_rows),
            Figure::shown("rmse_ms", rmse_ms),
        ];
        findings.push(Finding::new(table, case, &chosen, test_rows, goals));
    }
    Ok(findings)
}

fn score(model: &CellModel, test: &[CellSample]) -> Result<Scores, PredictorError> {
    let mut scored = Vec::new();
    for sample in test {
        let found = model.predict(&sample.cell).map_err(|e| PredictorError::NothingToScore(e.to_string()))?;
        scored.push(Scored::new(sample.latency_ms, found.ms, found.log_half_width));
    }
    scores(&scored)
}
