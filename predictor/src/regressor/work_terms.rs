//! Latency as a non-negative sum of physical work.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{Contribution, Regressor, Role};
use crate::error::FitError;
use crate::learn::solve_nnls;
use crate::rows::Sample;
use crate::work::{FeatureSlope, N_TERMS, OpFeatures, TERMS, Term};

/// Σ coefficient · work, with coefficients of at least 0, fitted in relative error.
///
/// Relative error: every row is divided by its latency and the target is 1. It extrapolates, and each term's share of a
/// latency can be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkTerms {
    /// Milliseconds per unit of each of [`TERMS`]; in the model file by name, without those that cost nothing.
    #[serde(rename = "coefficients_ms", serialize_with = "by_name", deserialize_with = "of_names")]
    pub(super) coefficients: [f64; N_TERMS],
}

impl WorkTerms {
    /// What a latency is made of: the work terms, and what else there is to it.
    pub(super) fn corrected(&self, op: &OpFeatures, name: &str, ms: f64) -> Vec<Contribution> {
        let mut shares = self.contributions(op);
        shares.push(Contribution::other(name, ms));
        shares
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

    fn slope_ms(&self, _: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.coefficients.iter().zip(&slope.work).map(|(c, slope)| c * slope).sum()
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let shares = TERMS.iter().zip(self.coefficients.iter().zip(op.work));
        let share = |(term, (c, amount)): (&Term, (&f64, f64))| Contribution {
            name: term.name.to_owned(),
            amount: Some(amount),
            ms: c * amount,
        };
        shares.filter(|(_, (c, amount))| **c * amount != 0.0).map(share).collect()
    }
}

fn by_name<S: Serializer>(coefficients: &[f64; N_TERMS], serializer: S) -> Result<S::Ok, S::Error> {
    let named = TERMS.iter().zip(coefficients).filter(|(_, c)| **c != 0.0);
    named.map(|(term, c)| (term.name, *c)).collect::<BTreeMap<_, _>>().serialize(serializer)
}

fn of_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; N_TERMS], D::Error> {
    let mut coefficients = [0.0; N_TERMS];
    for (name, c) in BTreeMap::<String, f64>::deserialize(deserializer)? {
        let place = TERMS.iter().position(|term| term.name == name);
        let none = || D::Error::custom(format!("`{name}` is no work term of this release"));
        let place = place.ok_or_else(none)?;
        if !(c.is_finite() && c >= 0.0) {
            let reason = format!("the coefficient of `{name}` is {c}, expected at least 0");
            return Err(D::Error::custom(reason));
        }
        coefficients[place] = c;
    }
    Ok(coefficients)
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
        for (coefficient, reason) in
            [("speed\": 0.5", "`speed` is no work term"), ("constant\": -1", "is -1")]
        {
            let error = read(&format!("{{\"coefficients_ms\": {{\"{coefficient}}}}}")).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
