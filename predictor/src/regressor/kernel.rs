//! Work terms times a Gaussian process.

use serde::{Deserialize, Serialize};

use super::correction::{largest, log_residuals, points, rule_of, variances};
use super::{Contribution, Regressor, Role, WorkTerms};
use crate::error::FitError;
use crate::learn::{GaussianProcess, Kernel as LearntKernel, Scaling};
use crate::rows::Sample;
use crate::work::{DelegateRule, FeatureSlope, OpFeatures, descriptor_slopes, descriptors};

/// [`WorkTerms`] × exp(Gaussian process of sizes and roundings), fitted to the log of measured over work terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kernel {
    pub(super) work_terms: WorkTerms,
    log_residual: GaussianProcess,
    largest: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<DelegateRule>,
}

/// The kernel, chosen on all samples before any is left out: folds share it.
pub(crate) struct KernelSettings {
    work_terms: <WorkTerms as Regressor>::Settings,
    learnt: Option<(Scaling, LearntKernel)>,
}

/// Of more samples than the first, the second are taken: the time grows with their cube.
const MOST: (usize, usize) = (2500, 1500);
/// Fewer samples say nothing of a kernel.
const FEWEST: usize = 12;

/// Samples spread evenly over all, where they are too many.
fn thinned<'a>(samples: &[&'a Sample]) -> Vec<&'a Sample> {
    let (most, taken) = MOST;
    if samples.len() <= most {
        return samples.to_vec();
    }
    (0..taken).map(|place| samples[place * samples.len() / taken]).collect()
}

impl Kernel {
    fn log_factor(&self, op: &OpFeatures) -> f64 {
        self.log_residual.predict(&descriptors(op, self.rule)).clamp(-self.largest, self.largest)
    }

    /// The derivative of the correction's logarithm; 0 where it has reached its bounds.
    fn log_factor_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let point = descriptors(op, self.rule);
        let is_inside = self.log_residual.predict(&point).abs() < self.largest;
        if is_inside { self.log_residual.slope(&point, &descriptor_slopes(slope)) } else { 0.0 }
    }
}

impl Regressor for Kernel {
    const NAME: &'static str = "work terms x kernel";
    const ROLE: Role = Role::Candidate;
    type Settings = KernelSettings;

    fn settings(samples: &[&Sample]) -> KernelSettings {
        let settings = WorkTerms::settings(samples);
        let terms = WorkTerms::fit(samples, &settings).ok().filter(|_| samples.len() >= FEWEST);
        let learnt = terms.map(|terms| {
            let (points, residuals) = (points(samples), log_residuals(samples, &terms));
            let scaling = Scaling::of(&points);
            let kernel = LearntKernel::fit(&points, &residuals, &variances(samples), &scaling, 0);
            (scaling, kernel)
        });
        KernelSettings { work_terms: settings, learnt }
    }

    fn fit(samples: &[&Sample], settings: &KernelSettings) -> Result<Self, FitError> {
        let Some((scaling, kernel)) = &settings.learnt else {
            return Err(FitError::TooFew { found: samples.len(), needed: FEWEST });
        };
        let work_terms = WorkTerms::fit(samples, &settings.work_terms)?;
        let residuals = log_residuals(samples, &work_terms);
        let kept = thinned(samples);
        let log_residual = GaussianProcess::fit(
            &points(&kept),
            &log_residuals(&kept, &work_terms),
            &variances(&kept),
            scaling,
            kernel,
        )?;
        Ok(Self { work_terms, log_residual, largest: largest(&residuals), rule: rule_of(samples) })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.work_terms.predict_ms(op) * self.log_factor(op).exp()
    }

    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.predict_ms(op) * self.log_slope(op, slope)
    }

    fn log_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.work_terms.log_slope(op, slope) + self.log_factor_slope(op, slope)
    }

    fn spread(&self, op: &OpFeatures) -> f64 {
        self.log_residual.deviation(&descriptors(op, self.rule))
    }

    fn delegate_rule(&self) -> Option<DelegateRule> {
        self.rule
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let ms = self.work_terms.predict_ms(op) * self.log_factor(op).exp_m1();
        self.work_terms.corrected(op, "kernel", ms)
    }
}
