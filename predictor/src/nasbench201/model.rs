//! The latency of whole NAS-Bench-201 networks, fitted to whole networks.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::features::{NAMED, UNNAMED};
use super::fit::{Candidate, Data, FOLDS};
use super::{CELL_TERMS, Cell, Prior, cell_features, transfer};
use crate::error::FitError;
use crate::interval::{Band, LogNormal};
use crate::learn::{BoostedTrees, GaussianProcess, linear};
use crate::regressor::{Contribution, mape_of_log_errors};

/// How much better a later candidate must be than an earlier, simpler one to be preferred.
const CLEARLY_BETTER: f64 = 0.995;

/// Errors below which it does not matter which candidate is better.
const NO_ERROR: f64 = 1e-4;

/// A measured network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellSample {
    /// Its cell.
    pub cell: Cell,
    /// Its measured latency in milliseconds; above 0.
    pub latency_ms: f64,
}

/// What corrects the linear part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "correction", rename_all = "snake_case")]
pub(super) enum Correction {
    /// Nothing.
    None,
    /// exp(Gaussian process).
    Kernel { process: GaussianProcess },
    /// exp(boosted trees).
    Trees { trees: BoostedTrees },
    /// exp of the mean of both.
    Both { process: GaussianProcess, trees: BoostedTrees },
}

/// Terms of a cell times coefficients, and what corrects them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellModel {
    /// Milliseconds per unit of each term of [`cell_features`].
    pub(super) coefficients_ms: Vec<f64>,
    pub(super) correction: Correction,
    /// Networks fitted on.
    pub rows: usize,
    /// Error of each candidate in cross-validation, by name.
    pub candidates: Vec<(String, Option<f64>)>,
    /// Name of the candidate chosen.
    pub chosen: String,
    /// Its interval.
    pub band: Band,
}

