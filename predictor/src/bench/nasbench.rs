//! Whole NAS-Bench-201 networks of two devices.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Entry, Figure, Finding, Goal};
use crate::{
    error::PredictorError,
    import::{ImportedRow, Subject},
    learn::{Scored, Scores},
    nasbench201::{CellModel, CellSample},
};

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

/// The measured networks of rows.
pub(super) fn cells(rows: &[ImportedRow]) -> Vec<CellSample> {
    let cell = |row: &ImportedRow| match row.subject {
        Subject::Cell(cell) => Some(CellSample { cell, latency_ms: row.latency_ms }),
        Subject::Op(_) | Subject::Network(_) | Subject::Traced { .. } => None,
    };
    rows.iter().filter_map(cell).collect()
}

fn devices(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    for column in bench.latencies(table)? {
        let known = REACHABLE.iter().find(|(name, _)| *name == column);
        let mape = known.map(|(_, mape)| Goal::AtMost(*mape));
        let samples = cells(&bench.read(&format!("{table}.csv"), "nasbench201", Some(&column))?.rows);
        let test_rows = TEST_ROWS.min(samples.len() / 5);
        let mut sums = [0.0; 4];
        let mut chosen = String::new();
        for seed in 0..SEEDS {
            bench.say(&format!("{table}: {column}, split {} of {SEEDS}", seed + 1));
            let mut shuffled = samples.clone();
            shuffled.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            let (test, rest) = shuffled.split_at(test_rows);
            let model = CellModel::fit(rest, seed)?;
            let scores = score(&model, test)?;
            let figures = [scores.mape, scores.within_10, scores.coverage_90, scores.rmse_ms];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure / SEEDS as f64);
            chosen.clone_from(&model.chosen);
        }
        findings.push(Finding {
            table: table.to_owned(),
            case: format!("{column}, {} rows, mean of {SEEDS} splits", samples.len() - test_rows),
            model: chosen,
            rows: test_rows,
            goals: vec![
                Figure::new("mape", sums[0], mape),
                Figure::new("within_10", sums[1], Goal::AtLeast(0.999)),
                Figure::coverage(sums[2]),
                Figure::coverage_chance(test_rows),
                Figure::shown("rmse_ms", sums[3]),
            ],
        });
    }
    Ok(findings)
}

fn score(model: &CellModel, test: &[CellSample]) -> Result<Scores, PredictorError> {
    let mut scored = Vec::new();
    for sample in test {
        let found = model.predict(&sample.cell).map_err(|e| PredictorError::NothingToScore(e.to_string()))?;
        let factor = found.log_half_width.exp();
        let (low, high) = (found.ms / factor, found.ms * factor);
        scored.push(Scored { measured: sample.latency_ms, predicted: found.ms, low, high });
    }
    Scores::of(&scored).ok_or_else(|| PredictorError::NothingToScore("no network is left".to_owned()))
}
