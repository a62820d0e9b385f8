//! A kernel and how it is fitted: by climbing the likelihood of the targets.
//!
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, §4.2 and §5.4.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::Scaling;
use super::cholesky::{Cholesky, dot};
use super::rprop::climb;

/// Rows on which the kernel is fitted, at most: its cost grows with their cube.
const KERNEL_ROWS: usize = 280;
/// Rounds of climbing.
const ROUNDS: usize = 36;
/// Where length scales start, in deviations of the input, and how far their logarithm may be expected to stray.
const LENGTH: (f64, f64) = (4.0, 1.2);
const SQRT_5: f64 = 2.236_067_977_499_79;

/// A Matérn kernel of smoothness 5/2 with a length scale for each input, and noise.
///
/// k(x, x') = signal² · (1 + √5 r + 5/3 r²) · e^(-√5 r), r² = Σ ((x - x') / length)².
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kernel {
    /// Logarithms of the length scales, of signal² and of noise².
    logs: Vec<f64>,
}

impl Kernel {
    /// Variance of what is sought.
    pub(super) fn signal(&self) -> f64 {
        self.logs[self.logs.len() - 2].exp()
    }

    /// Variance of the noise.
    pub(super) fn noise(&self) -> f64 {
        self.logs[self.logs.len() - 1].exp()
    }

    pub(super) fn inverse_lengths(&self) -> Vec<f64> {
        self.logs[..self.logs.len() - 2].iter().map(|log| (-log).exp()).collect()
    }

    /// The kernel that makes the targets most likely, on at most [`KERNEL_ROWS`] of the rows.
    ///
    /// Targets vary around 0; `variances` are those of their noise as far as it is known, beside the kernel's own.
    pub(crate) fn fit(
        inputs: &[Vec<f64>],
        targets: &[f64],
        variances: &[f64],
        scaling: &Scaling,
        seed: u64,
    ) -> Self {
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.shuffle(&mut Pcg64::seed_from_u64(seed));
        order.truncate(KERNEL_ROWS);
        let rows: Vec<Vec<f64>> = order.iter().map(|&i| scaling.apply(&inputs[i])).collect();
        let targets: Vec<f64> = order.iter().map(|&i| targets[i]).collect();
        let variances: Vec<f64> = order.iter().map(|&i| variances[i]).collect();
        let width = scaling.width();
        let power = (dot(&targets, &targets) / targets.len().max(1) as f64).max(1e-8);
        let mut start = vec![LENGTH.0.ln(); width];
        start.extend([power.ln(), (0.2 * power).ln()]);
        let mut limits = vec![(0.15_f64.ln(), 1e3_f64.ln()); width];
        limits.push(((1e-3 * power).ln(), (1e3 * power).ln()));
        limits.push(((1e-5 * power).max(1e-10).ln(), (4.0 * power).ln()));
        let logs = climb(&start, &limits, ROUNDS, |logs| {
            Self { logs: logs.to_vec() }.log_likelihood(&rows, &targets, &variances)
        });
        Self { logs }
    }

    /// ln p(targets) and its slopes, with a bell-shaped belief about the length scales.
    fn log_likelihood(
        &self,
        rows: &[Vec<f64>],
        targets: &[f64],
        variances: &[f64],
    ) -> Option<(f64, Vec<f64>)> {
        let n = rows.len();
        let width = self.logs.len() - 2;
        let scaled = self.scaled(rows);
        let mut matrix = vec![0.0; n * n];
        // k and -dk/d(r²) · 2 / signal² for each pair.
        let mut slopes_of_pairs = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let (k, slope) = matern(squared_distance(&scaled[i], &scaled[j]));
                matrix[i * n + j] = self.signal() * k;
                slopes_of_pairs[i * n + j] = self.signal() * slope;
            }
            matrix[i * n + i] = self.signal() + self.noise() + variances[i];
        }
        let kept = matrix.clone();
        let factor = Cholesky::new(matrix, n)?;
        let alpha = factor.solve(targets);
        let inverse = factor.inverse();
        let mut slopes = vec![0.0; width + 2];
        for i in 0..n {
            for j in 0..i {
                let weight = alpha[i] * alpha[j] - inverse[i * n + j];
                let pair = weight * slopes_of_pairs[i * n + j];
                for (slope, (a, b)) in slopes.iter_mut().zip(scaled[i].iter().zip(&scaled[j])) {
                    *slope += pair * (a - b).powi(2);
                }
                slopes[width] += weight * kept[i * n + j];
            }
            let own = 0.5 * (alpha[i] * alpha[i] - inverse[i * n + i]);
            slopes[width] += own * self.signal();
            slopes[width + 1] += own * self.noise();
        }
        let mut height = -0.5 * (dot(&alpha, targets) + factor.log_determinant());
        for (slope, log) in slopes[..width].iter_mut().zip(&self.logs) {
            let stray = (log - LENGTH.0.ln()) / LENGTH.1;
            height -= 0.5 * stray * stray;
            *slope -= stray / LENGTH.1;
        }
        Some((height, slopes))
    }

    /// Rows divided by their length scales.
    pub(super) fn scaled(&self, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let inverse = self.inverse_lengths();
        let scaled =
            |row: &Vec<f64>| row.iter().zip(&inverse).map(|(value, inverse)| value * inverse).collect();
        rows.iter().map(scaled).collect()
    }
}

pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The kernel without its signal, and its slope with respect to a logarithm of a length scale per squared distance in
/// that input: 5/3 · (1 + √5 r) · e^(-√5 r).
pub(super) fn matern(squared: f64) -> (f64, f64) {
    let r = SQRT_5 * squared.sqrt();
    let decay = (-r).exp();
    ((1.0 + r + r * r / 3.0) * decay, 5.0 / 3.0 * (1.0 + r) * decay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::gaussian_process::tests::rows;

    #[test]
    fn slopes_of_the_likelihood_are_those_of_its_differences() {
        let (inputs, targets) = rows(20);
        let scaling = Scaling::of(&inputs);
        let rows: Vec<Vec<f64>> = inputs.iter().map(|row| scaling.apply(row)).collect();
        let kernel = Kernel { logs: vec![0.2, 0.9, 1.3, -0.3, -2.0] };
        let (_, slopes) = kernel.log_likelihood(&rows, &targets, &[0.01; 20]).unwrap();
        for (i, slope) in slopes.iter().enumerate() {
            let height = |step: f64| {
                let mut moved = kernel.clone();
                moved.logs[i] += step;
                moved.log_likelihood(&rows, &targets, &[0.01; 20]).unwrap().0
            };
            let difference = (height(1e-5) - height(-1e-5)) / 2e-5;
            assert!((slope - difference).abs() < 1e-4 * (1.0 + slope.abs()), "{i}: {slope}, {difference}");
        }
    }

    #[test]
    fn targets_without_noise_or_variation_are_no_trouble() {
        let (inputs, _) = rows(20);
        let scaling = Scaling::of(&inputs);
        let kernel = Kernel::fit(&inputs, &[0.0; 20], &[0.0; 20], &scaling, 1);
        assert!(kernel.logs.iter().all(|log| log.is_finite()), "{kernel:?}");
    }
}