impl CellModel {
    /// Fits in relative error and chooses the correction by cross-validation.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn fit(samples: &[CellSample], seed: u64) -> Result<Self, FitError> {
        if samples.len() < 2 * FOLDS {
            return Err(FitError::TooFewNetworks { found: samples.len(), needed: 2 * FOLDS });
        }
        let rows: Vec<Vec<f64>> = samples.iter().map(|s| cell_features(&s.cell)).collect();
        let latencies: Vec<f64> = samples.iter().map(|s| s.latency_ms).collect();
        let mut order: Vec<usize> = (0..samples.len()).collect();
        order.shuffle(&mut Pcg64::seed_from_u64(seed));
        let mut folds = vec![0; samples.len()];
        order.into_iter().enumerate().for_each(|(place, index)| folds[index] = place % FOLDS);
        let data = Data { rows: &rows, latencies: &latencies, folds: &folds };
        let penalty = data.choose_penalty();
        let kernel = data.choose_kernel(penalty, seed);
        let errors = data.log_errors(penalty, &kernel, seed);
        let mapes = errors.each_ref().map(|e| e.as_ref().map(|e| mape_of_log_errors(e)));
        let mut best = 0;
        for (index, mape) in mapes.iter().enumerate() {
            let better = mape
                .zip(mapes[best])
                .is_some_and(|(mape, least)| mape < CLEARLY_BETTER * least && least > NO_ERROR);
            best = if better { index } else { best };
        }
        let all: Vec<usize> = (0..samples.len()).collect();
        let (coefficients_ms, mut parts) = data.parts(&all, penalty, &kernel, seed)?;
        let own = errors[best].clone().unwrap_or_default();
        Ok(Self {
            coefficients_ms,
            correction: parts.take(Candidate::ALL[best])?,
            rows: samples.len(),
            candidates: Candidate::ALL.iter().map(|c| c.name().to_owned()).zip(mapes).collect(),
            chosen: Candidate::ALL[best].name().to_owned(),
            band: Band::new(&own, &[]),
        })
    }

    /// A model of a few networks of a new device and a prior of known ones; see [`super::transfer`].
    ///
    /// Its interval comes from networks left out one at a time.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn transferred(prior: &Prior, samples: &[CellSample]) -> Result<Self, FitError> {
        let found = transfer(prior, samples)?;
        let mut errors = Vec::new();
        for left_out in 0..samples.len() {
            let others: Vec<CellSample> =
                samples.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, s)| *s).collect();
            let Ok(without) = transfer(prior, &others) else { break };
            let predicted = without.predict_ms(&samples[left_out].cell);
            // What a network would take in less than no time is as far off as can be told.
            errors.push(
                (samples[left_out].latency_ms / predicted.max(0.1 * samples[left_out].latency_ms)).ln(),
            );
        }
        let mape = (!errors.is_empty()).then(|| mape_of_log_errors(&errors));
        Ok(Self {
            coefficients_ms: found.coefficients_ms,
            correction: Correction::None,
            rows: samples.len(),
            candidates: vec![("transfer".to_owned(), mape)],
            chosen: "transfer".to_owned(),
            band: Band::new(&errors, &[]),
        })
    }

    /// Milliseconds per unit of each term of [`cell_features`].
    pub fn coefficients_ms(&self) -> &[f64] {
        &self.coefficients_ms
    }

    /// Only the linear part, for what is to become part of a prior.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn fit_linear(samples: &[CellSample], penalty: f64) -> Result<Vec<f64>, FitError> {
        let rows: Vec<Vec<f64>> = samples.iter().map(|s| cell_features(&s.cell)).collect();
        let latencies: Vec<f64> = samples.iter().map(|s| s.latency_ms).collect();
        let all: Vec<usize> = (0..samples.len()).collect();
        Data { rows: &rows, latencies: &latencies, folds: &[] }.linear(&all, penalty)
    }

    /// The latency of a network.
    ///
    /// # Errors
    /// [`FitError::NoLatency`] if it would not be a positive number.
    pub fn predict(&self, cell: &Cell) -> Result<LogNormal, FitError> {
        let row = cell_features(cell);
        let factor = match &self.correction {
            Correction::None => 0.0,
            Correction::Kernel { process } => process.predict(&row),
            Correction::Trees { trees } => trees.predict(&row),
            Correction::Both { process, trees } => 0.5 * (process.predict(&row) + trees.predict(&row)),
        };
        let ms = linear(&self.coefficients_ms, &row) * factor.exp();
        if !(ms.is_finite() && ms > 0.0) {
            return Err(FitError::NoLatency(format!("the model gives {ms} ms for `{cell}`")));
        }
        let log_half_width = self.band.log_half_width;
        Ok(LogNormal { ms, deviation: log_half_width / crate::interval::NORMAL_90, log_half_width })
    }

    /// What a network's latency is made of, milliseconds: the terms, those without a name of their own added up, and what the
    /// correction of the whole adds.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn contributions(&self, cell: &Cell) -> Result<Vec<Contribution>, FitError> {
        let total = self.predict(cell)?.ms;
        let row = cell_features(cell);
        let shares: Vec<f64> = row.iter().zip(&self.coefficients_ms).map(|(a, c)| a * c).collect();
        let mut found: Vec<Contribution> = NAMED
            .iter()
            .zip(row.iter().zip(&shares))
            .filter(|(_, (amount, _))| **amount != 0.0)
            .map(|(name, (amount, ms))| Contribution {
                name: (*name).to_owned(),
                amount: Some(*amount),
                ms: *ms,
            })
            .collect();
        let mut from = NAMED.len();
        for (name, terms) in UNNAMED {
            let ms = shares[from..from + terms].iter().sum();
            found.push(Contribution { name: name.to_owned(), amount: None, ms });
            from += terms;
        }
        let linear: f64 = shares.iter().sum();
        if !matches!(self.correction, Correction::None) {
            found.push(Contribution { name: "correction".to_owned(), amount: None, ms: total - linear });
        }
        Ok(found)
    }

    /// Checks what types do not.
    pub(super) fn check_sizes(&self) -> Result<(), String> {
        let found = self.coefficients_ms.len();
        if found != CELL_TERMS {
            return Err(format!("{found} coefficients, expected {CELL_TERMS}"));
        }
        match &self.correction {
            Correction::Trees { trees } | Correction::Both { trees, .. } if !trees.is_sound(CELL_TERMS) => {
                Err("a tree has a node that points nowhere".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every thirteenth cell by a law of live work: 0.5 ms, 1 ms a 3×3 convolution, 0.2 ms a 1×1, 0.1 ms a pooling.
    fn samples() -> Vec<CellSample> {
        let law = |cell: &Cell| {
            let terms = cell_features(cell);
            0.5 + terms[1] + 0.2 * terms[2] + 0.1 * terms[3]
        };
        Cell::all().step_by(13).map(|cell| CellSample { cell, latency_ms: law(&cell) }).collect()
    }

    #[test]
    fn a_linear_law_of_live_edges_is_found_and_nothing_else() {
        let samples = samples();
        let (test, rest): (Vec<_>, Vec<_>) = samples.iter().enumerate().partition(|(i, _)| i % 4 == 0);
        let rest: Vec<CellSample> = rest.into_iter().map(|(_, s)| *s).collect();
        let model = CellModel::fit(&rest, 0).unwrap();
        assert_eq!(model.chosen, "linear", "{:?}", model.candidates);
        for (_, sample) in test {
            let found = model.predict(&sample.cell).unwrap().ms;
            assert!((found / sample.latency_ms - 1.0).abs() < 1e-3, "{}: {found}", sample.cell);
        }
        // Twice the same device as known: four networks of one three times as slow give it, whatever else.
        let twice = [model.coefficients_ms.clone(), model.coefficients_ms.iter().map(|c| 2.0 * c).collect()];
        let slow: Vec<CellSample> =
            rest.iter().step_by(230).map(|s| CellSample { latency_ms: 3.0 * s.latency_ms, ..*s }).collect();
        let moved = CellModel::transferred(&Prior::new(&twice).unwrap(), &slow).unwrap();
        let found = moved.predict(&samples[0].cell).unwrap().ms / samples[0].latency_ms;
        assert!((found / 3.0 - 1.0).abs() < 0.01, "{found}");
        assert!(CellModel::fit(&rest[..9], 0).unwrap_err().to_string().contains("predictor transfer"));
    }
}
