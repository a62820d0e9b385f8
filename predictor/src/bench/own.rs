//! Tables of one's own, measured by `profiler run`: ops and networks that were not fitted on.

use std::{collections::BTreeSet, path::PathBuf};

use profiler::record::{Level, Row};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Figure, Finding, Goal};
use crate::device::{FitOptions, LatencyModel, Scoring};
use crate::error::PredictorError;
use crate::rows::{Emulation, Measurements, Mixing, Repeats, Subjects, draw_hold_out};

/// Share of the ops that is held out.
const OPS: f64 = 0.2;
/// Networks held out, and of fewer in all the share.
const NETWORKS: (usize, f64) = (200, 0.8);
/// Draws of what is held out; figures are their means.
const DRAWS: u64 = 20;
/// How much larger than the table's own spread the mean error may be.
const OF_SPREAD: f64 = 1.3;

/// Reads a table with its session and scores models of it.
///
/// # Errors
/// What reading or fitting says; emulated tables are refused.
pub fn own_table(table: &PathBuf, say: &mut dyn FnMut(&str)) -> Result<Vec<Finding>, PredictorError> {
    let measurements = Measurements::read(std::slice::from_ref(table), Mixing::Refuse, Emulation::Refuse)?;
    own_measurements(&measurements, &table.display().to_string(), say)
}

/// Sums over draws, and how many draws had the level.
#[derive(Default)]
struct Sums {
    figures: [f64; 4],
    rows: usize,
    draws: usize,
}

impl Sums {
    fn add(&mut self, figures: [f64; 4], rows: usize) {
        self.figures.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        (self.rows, self.draws) = (rows, self.draws + 1);
    }

    fn means(&self) -> [f64; 4] {
        self.figures.map(|sum| sum / self.draws as f64)
    }
}

fn own_measurements(
    measurements: &Measurements,
    table: &str,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<Finding>, PredictorError> {
    let [mut of_ops, mut of_networks, mut of_both] = [(); 3].map(|()| Sums::default());
    let mut chosen = "";
    for seed in 0..DRAWS {
        say(&format!("{table}: draw {} of {DRAWS}", seed + 1));
        let both = held_out(&measurements.rows, seed)?;
        let ops = Subjects { op: both.op.clone(), ..Subjects::default() };
        let networks = Subjects { network: both.network.clone(), ..Subjects::default() };
        for (held_out, is_ops, sums) in
            [(ops, true, &mut of_ops), (networks, false, &mut of_networks), (both, false, &mut of_both)]
        {
            let test: Vec<Row> =
                measurements.rows.iter().filter(|row| held_out.contains(row)).cloned().collect();
            if test.is_empty() {
                continue;
            }
            let options = FitOptions { held_out, seed, ..FitOptions::default() };
            let model = LatencyModel::fit(measurements, &options)?;
            let scores = model.evaluate(&test, Scoring::NewSubjects)?;
            if is_ops && let Some(op) = scores.op {
                let is_scored = |row: &Row| row.cache == model.ops().cache();
                let spread = mean(&test, is_scored, |row| row.spread);
                sums.add([op.mape, spread, op.within_10, op.coverage_90], op.n);
                chosen = model.ops().chosen();
            } else if let Some(network) = scores.network {
                let is_scored =
                    |row: &Row| row.level == Level::Network && row.cache == model.networks().cache;
                let relative = network.rmse_ms / mean(&test, is_scored, |row| row.latency_ms);
                sums.add([network.within_10, relative, network.mape, network.coverage_90], network.n);
            }
        }
    }
    let finding = |what: &str, rows, goals| {
        Finding::new("(own)", format!("{table}: {what}, mean of {DRAWS} draws"), chosen, rows, goals)
    };
    let mut findings = Vec::new();
    if of_ops.draws > 0 {
        let [mape, spread, within_10, coverage] = of_ops.means();
        let goals = vec![
            Figure::new("mape", mape, Goal::AtMost(OF_SPREAD * spread)),
            Figure::shown("spread of the table's own repeats", spread),
            Figure::shown("within_10", within_10),
            Figure::coverage(coverage),
            Figure::coverage_chance(of_ops.rows),
        ];
        findings.push(finding("a fifth of the ops left out", of_ops.rows, goals));
    }
    if of_networks.draws > 0 {
        let [within_10, relative, mape, coverage] = of_networks.means();
        let goals = vec![
            Figure::new("within_10", within_10, Goal::AtLeast(0.99)),
            Figure::new("rmse over the mean", relative, Goal::AtMost(0.01)),
            Figure::shown("mape", mape),
            Figure::coverage(coverage),
            Figure::coverage_chance(of_networks.rows),
        ];
        findings.push(finding("networks left out", of_networks.rows, goals));
        let [within_10, relative, mape, coverage] = of_both.means();
        let goals = vec![
            Figure::shown("within_10", within_10),
            Figure::shown("rmse over the mean", relative),
            Figure::shown("mape", mape),
            Figure::shown("coverage_90", coverage),
        ];
        findings.push(finding("networks, and a fifth of their ops left out, too", of_both.rows, goals));
    }
    Ok(findings)
}

/// A fifth of the ops, and 200 networks or four fifths of them where there are fewer than 250.
fn held_out(rows: &[Row], seed: u64) -> Result<Subjects, PredictorError> {
    let mut held_out = draw_hold_out(rows, &Repeats::new(), OPS, seed)?;
    let known = |row: &&Row| row.level == Level::Network && !row.ops.is_empty();
    let all: BTreeSet<&str> = rows.iter().filter(known).map(|row| row.subject.as_str()).collect();
    let mut networks: Vec<&str> = all.into_iter().collect();
    networks.shuffle(&mut Pcg64::seed_from_u64(seed));
    networks.truncate(NETWORKS.0.min((NETWORKS.1 * networks.len() as f64) as usize));
    held_out.network = networks.into_iter().map(str::to_owned).collect();
    Ok(held_out)
}

fn mean(rows: &[Row], of: impl Fn(&Row) -> bool, value: impl Fn(&Row) -> f64) -> f64 {
    let values: Vec<f64> = rows.iter().filter(|row| of(row)).map(value).collect();
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::{measurements, small_space_rows};

    #[test]
    fn networks_for_testing_leave_some_to_fit_on() {
        let rows = small_space_rows(0.0, 20);
        let held = held_out(&rows, 1).unwrap();
        // Four fifths of 20; the same draw again.
        assert_eq!(held.network.len(), 16);
        assert_eq!(held, held_out(&rows, 1).unwrap());
    }

    #[test]
    fn a_table_of_a_linear_law_reaches_every_goal() {
        let found = own_measurements(&measurements(small_space_rows(0.0, 20)), "law", &mut |_| ()).unwrap();
        assert_eq!(found.len(), 3);
        // Rows of the test claim a spread of 2 %; the law is found exactly, so that errors are far below.
        let goal = |finding: usize, figure: &str| {
            *found[finding].goals.iter().find(|goal| goal.figure == figure).unwrap()
        };
        assert!((goal(0, "spread of the table's own repeats").reached - 0.02).abs() < 1e-12);
        assert!(matches!(goal(0, "mape").goal, Some(Goal::AtMost(limit)) if (limit - 0.026).abs() < 1e-12));
        assert_eq!((goal(0, "mape").met, goal(1, "within_10").met), (Some(true), Some(true)));
        assert_eq!(goal(1, "rmse over the mean").met, Some(true));
    }
}
