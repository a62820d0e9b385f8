//! How a fitted regressor's answer changes as an op's features do.

use super::{Regressor, WorkTerms};
use crate::work::{FeatureSlope, OpFeatures};

/// The slope of a regressor's answer along one of the features. Trees, which come in steps, are held.
pub(crate) trait Slope: Regressor {
    /// The derivative of the latency in milliseconds.
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64;

    /// The derivative of the logarithm of the latency.
    fn log_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.slope_ms(op, slope) / self.predict_ms(op)
    }
}

impl Slope for WorkTerms {
    fn slope_ms(&self, _: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.coefficients().iter().zip(&slope.work).map(|(c, slope)| c * slope).sum()
    }
}
