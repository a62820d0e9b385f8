//! Gaussian process regression (kernel ridge with a kernel fitted to the rows).
//!
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, chapters 2 and 5.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::{
    Scaling,
    cholesky::{Cholesky, dot},
    rprop::climb,
};

/// Rows on which the kernel is fitted, at most: its cost grows with their cube.
const KERNEL_ROWS: usize = 280;
/// Rounds of climbing.
const ROUNDS: usize = 36;
/// Rows in all, at most.
const LARGEST: usize = 2500;
/// Noise deviations beyond which what is left of a target is a slip.
const SLIP: f64 = 2.5;
/// Rows nearest to an input that say how well it is known.
const NEAREST: usize = 12;
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
    fn signal(&self) -> f64 {
        self.logs[self.logs.len() - 2].exp()
    }

    fn noise(&self) -> f64 {
        self.logs[self.logs.len() - 1].exp()
    }

    fn inverse_lengths(&self) -> Vec<f64> {
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

    fn scaled(&self, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let inverse = self.inverse_lengths();
        rows.iter()
            .map(|row| row.iter().zip(&inverse).map(|(value, inverse)| value * inverse).collect())
            .collect()
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The kernel without its signal, and its slope with respect to a logarithm of a length scale per squared distance in
/// that input: 5/3 · (1 + √5 r) · e^(-√5 r).
fn matern(squared: f64) -> (f64, f64) {
    let r = SQRT_5 * squared.sqrt();
    let decay = (-r).exp();
    ((1.0 + r + r * r / 3.0) * decay, 5.0 / 3.0 * (1.0 + r) * decay)
}

/// Σ weight · k(x, row) over the rows it was fitted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GaussianProcess {
    scaling: Scaling,
    inverse_lengths: Vec<f64>,
    /// Rows divided by their length scales.
    rows: Vec<Vec<f64>>,
    weights: Vec<f64>,
    /// Variance of what it looks for, and of the noise.
    signal: f64,
    noise: f64,
}

/// Factors signal · correlations + noises; `matrix` has the lower half of the former.
fn factor(matrix: &[f64], noises: &[f64], signal: f64) -> Result<Cholesky, String> {
    let n = noises.len();
    let mut matrix = matrix.to_vec();
    (0..n).for_each(|i| matrix[i * n + i] = signal * (1.0 + 1e-8) + noises[i]);
    Cholesky::new(matrix, n).ok_or_else(|| "its kernel matrix is not positive definite".to_owned())
}

impl GaussianProcess {
    /// Fits targets that vary around 0 with a kernel that is known; `variances` as for [`Kernel::fit`].
    ///
    /// # Errors
    /// Why it cannot, in words.
    pub(crate) fn fit(
        inputs: &[Vec<f64>],
        targets: &[f64],
        variances: &[f64],
        scaling: &Scaling,
        kernel: &Kernel,
    ) -> Result<Self, String> {
        let n = inputs.len();
        if n > LARGEST {
            return Err(format!("{n} samples, takes at most {LARGEST}"));
        }
        let rows: Vec<Vec<f64>> = inputs.iter().map(|row| scaling.apply(row)).collect();
        let rows = kernel.scaled(&rows);
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                matrix[i * n + j] = kernel.signal() * matern(squared_distance(&rows[i], &rows[j])).0;
            }
        }
        let mut noises: Vec<f64> = variances.iter().map(|variance| kernel.noise() + variance).collect();
        let mut factor = factor(&matrix, &noises, kernel.signal())?;
        // What is left of a target is its noise times its weight: where that is beyond all likelihood, the row is a slip of
        // the measurement and counts as much less.
        let mut slips = false;
        for (noise, weight) in noises.iter_mut().zip(factor.solve(targets)) {
            let left = *noise * weight;
            if left * left > SLIP * SLIP * *noise {
                *noise = left * left;
                slips = true;
            }
        }
        if slips {
            factor = self::factor(&matrix, &noises, kernel.signal())?;
        }
        let weights: Vec<f64> = factor.solve(targets).into_iter().map(|w| w * kernel.signal()).collect();
        if weights.iter().any(|w| !w.is_finite()) {
            return Err("no finite solution".to_owned());
        }
        Ok(Self {
            scaling: scaling.clone(),
            inverse_lengths: kernel.inverse_lengths(),
            rows,
            weights,
            signal: kernel.signal(),
            noise: kernel.noise(),
        })
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

    /// The target of an input.
    pub(crate) fn predict(&self, input: &[f64]) -> f64 {
        let scaled = self.place(input);
        self.rows.iter().zip(&self.weights).map(|(row, w)| w * matern(squared_distance(&scaled, row)).0).sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A smooth function of the first of three inputs, on a grid that does not repeat.
    fn rows(n: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
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
        assert!(kernel.logs[0] < kernel.logs[1] && kernel.logs[0] < kernel.logs[2], "{kernel:?}");
    }

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
}
