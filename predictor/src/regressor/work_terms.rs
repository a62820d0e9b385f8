//! Latency as a non-negative sum of physical work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Contribution, Regressor, Role};
use crate::{
    error::FitError,
    learn::solve_nnls,
    rows::Sample,
    work::{N_TERMS, OpFeatures, TERMS},
};

/// Σ coefficient · work, with coefficients of at least 0, fitted in relative error.
///
/// Relative error: every row is divided by its latency and the target is 1. It extrapolates, and each term's share of a
/// latency can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Coefficients", into = "Coefficients")]
pub struct WorkTerms {
    coefficients: [f64; N_TERMS],
}

/// As in the model file: milliseconds per unit of each term; terms that are not there cost nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coefficients {
    coefficients_ms: BTreeMap<String, f64>,
}

impl WorkTerms {
    /// Milliseconds per unit of each of [`TERMS`].
    #[must_use]
    pub fn coefficients(&self) -> &[f64; N_TERMS] {
        &self.coefficients
    }
}

/// How much large coefficients are held against a fit (see [`solve_nnls`]); 0 for plain least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Penalty(pub f64);

impl Penalty {
    const CHOICES: [f64; 5] = [0.0, 3e-4, 1e-3, 3e-3, 1e-2];
    /// With more samples a penalty changes little, and none is tried.
    const FEW: usize = 400;
    const FOLDS: usize = 8;

    /// The one with the least error on samples left out; every eighth at a time.
    fn choose(samples: &[&Sample]) -> Self {
        if samples.len() > Self::FEW || samples.len() < 2 * Self::FOLDS {
            return Self(Self::CHOICES[1]);
        }
        let rows = relative(samples);
        let error = |penalty: f64| {
            let of_fold = |fold: usize| {
                let (inside, outside): (Vec<_>, Vec<_>) =
                    rows.iter().enumerate().partition(|(i, _)| i % Self::FOLDS == fold);
                let outside: Vec<_> = outside.into_iter().map(|(_, row)| *row).collect();
                let x = solve_nnls(&outside, &vec![1.0; outside.len()], penalty);
                let ratio = |row: &[f64; N_TERMS]| row.iter().zip(&x).map(|(a, x)| a * x).sum::<f64>();
                inside.into_iter().map(|(_, row)| (ratio(row) - 1.0).abs()).sum::<f64>()
            };
            (0..Self::FOLDS).map(of_fold).sum::<f64>()
        };
        let errors = Self::CHOICES.map(|penalty| (penalty, error(penalty)));
        Self(errors.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |(penalty, _)| penalty))
    }
}

/// Work per millisecond measured.
fn relative(samples: &[&Sample]) -> Vec<[f64; N_TERMS]> {
    samples.iter().map(|s| s.features.work.map(|amount| amount / s.latency_ms)).collect()
}

impl Regressor for WorkTerms {
    const NAME: &'static str = "work terms";
    const ROLE: Role = Role::Candidate;

    type Settings = Penalty;

    fn settings(samples: &[&Sample]) -> Penalty {
        Penalty::choose(samples)
    }

    fn fit(samples: &[&Sample], penalty: &Penalty) -> Result<Self, FitError> {
        let coefficients = solve_nnls(&relative(samples), &vec![1.0; samples.len()], penalty.0);
        if coefficients.iter().all(|c| *c == 0.0) || coefficients.iter().any(|c| !c.is_finite()) {
            return Err(FitError::NoCoefficient(samples.len()));
        }
        Ok(Self { coefficients })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.coefficients.iter().zip(&op.work).map(|(c, amount)| c * amount).sum()
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        TERMS
            .iter()
            .zip(self.coefficients.iter().zip(&op.work))
            .filter(|(_, (c, amount))| **c * **amount != 0.0)
            .map(|(term, (c, amount))| Contribution {
                name: term.name.to_owned(),
                amount: Some(*amount),
                ms: c * amount,
            })
            .collect()
    }
}

impl From<WorkTerms> for Coefficients {
    fn from(model: WorkTerms) -> Self {
        let named = TERMS.iter().zip(model.coefficients).filter(|(_, c)| *c != 0.0);
        Self { coefficients_ms: named.map(|(term, c)| (term.name.to_owned(), c)).collect() }
    }
}

impl TryFrom<Coefficients> for WorkTerms {
    type Error = String;

    fn try_from(file: Coefficients) -> Result<Self, String> {
        let mut coefficients = [0.0; N_TERMS];
        for (name, c) in file.coefficients_ms {
            let place = TERMS.iter().position(|term| term.name == name);
            let place = place.ok_or_else(|| format!("`{name}` is no work term of this release"))?;
            if !(c.is_finite() && c >= 0.0) {
                return Err(format!("the coefficient of `{name}` is {c}, expected at least 0"));
            }
            coefficients[place] = c;
        }
        Ok(Self { coefficients })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::{law_ms, small_space_samples};

    #[test]
    fn a_linear_law_is_recovered() {
        let samples = small_space_samples(0.0);
        let model = WorkTerms::fit(&samples.iter().collect::<Vec<_>>(), &Penalty(0.0)).unwrap();
        for sample in &samples {
            let predicted = model.predict_ms(&sample.features);
            let truth = law_ms(&sample.key.parse().unwrap());
            assert!((predicted / truth - 1.0).abs() < 1e-6, "{}: {predicted}, expected {truth}", sample.key);
            let sum: f64 = model.contributions(&sample.features).iter().map(|c| c.ms).sum();
            assert!((sum / predicted - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn files_with_unknown_terms_or_negative_coefficients_are_refused() {
        let read = |text: &str| serde_json::from_str::<WorkTerms>(text).map_err(|e| e.to_string());
        assert!(read(r#"{"coefficients_ms": {"constant": 0.5}}"#).is_ok());
        assert!(
            read(r#"{"coefficients_ms": {"speed": 0.5}}"#).unwrap_err().contains("`speed` is no work term")
        );
        assert!(read(r#"{"coefficients_ms": {"constant": -1}}"#).unwrap_err().contains("is -1"));
    }
}
