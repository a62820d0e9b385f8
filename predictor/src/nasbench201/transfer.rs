//! A new device from a few measurements and what is known of others.
//!
//! Coefficients of known devices, each divided by its mean latency, say how devices differ: networks to measure are chosen by
//! their covariance. The new device is a sum of known ones, and of what is counted in a cell, with shares that are not negative.

use super::{CELL_TERMS, Cell, CellSample, cell_features, features::NAMED};
use crate::error::FitError;
use crate::learn::linear;
use crate::whole::{Tier, shares};

/// What is known of a device before it is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Prior {
    mean: Vec<f64>,
    /// Per known device its deviation from the mean, so scaled that their outer products sum to the covariance.
    deviations: Vec<Vec<f64>>,
    /// Coefficients of known devices, in which each has a mean latency of 1.
    devices: Vec<Vec<f64>>,
    /// Means of the terms over networks.
    mean_terms: Vec<f64>,
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
        mean_terms.iter_mut().for_each(|sum| *sum /= cells);
        Ok(Self { mean, deviations, devices: scaled, mean_terms })
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

    /// What is known of a network before a device is measured: a constant, counts, latencies on known devices, each over its
    /// mean.
    fn columns(&self, terms: &[f64]) -> Vec<f64> {
        let counts = terms.iter().zip(&self.mean_terms).take(NAMED.len()).map(|(term, mean)| term / mean);
        counts.chain(self.devices.iter().map(|device| linear(device, terms).max(0.0))).collect()
    }

    fn tiers(&self) -> Vec<Tier> {
        let mut tiers = vec![Tier::Kind; NAMED.len()];
        tiers[0] = Tier::Constant;
        tiers.extend(self.devices.iter().map(|_| Tier::Known));
        tiers
    }

    /// Coefficients of the sum of counts and known devices with these shares.
    fn coefficients(&self, shares: &[f64]) -> Vec<f64> {
        let (of_counts, of_devices) = shares.split_at(NAMED.len());
        let of_term = |j: usize| {
            let own = of_counts.get(j).map_or(0.0, |share| share / self.mean_terms[j]);
            own + self.devices.iter().zip(of_devices).map(|(device, share)| device[j] * share).sum::<f64>()
        };
        (0..CELL_TERMS).map(of_term).collect()
    }
}

/// A new device's coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Milliseconds per unit of each term.
    pub coefficients_ms: Vec<f64>,
}

impl Transfer {
    /// The latency of a network in milliseconds.
    pub fn predict_ms(&self, cell: &Cell) -> f64 {
        linear(&self.coefficients_ms, &cell_features(cell))
    }
}

/// A new device from measured networks: shares of known devices and of counts.
///
/// # Errors
/// [`FitError::Missing`] if there are none.
pub fn transfer(prior: &Prior, samples: &[CellSample]) -> Result<Transfer, FitError> {
    let rows: Vec<Vec<f64>> = samples.iter().map(|s| prior.columns(&cell_features(&s.cell))).collect();
    let latencies: Vec<f64> = samples.iter().map(|s| s.latency_ms).collect();
    let found = shares(&rows, &latencies, &prior.tiers())?;
    Ok(Transfer { coefficients_ms: prior.coefficients(&found) })
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
