//! What learners see of an op beside its work terms, and how their answer corrects them.

use profiler::spec::FeatureMap;

use super::{Regressor, WorkTerms};
use crate::rows::Sample;
use crate::work::{DelegateRule, OpFeatures, descriptors, groups};

/// ln(measured / work terms) of each sample.
pub(crate) fn log_residuals(samples: &[&Sample], work_terms: &WorkTerms) -> Vec<f64> {
    samples.iter().map(|s| (s.latency_ms / work_terms.predict_ms(&s.features)).ln()).collect()
}

/// How large a correction may be, either way: what two of `residuals` have reached, for what a single one has may be due to
/// anything, such as a form of the op that no other sample has.
pub(super) fn largest(residuals: &[f64]) -> f64 {
    let mut two = [0.0_f64; 2];
    for size in residuals.iter().map(|residual| residual.abs()) {
        two = [two[0].max(size), two[1].max(size.min(two[0]))];
    }
    two[1]
}

/// The rule of the delegate that ran the samples: one device's, so that of any.
pub(super) fn rule_of(samples: &[&Sample]) -> Option<DelegateRule> {
    samples.first().and_then(|sample| sample.rule)
}

/// Variance of the noise of each sample on log scale.
pub(super) fn variances(samples: &[&Sample]) -> Vec<f64> {
    samples.iter().map(|s| s.noise.powi(2)).collect()
}

/// [`descriptors`] of each sample.
pub(super) fn points(samples: &[&Sample]) -> Vec<Vec<f64>> {
    samples.iter().map(|s| descriptors(&s.features, s.rule)).collect()
}

/// Number of inputs that [`point_with_shares`] gives.
pub(super) fn width() -> usize {
    let one = FeatureMap { height: 1, width: 1, channels: 1 };
    descriptors(&OpFeatures::of_layers(one, one, &[]), None).len() + 1 + groups().len()
}

/// [`descriptors`], and of what the latency consists by the work terms: the logarithm of the whole and the share of each
/// class of layer.
pub(super) fn point_with_shares(
    op: &OpFeatures,
    rule: Option<DelegateRule>,
    work_terms: &WorkTerms,
) -> Vec<f64> {
    let mut point = descriptors(op, rule);
    let whole = work_terms.predict_ms(op).max(f64::MIN_POSITIVE);
    point.push(whole.ln());
    for places in groups() {
        let part: f64 = places.iter().map(|&place| work_terms.coefficients[place] * op.work[place]).sum();
        point.push(part / whole);
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_sample_does_not_say_how_far_corrections_go() {
        assert_eq!(largest(&[0.1, -5.0, 0.3, -0.2]), 0.3);
        assert_eq!(largest(&[-0.4, 0.4, 0.1]), 0.4);
        assert_eq!((largest(&[0.7]), largest(&[])), (0.0, 0.0));
    }
}
