//! A new device from a few measurements and what is known of others.
//!
//! Coefficients of known devices, each divided by its mean latency, have a mean and a covariance: the prior. The new
//! device's measurements, divided by its own scale, update it (Bayesian linear regression). Scale and noise are not known
//! either: every pair on a grid is weighed by how likely it makes the measurements. Source: Rasmussen and Williams, Gaussian
//! Processes for Machine Learning, MIT Press 2006, §2.1 and §5.2.

use super::{CELL_TERMS, Cell, CellSample, cell_features};
use crate::{
    error::FitError,
    learn::{Cholesky, linear},
};

/// Share of the variance of each coefficient that is its own, whatever the known devices say of it.
const OWN: f64 = 0.02;
/// Relative noise that is weighed.
const NOISES: [f64; 5] = [0.01, 0.02, 0.04, 0.08, 0.16];
/// Scales that are weighed, as factors of the first guess.
const SCALES: usize = 31;
const SCALE_RANGE: f64 = 2.0;

/// What is known of a device before it is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    mean: Vec<f64>,
    /// Per known device its deviation from the mean, so scaled that their outer products sum to the covariance.
    deviations: Vec<Vec<f64>>,
    /// Variance of each coefficient by itself.
    own: Vec<f64>,
}

impl Prior {
    /// The prior of devices of which the coefficients are known.
    ///
    /// # Errors
    /// [`FitError`] if there are fewer than two, or one with a mean latency that is not positive.
    pub fn new(devices: &[Vec<f64>]) -> Result<Self, FitError> {
        let n = devices.len() as f64;
        if devices.len() < 2 {
            return Err(FitError::TooFewDevices(devices.len()));
        }
        let mut mean_terms = vec![0.0; CELL_TERMS];
        let mut cells = 0.0;
        for cell in Cell::all().step_by(7) {
            mean_terms.iter_mut().zip(cell_features(&cell)).for_each(|(sum, term)| *sum += term);
            cells += 1.0;
        }
        let mut scaled = Vec::with_capacity(devices.len());
        for device in devices {
            let latency = linear(device, &mean_terms) / cells;
            if !(latency.is_finite() && latency > 0.0) {
                return Err(FitError::NoLatency(format!(
                    "a known device has a mean latency of {latency} ms"
                )));
            }
            scaled.push(device.iter().map(|c| c / latency).collect::<Vec<f64>>());
        }
        let mean: Vec<f64> =
            (0..CELL_TERMS).map(|j| scaled.iter().map(|device| device[j]).sum::<f64>() / n).collect();
        let factor = (n - 1.0).sqrt().recip();
        let deviation = |device: &Vec<f64>| device.iter().zip(&mean).map(|(c, m)| (c - m) * factor).collect();
        let deviations: Vec<Vec<f64>> = scaled.iter().map(deviation).collect();
        let own =
            (0..CELL_TERMS).map(|j| OWN * deviations.iter().map(|d| d[j] * d[j]).sum::<f64>()).collect();
        Ok(Self { mean, deviations, own })
    }

    /// The latency of a network by the mean of the known devices, where the mean over networks is 1.
    pub(super) fn mean_of(&self, terms: &[f64]) -> f64 {
        linear(&self.mean, terms)
    }

    /// A network's deviation by known device: a vector whose products with others are the covariances that known devices
    /// share.
    pub(super) fn shared(&self, terms: &[f64]) -> Vec<f64> {
        self.deviations.iter().map(|deviation| linear(deviation, terms)).collect()
    }

    /// [`Self::shared`], then what each term may differ by itself: products are all of the prior's covariance.
    fn embed(&self, terms: &[f64]) -> Vec<f64> {
        let mut embedded = self.shared(terms);
        embedded.extend(terms.iter().zip(&self.own).map(|(term, variance)| term * variance.sqrt()));
        embedded
    }

    /// Coefficients of a vector in the space of [`Self::embed`].
    fn coefficients(&self, embedded: &[f64]) -> Vec<f64> {
        let (shared, own) = embedded.split_at(self.deviations.len());
        let of_term = |j: usize| {
            let shared: f64 = self.deviations.iter().zip(shared).map(|(d, weight)| d[j] * weight).sum();
            shared + own[j] * self.own[j].sqrt()
        };
        (0..CELL_TERMS).map(of_term).collect()
    }
}

/// A new device's coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Milliseconds per unit of each term.
    pub coefficients_ms: Vec<f64>,
    /// Relative noise of the measurements as they make it likely, on average over the grid.
    pub noise: f64,
    /// Mean latency over all networks, milliseconds.
    pub scale_ms: f64,
}

