//! How a fitted regressor's answer changes as an op's features do.

use super::{Boosted, Fitted, Kernel, Regressor, WorkTerms};
use crate::work::{FeatureSlope, OpFeatures};

impl Fitted {
    /// The derivative of the latency in milliseconds along a slope of the features. Trees, which come in steps, are held.
    #[must_use]
    pub fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        match self {
            Self::WorkTerms(fitted) => work_slope(fitted, slope),
            Self::Residual(fitted) => {
                let factor = fitted.predict_ms(op) / fitted.work_terms().predict_ms(op);
                factor * work_slope(fitted.work_terms(), slope)
                    + fitted.predict_ms(op) * fitted.log_factor_slope(op, slope)
            }
            Self::Ridge(fitted) => fitted.predict_ms(op) * fitted.log_slope(op, slope),
            Self::Kernel(fitted) => fitted.predict_ms(op) * kernel_log_slope(fitted, op, slope),
            Self::Boosted(fitted) => fitted.predict_ms(op) * boosted_log_slope(fitted, op, slope),
            Self::Blend(fitted) => {
                let (kernel, trees) = fitted.parts();
                let logs = kernel_log_slope(kernel, op, slope) + boosted_log_slope(trees, op, slope);
                0.5 * fitted.predict_ms(op) * logs
            }
            Self::Ols(fitted) => fitted.slope_ms(op, slope),
            Self::Transferred(fitted) => fitted.slope_ms(op, slope),
        }
    }
}

fn work_slope(terms: &WorkTerms, slope: &FeatureSlope) -> f64 {
    terms.coefficients().iter().zip(&slope.work).map(|(c, slope)| c * slope).sum()
}

fn work_log_slope(terms: &WorkTerms, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
    work_slope(terms, slope) / terms.predict_ms(op)
}

fn kernel_log_slope(kernel: &Kernel, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
    work_log_slope(kernel.work_terms(), op, slope) + kernel.log_factor_slope(op, slope)
}

fn boosted_log_slope(trees: &Boosted, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
    work_log_slope(trees.work_terms(), op, slope)
}
