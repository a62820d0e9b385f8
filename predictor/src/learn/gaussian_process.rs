//! Gaussian process regression: kernel ridge with a kernel fitted to the rows.
//!
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, chapter 2.

use serde::{Deserialize, Serialize};

use super::Scaling;
use super::cholesky::{Cholesky, dot};
use super::kernel::{Kernel, matern, squared_distance};
use crate::error::FitError;

/// Rows in all, at most.
const LARGEST: usize = 2500;
/// Rows nearest to an input that say how well it is known.
const NEAREST: usize = 12;

/// Σ weight · k(x, row) over the rows it was fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GaussianProcess {
    scaling: Scaling,
    inverse_lengths: Vec<f64>,
    /// Rows divided by their length scales.
    rows: Vec<Vec<f64>>,
    weights: Vec<f64>,
    /// Variance of what is sought, and of the noise.
    signal: f64,
    noise: f64,
}

impl GaussianProcess {
    /// Fits targets that vary around 0 with a kernel that is known; `variances` as for [`Kernel::fit`].
    pub(crate) fn fit(
        inputs: &[Vec<f64>],
        targets: &[f64],
        variances: &[f64],
        scaling: &Scaling,
        kernel: &Kernel,
    ) -> Result<Self, FitError> {
        let n = inputs.len();
        if n > LARGEST {
            return Err(FitError::TooMany { found: n, most: LARGEST });
        }
        let rows: Vec<Vec<f64>> = inputs.iter().map(|row| scaling.apply(row)).collect();
        let rows = kernel.scaled(&rows);
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                matrix[i * n + j] = kernel.signal() * matern(squared_distance(&rows[i], &rows[j])).0;
            }
        }
        (0..n)
            .for_each(|i| matrix[i * n + i] = kernel.signal() * (1.0 + 1e-8) + kernel.noise() + variances[i]);
        let factor = Cholesky::new(matrix, n)
            .ok_or(FitError::NoSolution("its kernel matrix is not positive definite"))?;
        let weights: Vec<f64> = factor.solve(targets).into_iter().map(|w| w * kernel.signal()).collect();
        if weights.iter().any(|w| !w.is_finite()) {
            return Err(FitError::NoSolution("no finite solution"));
        }
        let (inverse_lengths, signal, noise) = (kernel.inverse_lengths(), kernel.signal(), kernel.noise());
        Ok(Self { scaling: scaling.clone(), inverse_lengths, rows, weights, signal, noise })
    }

    fn place(&self, input: &[f64]) -> Vec<f64> {
        let scaled = self.scaling.apply(input);
        scaled.iter().zip(&self.inverse_lengths).map(|(x, inverse)| x * inverse).collect()
    }

    /// Standard deviation of the target of an input around [`Self::predict`], as the nearest rows leave it: as good as all
    /// of them, for a share of the cost.
    pub(crate) fn deviation(&self, input: &[f64]) -> f64 {
        let place = self.place(input);
        let mut near: Vec<(f64, &Vec<f64>)> =
            self.rows.iter().map(|row| (squared_distance(&place, row), row)).collect();
        let count = NEAREST.min(near.len());
        if count < near.len() {
            near.select_nth_unstable_by(count, |a, b| a.0.total_cmp(&b.0));
            near.truncate(count);
        }
        let mut matrix = vec![0.0; count * count];
        for i in 0..count {
            for j in 0..i {
                matrix[i * count + j] = self.signal * matern(squared_distance(near[i].1, near[j].1)).0;
            }
            matrix[i * count + i] = self.signal * (1.0 + 1e-8) + self.noise;
        }
        let with: Vec<f64> = near.iter().map(|(squared, _)| self.signal * matern(*squared).0).collect();
        let known = Cholesky::new(matrix, count).map_or(0.0, |factor| dot(&with, &factor.solve(&with)));
        (self.noise + (self.signal - known).max(0.0)).sqrt()
    }

    /// The derivative of the target where an input moves by `slopes`.
    pub(crate) fn slope(&self, input: &[f64], slopes: &[f64]) -> f64 {
        let place = self.place(input);
        let further: Vec<f64> = input.iter().zip(slopes).map(|(x, slope)| x + slope).collect();
        // Places are linear in the input.
        let moved: Vec<f64> = self.place(&further).iter().zip(&place).map(|(a, b)| a - b).collect();
        let of_row = |(row, weight): (&Vec<f64>, &f64)| {
            let towards: f64 = place.iter().zip(row).zip(&moved).map(|((x, y), moved)| (x - y) * moved).sum();
            // matern's slope is -2 dk/d(r²), and r² changes by twice `towards`.
            -weight * matern(squared_distance(&place, row)).1 * towards
        };
        self.rows.iter().zip(&self.weights).map(of_row).sum()
    }

    /// The target of an input.
    pub(crate) fn predict(&self, input: &[f64]) -> f64 {
        let scaled = self.place(input);
        self.rows.iter().zip(&self.weights).map(|(row, w)| w * matern(squared_distance(&scaled, row)).0).sum()
    }
}

#[cfg(test)]
pub(in crate::learn) mod tests {
    use super::*;

    /// A smooth function of the first of three inputs, on a grid that does not repeat.
    pub(in crate::learn) fn rows(n: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let inputs: Vec<Vec<f64>> = (0..n)
            .map(|i| vec![i as f64 / n as f64 * 6.0, (i * 7 % 11) as f64, (i * 5 % 13) as f64])
            .collect();
        let targets = inputs.iter().map(|row| row[0].sin()).collect();
        (inputs, targets)
    }

    #[test]
    fn a_smooth_function_is_found_between_the_rows() {
        let (inputs, targets) = rows(60);
        let scaling = Scaling::of(&inputs);
        let kernel = Kernel::fit(&inputs, &targets, &[0.0; 60], &scaling, 1);
        let process = GaussianProcess::fit(&inputs, &targets, &[0.0; 60], &scaling, &kernel).unwrap();
        for x in [0.55, 2.05, 4.35] {
            let found = process.predict(&[x, 3.0, 4.0]);
            assert!((found - x.sin()).abs() < 0.03, "{x}: {found}, expected {}", x.sin());
        }
        // Between rows it knows the target better than beyond them.
        assert!(process.deviation(&[2.05, 3.0, 4.0]) < 0.5 * process.deviation(&[9.0, 3.0, 4.0]));
        // The inputs that say nothing have longer length scales than the one that does.
        let lengths = kernel.inverse_lengths();
        assert!(lengths[0] > lengths[1] && lengths[0] > lengths[2], "{kernel:?}");
    }
}
