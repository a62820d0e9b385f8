//! Work terms times what they miss.

use serde::{Deserialize, Serialize};

use super::correction::log_residuals;
use super::polynomial::RidgePolynomial;
use super::{Contribution, Regressor, Role, WorkTerms};
use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{FeatureSlope, OpFeatures};

/// Stronger than for a ridge by itself: most of the latency is explained already.
const PENALTY: f64 = 1e-2;
/// The correction stays within a factor of e^0.5 = 1.65 either way, so that it cannot run away outside the samples.
const LARGEST: f64 = 0.5;

/// [`WorkTerms`] × exp(ridge polynomial of log sizes), the polynomial fitted to the log of measured over work terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    work_terms: WorkTerms,
    log_residual: RidgePolynomial,
}

impl Residual {
    /// The derivative of the correction's logarithm; 0 where it has reached its bounds.
    fn log_factor_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let is_inside = self.log_residual.predict(op).abs() < LARGEST;
        if is_inside { self.log_residual.slope(op, slope) } else { 0.0 }
    }

    fn factor(&self, op: &OpFeatures) -> f64 {
        self.log_residual.predict(op).clamp(-LARGEST, LARGEST).exp()
    }
}

impl Regressor for Residual {
    const NAME: &'static str = "work terms x residual";
    const ROLE: Role = Role::Candidate;
    type Settings = <WorkTerms as Regressor>::Settings;

    fn settings(samples: &[&Sample]) -> Self::Settings {
        WorkTerms::settings(samples)
    }

    fn fit(samples: &[&Sample], settings: &Self::Settings) -> Result<Self, FitError> {
        let work_terms = WorkTerms::fit(samples, settings)?;
        let log_residual = RidgePolynomial::fit(samples, &log_residuals(samples, &work_terms), PENALTY)?;
        Ok(Self { work_terms, log_residual })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.work_terms.predict_ms(op) * self.factor(op)
    }

    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let factor = self.predict_ms(op) / self.work_terms.predict_ms(op);
        factor * self.work_terms.slope_ms(op, slope) + self.predict_ms(op) * self.log_factor_slope(op, slope)
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let ms = self.work_terms.predict_ms(op) * (self.factor(op) - 1.0);
        self.work_terms.corrected(op, "residual", ms)
    }
}
