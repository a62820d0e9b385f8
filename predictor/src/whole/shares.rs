//! What share of a new device's latency each of some columns has: physical amounts, and the latencies of known devices.
//!
//! Every column has a mean of 1 and a share that is not negative, so that few networks tell which of many columns matter.
//! Shares are thought to be small (a normal prior around 0, wider for those that turn out large) and fitted in relative
//! error. How small, and whether amounts or known devices tell more, is not known either: every belief on a grid is weighed by
//! how likely it makes the measurements (empirical Bayes). Networks that such a fit misses by far count less in a second one, as
//! a device may have been busy with something else. Sources: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT
//! Press 2006, §5.2 (evidence); MacKay, Bayesian Interpolation, Neural Computation 1992 (Laplace's approximation); Huber, Robust
//! Estimation of a Location Parameter, Annals of Mathematical Statistics 1964 (weights).

use crate::error::FitError;
use crate::learn::{Cholesky, linear, solve_nnls};

/// Most columns.
pub(crate) const MOST: usize = 72;
/// Fits of one belief: each tells the noise and which shares are large, for the next.
const ROUNDS: usize = 5;
/// Ratio of the variances of noise and share that the first of them assumes.
const FIRST_PENALTY: f64 = 0.25;
/// Standard deviations up to which a network's error counts in full, and how many of them the median error is.
const IN_FULL: f64 = 2.0;
const OF_MEDIAN: f64 = 1.4826;
/// Least relative noise.
const LEAST_NOISE: f64 = 0.002;
/// How far the prior of a share widens with the share itself, as variances.
const WIDENS: f64 = 0.3;
/// Standard deviations of shares that are weighed.
const SCALES: [f64; 2] = [0.05, 0.2];
/// No share is thought to be narrower around 0 than this factor has it.
const LEAST: f64 = 1e-4;

/// What a column is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    /// What is the same for all networks.
    Constant,
    /// Work of all layers.
    Whole,
    /// Work of one kind of layer.
    Kind,
    /// Work at one resolution.
    Level,
    /// The latency on a known device.
    Known,
}

/// How large shares may be, by what columns are of, as factors.
#[derive(Clone, Copy)]
struct Belief {
    whole: f64,
    kind: f64,
    level: f64,
    known: f64,
}

const BELIEFS: [Belief; 6] = [
    Belief { whole: 1.0, kind: 0.03, level: 0.02, known: 1.0 },
    Belief { whole: 1.0, kind: 0.3, level: 0.1, known: 1.0 },
    Belief { whole: 0.1, kind: 0.003, level: 0.002, known: 1.0 },
    Belief { whole: 0.1, kind: 0.03, level: 0.01, known: 1.0 },
    Belief { whole: 1.0, kind: 0.03, level: 0.02, known: 0.1 },
    Belief { whole: 1.0, kind: 0.3, level: 0.1, known: 0.1 },
];

/// What suggestions are chosen by.
const OF_SUGGESTIONS: Belief = Belief { whole: 0.3, kind: 0.03, level: 0.01, known: 0.3 };

impl Belief {
    fn of(self, tier: Tier) -> f64 {
        match tier {
            Tier::Constant => 1.0,
            Tier::Whole => self.whole,
            Tier::Kind => self.kind,
            Tier::Level => self.level,
            Tier::Known => self.known,
        }
    }
}

/// How far a new device's share of a column may be from what is thought, before anything is measured.
pub(super) fn unknown(tier: Tier) -> f64 {
    OF_SUGGESTIONS.of(tier)
}

struct Weighed {
    shares: [f64; MOST],
    log_likelihood: f64,
}

/// Shares in milliseconds: their sum over the columns of a network is its latency. `rows`: columns of measured networks.
///
/// # Errors
/// [`FitError`] if there is no network, or too many columns.
pub(crate) fn shares(rows: &[Vec<f64>], latencies_ms: &[f64], tiers: &[Tier]) -> Result<Vec<f64>, FitError> {
    if rows.is_empty() {
        return Err(FitError::Missing("measured network"));
    }
    if tiers.len() > MOST {
        return Err(FitError::NoSolution("too many known devices: give 31 at most"));
    }
    let mean_ms = latencies_ms.iter().sum::<f64>() / latencies_ms.len() as f64;
    let relative = |(row, latency_ms): (&Vec<f64>, &f64)| {
        let mut relative = [0.0; MOST];
        relative.iter_mut().zip(row).for_each(|(to, value)| *to = value * mean_ms / latency_ms);
        relative
    };
    let mut relative: Vec<[f64; MOST]> = rows.iter().zip(latencies_ms).map(relative).collect();
    let mut weights = vec![1.0; rows.len()];
    let first = mean_shares(&relative, &weights, tiers)?;
    let errors: Vec<f64> =
        relative.iter().map(|row| (1.0 - linear(&first, &row[..first.len()])).abs()).collect();
    let mut sorted = errors.clone();
    sorted.sort_by(f64::total_cmp);
    let most = IN_FULL * (OF_MEDIAN * sorted[sorted.len() / 2]).max(LEAST_NOISE);
    weights.iter_mut().zip(errors).for_each(|(weight, error)| *weight = (most / error).min(1.0).sqrt());
    relative.iter_mut().zip(&weights).for_each(|(row, weight)| row.iter_mut().for_each(|v| *v *= weight));
    let found = mean_shares(&relative, &weights, tiers)?;
    // A prior around 0 makes all of them a little small.
    let predicted: Vec<f64> = relative.iter().map(|row| linear(&found, &row[..found.len()])).collect();
    let factor = linear(&predicted, &weights) / linear(&predicted, &predicted);
    if !(factor.is_finite() && factor > 0.0) {
        return Err(FitError::NoCoefficient(rows.len()));
    }
    Ok(found.into_iter().map(|share| share * factor * mean_ms).collect())
}

