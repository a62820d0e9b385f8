//! Coefficients of a device of which hundreds of networks are known.

use std::collections::BTreeMap;

use super::{WholeSample, amounts::N_AMOUNTS};
use crate::error::FitError;
use crate::learn::{Cholesky, linear};

const FOLDS: usize = 5;
/// Penalties of the coefficients of amounts and of the constant, which hundreds of networks outweigh.
const OF_AMOUNTS: f64 = 0.1;
const OF_CONSTANT: f64 = 1e-6;
/// Penalties that are weighed for those of parts: noise over what a part differs by from its amounts, as variances.
const OF_PARTS: [f64; 9] = [0.1, 1.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4];
/// What is predicted is at least this fraction of what was measured, where errors are told.
const LEAST: f64 = 0.1;

/// Coefficients in milliseconds: of a constant, of mean amounts, of parts.
pub(super) struct Coefficients {
    pub(super) constant: f64,
    pub(super) amounts: Vec<f64>,
    pub(super) parts: BTreeMap<String, f64>,
    /// ln(measured / predicted) of every network by the others.
    pub(super) log_errors: Vec<f64>,
}

/// Sums of products of columns.
#[derive(Clone)]
struct Products {
    width: usize,
    matrix: Vec<f64>,
    sums: Vec<f64>,
    rows: f64,
}

impl Products {
    fn new(width: usize) -> Self {
        Self { width, matrix: vec![0.0; width * width], sums: vec![0.0; width], rows: 0.0 }
    }

    fn add(&mut self, row: &[(usize, f64)]) {
        self.rows += 1.0;
        for &(i, value) in row {
            self.sums[i] += value;
            for &(j, other) in row.iter().filter(|(j, _)| *j <= i) {
                self.matrix[i * self.width + j] += value * other;
            }
        }
    }

    fn without(&self, other: &Self) -> Self {
        let less = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        Self {
            width: self.width,
            matrix: less(&self.matrix, &other.matrix),
            sums: less(&self.sums, &other.sums),
            rows: self.rows - other.rows,
        }
    }

    fn solve(&self, of_parts: f64) -> Result<Vec<f64>, FitError> {
        let mut matrix = self.matrix.clone();
        for column in 0..self.width {
            matrix[column * self.width + column] += match column {
                0 => OF_CONSTANT * self.rows,
                1..=N_AMOUNTS => OF_AMOUNTS,
                _ => of_parts,
            };
        }
        let factor = Cholesky::new(matrix, self.width);
        Ok(factor.ok_or(FitError::NoSolution("the networks give no finite solution"))?.solve(&self.sums))
    }
}

/// Amounts of `samples` over their means, and parts; 0 where the mean is 0.
pub(super) fn over_means<'a>(amounts: &'a [f64], means: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    amounts.iter().zip(means).map(|(amount, mean)| if *mean > 0.0 { amount / mean } else { 0.0 })
}

/// Fits in relative error.
///
/// # Errors
/// [`FitError::TooFewNetworks`], [`FitError::NoSolution`].
pub(super) fn fit(samples: &[WholeSample], means: &[f64]) -> Result<Coefficients, FitError> {
    let needed = 2 * FOLDS;
    if samples.len() < needed {
        return Err(FitError::TooFewNetworks { found: samples.len(), needed });
    }
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for part in samples.iter().flat_map(|sample| sample.network.parts.keys()) {
        places.insert(part, 0);
    }
    places.values_mut().enumerate().for_each(|(index, place)| *place = 1 + N_AMOUNTS + index);
    let width = 1 + N_AMOUNTS + places.len();
    let mean_ms = samples.iter().map(|sample| sample.latency_ms).sum::<f64>() / samples.len() as f64;
    let row = |sample: &WholeSample| {
        let factor = mean_ms / sample.latency_ms;
        let amounts = over_means(&sample.network.amounts, means).enumerate();
        let parts = sample.network.parts.iter().map(|(part, count)| (places[part.as_str()], *count));
        let row = std::iter::once((0, 1.0)).chain(amounts.map(|(i, value)| (1 + i, value))).chain(parts);
        row.filter(|(_, value)| *value != 0.0)
            .map(|(place, value)| (place, value * factor))
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<(usize, f64)>> = samples.iter().map(row).collect();
    let mut of_folds = vec![Products::new(width); FOLDS];
    let mut all = Products::new(width);
    for (index, row) in rows.iter().enumerate() {
        of_folds[index % FOLDS].add(row);
        all.add(row);
    }
    let others: Vec<Products> = of_folds.iter().map(|fold| all.without(fold)).collect();
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for of_parts in OF_PARTS {
        let solved = others.iter().map(|others| others.solve(of_parts)).collect::<Result<Vec<_>, _>>()?;
        let predicted: Vec<f64> =
            rows.iter().enumerate().map(|(index, row)| sum(&solved[index % FOLDS], row)).collect();
        let errors: Vec<f64> = predicted.iter().map(|p| 1.0 - p).collect();
        let error = linear(&errors, &errors);
        if best.as_ref().is_none_or(|(least, ..)| error < *least) {
            best = Some((error, of_parts, predicted));
        }
    }
    let (_, of_parts, predicted) =
        best.ok_or(FitError::NoSolution("the networks give no finite solution"))?;
    let solved = all.solve(of_parts)?;
    Ok(Coefficients {
        constant: solved[0] * mean_ms,
        amounts: solved[1..=N_AMOUNTS].iter().map(|c| c * mean_ms).collect(),
        parts: places.iter().map(|(part, place)| ((*part).to_owned(), solved[*place] * mean_ms)).collect(),
        log_errors: predicted.iter().map(|p| -p.max(LEAST).ln()).collect(),
    })
}

fn sum(coefficients: &[f64], row: &[(usize, f64)]) -> f64 {
    row.iter().map(|(place, value)| coefficients[*place] * value).sum()
}
