//! Log latency as a ridge-penalised polynomial of log sizes.

use serde::{Deserialize, Serialize};

use super::{Regressor, Role, polynomial::RidgePolynomial};
use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{FeatureSlope, OpFeatures};

const PENALTY: f64 = 1e-3;

/// exp(polynomial of second order in the logarithms of the sizes), fitted with linfa's elastic net at an L1 ratio of 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ridge {
    log_latency: RidgePolynomial,
}

impl Regressor for Ridge {
    const NAME: &'static str = "ridge";
    const ROLE: Role = Role::Candidate;
    type Settings = ();

    fn settings(_: &[&Sample]) {}

    fn fit(samples: &[&Sample], (): &()) -> Result<Self, FitError> {
        let targets: Vec<f64> = samples.iter().map(|s| s.latency_ms.ln()).collect();
        RidgePolynomial::fit(samples, &targets, PENALTY).map(|log_latency| Self { log_latency })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.log_latency.predict(op).exp()
    }

    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.predict_ms(op) * self.log_latency.slope(op, slope)
    }
}