/// Shares by all beliefs, each weighed by how likely it makes what was measured.
fn mean_shares(rows: &[[f64; MOST]], targets: &[f64], tiers: &[Tier]) -> Result<Vec<f64>, FitError> {
    let beliefs = BELIEFS.iter().flat_map(|belief| SCALES.map(|scale| (belief, scale)));
    let weighed: Vec<Weighed> = beliefs
        .filter_map(|(belief, scale)| {
            let widths = tiers.iter().map(|tier| belief.of(*tier).max(LEAST)).collect::<Vec<f64>>();
            weigh(rows, targets, &widths, scale)
        })
        .collect();
    let largest = weighed.iter().map(|w| w.log_likelihood).fold(f64::NEG_INFINITY, f64::max);
    if !largest.is_finite() {
        return Err(FitError::NoSolution("the measurements give no finite solution"));
    }
    let weights: Vec<f64> = weighed.iter().map(|w| (w.log_likelihood - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mean =
        |j: usize| weighed.iter().zip(&weights).map(|(w, weight)| weight * w.shares[j]).sum::<f64>() / total;
    Ok((0..tiers.len()).map(mean).collect())
}

/// The most likely shares by a belief, and how likely it makes what was measured.
fn weigh(relative: &[[f64; MOST]], targets: &[f64], widths: &[f64], scale: f64) -> Option<Weighed> {
    let (n, columns) = (relative.len() as f64, widths.len());
    let mut target = targets.to_vec();
    target.resize(relative.len() + columns, 0.0);
    let mut penalties = vec![FIRST_PENALTY; columns];
    let mut shares = [0.0; MOST];
    let mut squares = 0.0;
    for round in 0..ROUNDS {
        let mut rows = relative.to_vec();
        rows.extend(penalties.iter().enumerate().map(|(j, penalty)| {
            let mut row = [0.0; MOST];
            row[j] = penalty.sqrt();
            row
        }));
        shares = solve_nnls(&rows, &target, 0.0);
        squares = relative.iter().zip(targets).map(|(row, t)| (t - linear(&shares, row)).powi(2)).sum();
        let active = shares.iter().filter(|share| **share > 0.0).count() as f64;
        let noise = (squares + LEAST_NOISE.powi(2) * n) / (n - active).max(0.5 * n);
        if round + 1 < ROUNDS {
            for ((penalty, width), share) in penalties.iter_mut().zip(widths).zip(&shares) {
                *penalty = noise / (width * width * (scale * scale + WIDENS * share * share));
            }
        }
    }
    let active: Vec<usize> = (0..columns).filter(|&j| shares[j] > 0.0).collect();
    let mut matrix = Vec::with_capacity(active.len().pow(2));
    for &i in &active {
        for &j in &active {
            let product: f64 = relative.iter().map(|row| row[i] * row[j]).sum();
            matrix.push(product / (penalties[i] * penalties[j]).sqrt() + f64::from(u8::from(i == j)));
        }
    }
    let penalized: f64 = active.iter().map(|&j| penalties[j] * shares[j].powi(2)).sum();
    let log_likelihood = -0.5 * n * ((squares + penalized) / n + LEAST_NOISE.powi(2)).ln()
        - 0.5 * Cholesky::new(matrix, active.len())?.log_determinant();
    log_likelihood.is_finite().then_some(Weighed { shares, log_likelihood })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_two_of_many_columns_are_found_from_few_networks() {
        // Columns by pseudo-chance; latency is 3 ms of the second and 1 ms of the last.
        let value = |i: usize, j: usize| ((i * 37 + j * 101 + i * j * 13) % 89) as f64 / 44.5 + 0.3;
        let rows: Vec<Vec<f64>> = (0..12).map(|i| (0..20).map(|j| value(i, j)).collect()).collect();
        let latencies: Vec<f64> = rows.iter().map(|row| 3.0 * row[1] + row[19]).collect();
        let mut tiers = vec![Tier::Kind; 20];
        tiers[1] = Tier::Whole;
        tiers[19] = Tier::Known;
        let found = shares(&rows, &latencies, &tiers).unwrap();
        assert!((found[1] - 3.0).abs() < 0.05 && (found[19] - 1.0).abs() < 0.05, "{found:?}");
        assert!(found.iter().sum::<f64>() < 4.1 && found.iter().all(|share| *share >= 0.0), "{found:?}");
        // Twice as slow, twice the shares.
        let slow: Vec<f64> = latencies.iter().map(|ms| 2.0 * ms).collect();
        let twice = shares(&rows, &slow, &tiers).unwrap();
        assert!(twice.iter().zip(&found).all(|(a, b)| (a - 2.0 * b).abs() < 1e-6));
        // One network measured while the device was busy.
        let mut disturbed = latencies.clone();
        disturbed[4] *= 1.5;
        let robust = shares(&rows, &disturbed, &tiers).unwrap();
        assert!((robust[1] - 3.0).abs() < 0.15 && (robust[19] - 1.0).abs() < 0.15, "{robust:?}");
        assert!(shares(&[], &[], &tiers).is_err());
        assert!(shares(&rows, &latencies, &[Tier::Known; 73]).unwrap_err().to_string().contains("too many"));
    }
}
