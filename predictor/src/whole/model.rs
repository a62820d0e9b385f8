//! The latency of whole networks, fitted to whole networks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::amounts::{N_AMOUNTS, name, tier};
use super::fit::{fit, over_means};
use super::shares::{Tier, shares};
use super::{Space, WholeNetwork};
use crate::error::FitError;
use crate::interval::{Band, LogNormal, NORMAL_90};
use crate::learn::linear;
use crate::regressor::{Contribution, mape_of_log_errors};

/// What is predicted is at least this fraction of what was measured, where errors are told.
const LEAST: f64 = 0.1;

/// A measured network.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeSample {
    /// The network.
    pub network: WholeNetwork,
    /// Its measured latency in milliseconds; above 0.
    pub latency_ms: f64,
}

/// A sum over a network's amounts and parts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WholeModel {
    /// What its networks are made of.
    pub space: Space,
    constant_ms: f64,
    /// Milliseconds per mean amount.
    amounts_ms: Vec<f64>,
    /// Means of the amounts of the networks fitted on.
    mean_amounts: Vec<f64>,
    /// Milliseconds of parts, beyond those of their amounts.
    parts_ms: BTreeMap<String, f64>,
    /// Mean latency of the networks fitted on.
    mean_ms: f64,
    /// Networks fitted on.
    pub rows: usize,
    /// Mean error of networks left out.
    pub error: Option<f64>,
    /// Its interval.
    pub band: Band,
}

impl WholeModel {
    /// Fits to hundreds of networks of a device.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn fit(space: Space, samples: &[WholeSample]) -> Result<Self, FitError> {
        let mut mean_amounts = vec![0.0; N_AMOUNTS];
        let n = samples.len().max(1) as f64;
        for sample in samples {
            mean_amounts
                .iter_mut()
                .zip(&sample.network.amounts)
                .for_each(|(mean, amount)| *mean += amount / n);
        }
        let found = fit(samples, &mean_amounts)?;
        let mut model = Self {
            space,
            constant_ms: found.constant,
            amounts_ms: found.amounts,
            mean_amounts,
            parts_ms: found.parts,
            mean_ms: 0.0,
            rows: samples.len(),
            error: Some(mape_of_log_errors(&found.log_errors)),
            band: Band::new(&found.log_errors, &[]),
        };
        model.mean_ms = samples.iter().map(|sample| model.sum(&sample.network)).sum::<f64>() / n;
        if !(model.mean_ms.is_finite() && model.mean_ms > 0.0) {
            return Err(FitError::NoLatency(format!("the mean latency would be {} ms", model.mean_ms)));
        }
        Ok(model)
    }

    /// A model of a few networks of a new device and of known ones, all of one space.
    ///
    /// Its interval comes from networks left out one at a time.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn transferred(known: &[&Self], samples: &[WholeSample]) -> Result<Self, FitError> {
        let mut model = Self::transferred_quickly(known, samples)?;
        let columns = Columns::new(known)?;
        let rows: Vec<Vec<f64>> = samples.iter().map(|sample| columns.of(&sample.network)).collect();
        let latencies: Vec<f64> = samples.iter().map(|sample| sample.latency_ms).collect();
        let mut errors = Vec::new();
        for left_out in 0..samples.len() {
            let (mut others, mut their_latencies) = (rows.clone(), latencies.clone());
            others.remove(left_out);
            their_latencies.remove(left_out);
            let Ok(without) = shares(&others, &their_latencies, &columns.tiers) else { break };
            let predicted = linear(&without, &rows[left_out]) / latencies[left_out];
            errors.push(-predicted.max(LEAST).ln());
        }
        model.error = (!errors.is_empty()).then(|| mape_of_log_errors(&errors));
        model.band = Band::new(&errors, &[]);
        Ok(model)
    }

    /// The same without looking how good it is.
    pub(crate) fn transferred_quickly(known: &[&Self], samples: &[WholeSample]) -> Result<Self, FitError> {
        let columns = Columns::new(known)?;
        let rows: Vec<Vec<f64>> = samples.iter().map(|sample| columns.of(&sample.network)).collect();
        let latencies: Vec<f64> = samples.iter().map(|sample| sample.latency_ms).collect();
        let found = shares(&rows, &latencies, &columns.tiers)?;
        Ok(columns.model(&found, samples.len()))
    }

    fn sum(&self, network: &WholeNetwork) -> f64 {
        let amounts: f64 = over_means(&network.amounts, &self.mean_amounts)
            .zip(&self.amounts_ms)
            .map(|(a, ms)| a * ms)
            .sum();
        let part = |(part, count): (&String, &f64)| self.parts_ms.get(part).map_or(0.0, |ms| ms * count);
        self.constant_ms + amounts + network.parts.iter().map(part).sum::<f64>()
    }

    /// The latency of a network.
    ///
    /// # Errors
    /// [`FitError::NoLatency`] if it would not be a positive number.
    pub fn predict(&self, network: &WholeNetwork) -> Result<LogNormal, FitError> {
        let ms = self.sum(network);
        if !(ms.is_finite() && ms > 0.0) {
            return Err(FitError::NoLatency(format!("the model gives {ms} ms for `{}`", network.key)));
        }
        let log_half_width = self.band.log_half_width;
        Ok(LogNormal { ms, deviation: log_half_width / NORMAL_90, log_half_width })
    }

    /// What a network's latency is made of.
    pub fn contributions(&self, network: &WholeNetwork) -> Vec<Contribution> {
        let mut found =
            vec![Contribution { name: "constant".to_owned(), amount: None, ms: self.constant_ms }];
        for (index, share) in over_means(&network.amounts, &self.mean_amounts).enumerate() {
            let amount = Some(network.amounts[index]);
            found.push(Contribution { name: name(index), amount, ms: share * self.amounts_ms[index] });
        }
        let parts = self.sum(network) - found.iter().map(|term| term.ms).sum::<f64>();
        found.retain(|term| term.ms != 0.0);
        found.push(Contribution { name: "parts, beyond their amounts".to_owned(), amount: None, ms: parts });
        found
    }

    /// Checks what types do not.
    pub(super) fn check_sizes(&self) -> Result<(), String> {
        for found in [self.amounts_ms.len(), self.mean_amounts.len()] {
            if found != N_AMOUNTS {
                return Err(format!("{found} amounts, expected {N_AMOUNTS}"));
            }
        }
        if self.mean_ms.is_finite() && self.mean_ms > 0.0 {
            Ok(())
        } else {
            Err(format!("mean_ms is {}, expected above 0", self.mean_ms))
        }
    }
}

