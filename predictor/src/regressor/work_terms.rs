//! Latency as a non-negative sum of physical work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Contribution, Regressor, Role};
use crate::{N_TERMS, OpFeatures, Sample, TERMS, solve_nnls};

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

impl Regressor for WorkTerms {
    const NAME: &'static str = "work terms";
    const ROLE: Role = Role::Candidate;

    fn fit(samples: &[&Sample]) -> Result<Self, String> {
        let rows: Vec<_> =
            samples.iter().map(|s| s.features.work.map(|amount| amount / s.latency_ms)).collect();
        let coefficients = solve_nnls(&rows, &vec![1.0; rows.len()]);
        if coefficients.iter().all(|c| *c == 0.0) || coefficients.iter().any(|c| !c.is_finite()) {
            return Err(format!("{} samples give no coefficient above 0", samples.len()));
        }
        Ok(Self { coefficients })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.coefficients.iter().zip(&op.work).map(|(c, amount)| c * amount).sum()
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        TERMS
            .into_iter()
            .zip(self.coefficients.iter().zip(&op.work))
            .filter(|(_, (c, amount))| **c * **amount != 0.0)
            .map(|(name, (c, amount))| Contribution {
                name: name.to_owned(),
                amount: Some(*amount),
                ms: c * amount,
            })
            .collect()
    }
}

impl From<WorkTerms> for Coefficients {
    fn from(model: WorkTerms) -> Self {
        let named = TERMS.into_iter().zip(model.coefficients).filter(|(_, c)| *c != 0.0);
        Self { coefficients_ms: named.map(|(name, c)| (name.to_owned(), c)).collect() }
    }
}

impl TryFrom<Coefficients> for WorkTerms {
    type Error = String;

    fn try_from(file: Coefficients) -> Result<Self, String> {
        let mut coefficients = [0.0; N_TERMS];
        for (name, c) in file.coefficients_ms {
            let place = TERMS.iter().position(|term| *term == name);
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
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_rows::{law_ms, small_space_samples};

    #[test]
    fn a_linear_law_is_recovered() {
        let samples = small_space_samples(0.0);
        let model = WorkTerms::fit(&samples.iter().collect::<Vec<_>>()).unwrap();
        for sample in &samples {
            let predicted = model.predict_ms(&sample.features);
            let truth = law_ms(&sample.op);
            assert!((predicted / truth - 1.0).abs() < 1e-6, "{}: {predicted}, expected {truth}", sample.op);
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