impl Transfer {
    /// The latency of a network in milliseconds.
    #[must_use]
    pub fn predict_ms(&self, cell: &Cell) -> f64 {
        linear(&self.coefficients_ms, &cell_features(cell))
    }
}

/// Updates a prior by measured networks.
///
/// # Errors
/// [`FitError::Missing`] if there are none.
pub fn transfer(prior: &Prior, samples: &[CellSample]) -> Result<Transfer, FitError> {
    let n = samples.len();
    if n == 0 {
        return Err(FitError::Missing("measured network"));
    }
    let terms: Vec<Vec<f64>> = samples.iter().map(|s| cell_features(&s.cell)).collect();
    let means: Vec<f64> = terms.iter().map(|terms| prior.mean_of(terms)).collect();
    let embedded: Vec<Vec<f64>> = terms.iter().map(|terms| prior.embed(terms)).collect();
    let latencies: Vec<f64> = samples.iter().map(|s| s.latency_ms).collect();
    let guess = latencies.iter().sum::<f64>() / means.iter().sum::<f64>();
    let mut weighed: Vec<(f64, f64, f64, Vec<f64>)> = Vec::new();
    for noise in NOISES {
        let mut matrix = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                matrix[i * n + j] = linear(&embedded[i], &embedded[j]);
            }
            matrix[i * n + i] += noise * noise;
        }
        let factor = Cholesky::new(matrix, n)
            .ok_or(FitError::NoSolution("the measurements give no finite solution"))?;
        for step in 0..SCALES {
            let place = 2.0 * step as f64 / (SCALES - 1) as f64 - 1.0;
            let scale = guess * SCALE_RANGE.powf(place);
            let errors: Vec<f64> = latencies.iter().zip(&means).map(|(y, m)| y / scale - m).collect();
            let alpha = factor.solve(&errors);
            let log_likelihood =
                -0.5 * linear(&alpha, &errors) - 0.5 * factor.log_determinant() - n as f64 * scale.ln();
            let width = embedded[0].len();
            let latent: Vec<f64> =
                (0..width).map(|k| embedded.iter().zip(&alpha).map(|(e, a)| e[k] * a).sum::<f64>()).collect();
            weighed.push((log_likelihood, scale, noise, latent));
        }
    }
    let largest = weighed.iter().map(|w| w.0).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = weighed.iter().map(|w| (w.0 - largest).exp()).sum();
    let mut result = Transfer { coefficients_ms: vec![0.0; CELL_TERMS], noise: 0.0, scale_ms: 0.0 };
    for (log_likelihood, scale, noise, latent) in weighed {
        let weight = (log_likelihood - largest).exp() / total;
        if weight < 1e-6 {
            continue;
        }
        result.noise += weight * noise;
        result.scale_ms += weight * scale;
        let deviations = prior.coefficients(&latent);
        for (sum, (mean, deviation)) in
            result.coefficients_ms.iter_mut().zip(prior.mean.iter().zip(deviations))
        {
            *sum += weight * scale * (mean + deviation);
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(weights: [f64; 4]) -> Vec<f64> {
        let mut coefficients = vec![0.0; CELL_TERMS];
        coefficients[..4].copy_from_slice(&weights);
        coefficients
    }

    #[test]
    fn a_device_between_known_ones_is_found_from_six_networks() {
        // Constant, 3×3, 1×1, pooling; the new one is half the sum of the first two, five times as slow.
        let known = [[1.0, 1.0, 0.3, 0.2], [1.0, 0.2, 0.3, 0.4], [2.0, 0.5, 0.1, 0.1]].map(device);
        let new = device([5.0, 3.0, 1.5, 1.5]);
        let prior = Prior::new(&known).unwrap();
        let law = |cell: &Cell| linear(&new, &cell_features(cell));
        let samples: Vec<CellSample> =
            Cell::all().step_by(2617).map(|cell| CellSample { cell, latency_ms: law(&cell) }).collect();
        assert_eq!(samples.len(), 6);
        let found = transfer(&prior, &samples).unwrap();
        for cell in Cell::all().step_by(1009) {
            let ratio = found.predict_ms(&cell) / law(&cell);
            assert!((ratio - 1.0).abs() < 0.06, "{cell}: {ratio}");
        }
    }

    #[test]
    fn too_little_is_refused() {
        assert!(Prior::new(&[device([1.0; 4])]).unwrap_err().to_string().contains("1 known devices"));
        let prior = Prior::new(&[device([1.0; 4]), device([2.0; 4])]).unwrap();
        assert!(transfer(&prior, &[]).is_err());
    }
}
