//! Whether networks are sums of parts that were not measured by themselves: the edges of a cell, or ops without rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Verdict;

/// Networks beyond the number of parts from which a fit says something.
const SPARE: usize = 20;
/// Most parts that are fitted.
const MOST: usize = 400;
/// Largest root mean square of the relative residual of labels made by adding.
const EXACT: f64 = 1e-4;

/// Networks as sums of a number per part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartsFit {
    /// Networks.
    pub networks: usize,
    /// Different parts.
    pub parts: usize,
    /// Exact sums, or measured (not additive in these parts).
    pub verdict: Verdict,
    /// Root mean square of (measured - fitted) / measured, with the freedom that the parts take accounted for.
    pub rms: f64,
    /// Largest of it, either way.
    pub largest: f64,
}

/// Fits the best number per part, in relative error; nothing with too few networks for their parts.
pub(super) fn fit(networks: &[(Vec<String>, f64)]) -> Option<PartsFit> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for part in networks.iter().flat_map(|(parts, _)| parts) {
        let next = places.len();
        places.entry(part).or_insert(next);
    }
    let (n, width) = (networks.len(), places.len());
    if width > MOST || n < width + SPARE {
        return None;
    }
    let row = |(parts, latency): &(Vec<String>, f64)| {
        let mut row = vec![0.0; width];
        parts.iter().for_each(|part| row[places[part.as_str()]] += latency.recip());
        row
    };
    let rows: Vec<Vec<f64>> = networks.iter().map(row).collect();
    let (solution, rank) = least_squares(&rows, width);
    let residual = |row: &Vec<f64>| 1.0 - row.iter().zip(&solution).map(|(a, x)| a * x).sum::<f64>();
    let residuals: Vec<f64> = rows.iter().map(residual).collect();
    let rms = (residuals.iter().map(|r| r * r).sum::<f64>() / (n - rank) as f64).sqrt();
    let verdict = if rms < EXACT { Verdict::ExactSums } else { Verdict::Measured };
    let largest = residuals.iter().map(|r| r.abs()).fold(0.0, f64::max);
    Some(PartsFit { networks: n, parts: width, verdict, rms, largest })
}

/// The x that minimises Σ (1 - row · x)², and how many columns were needed: columns are made orthogonal one after the
/// other (modified Gram-Schmidt), and those that others make up are left out.
fn least_squares(rows: &[Vec<f64>], width: usize) -> (Vec<f64>, usize) {
    let n = rows.len();
    let mut basis: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for column in 0..width {
        let mut vector: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        let mut made_of = vec![0.0; width];
        made_of[column] = 1.0;
        let before = dot(&vector, &vector);
        // Twice: rounding of the first pass is taken off by the second.
        for (unit, combination) in basis.iter().chain(basis.iter()) {
            let share = dot(&vector, unit);
            (0..n).for_each(|i| vector[i] -= share * unit[i]);
            (0..width).for_each(|i| made_of[i] -= share * combination[i]);
        }
        let length = dot(&vector, &vector).sqrt();
        if length * length > 1e-18 * before && length > 0.0 {
            let scaled = |values: Vec<f64>| values.iter().map(|value| value / length).collect();
            basis.push((scaled(vector), scaled(made_of)));
        }
    }
    let mut solution = vec![0.0; width];
    for (unit, combination) in &basis {
        let share: f64 = unit.iter().sum();
        (0..width).for_each(|i| solution[i] += share * combination[i]);
    }
    (solution, basis.len())
}