/// What is known of a network before a new device is measured: a constant, its amounts, its latencies on known devices, each
/// over its mean.
pub(super) struct Columns<'a> {
    known: &'a [&'a WholeModel],
    mean_amounts: Vec<f64>,
    pub(super) tiers: Vec<Tier>,
}

impl<'a> Columns<'a> {
    /// # Errors
    /// [`FitError`] if no device is known, or devices are of several spaces.
    pub(super) fn new(known: &'a [&'a WholeModel]) -> Result<Self, FitError> {
        let first = known.first().ok_or(FitError::Missing("known device"))?;
        if known.iter().any(|model| model.space != first.space) {
            return Err(FitError::NoSolution("the known devices' networks are of several spaces"));
        }
        let mean =
            |j: usize| known.iter().map(|model| model.mean_amounts[j]).sum::<f64>() / known.len() as f64;
        let mut tiers = vec![Tier::Constant];
        tiers.extend((0..N_AMOUNTS).map(tier));
        tiers.extend(known.iter().map(|_| Tier::Known));
        Ok(Self { known, mean_amounts: (0..N_AMOUNTS).map(mean).collect(), tiers })
    }

    pub(super) fn of(&self, network: &WholeNetwork) -> Vec<f64> {
        let mut columns = vec![1.0];
        columns.extend(over_means(&network.amounts, &self.mean_amounts));
        columns.extend(self.known.iter().map(|model| (model.sum(network) / model.mean_ms).max(0.0)));
        columns
    }

    /// The sum of known devices and amounts with these shares, as a model of its own.
    fn model(&self, shares: &[f64], rows: usize) -> WholeModel {
        let (of_amounts, of_known) = shares[1..].split_at(N_AMOUNTS);
        let mut model = WholeModel {
            space: self.known[0].space,
            constant_ms: shares[0],
            amounts_ms: of_amounts.to_vec(),
            mean_amounts: self.mean_amounts.clone(),
            parts_ms: BTreeMap::new(),
            mean_ms: shares.iter().sum(),
            rows,
            error: None,
            band: Band::new(&[], &[]),
        };
        for (known, share) in self.known.iter().zip(of_known) {
            let factor = share / known.mean_ms;
            model.constant_ms += factor * known.constant_ms;
            for (j, ms) in model.amounts_ms.iter_mut().enumerate() {
                let mean = known.mean_amounts[j];
                *ms +=
                    if mean > 0.0 { factor * known.amounts_ms[j] * self.mean_amounts[j] / mean } else { 0.0 };
            }
            for (part, ms) in &known.parts_ms {
                *model.parts_ms.entry(part.clone()).or_insert(0.0) += factor * ms;
            }
        }
        model
    }
}
