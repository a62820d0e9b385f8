//! Kernel and trees together.

use serde::{Deserialize, Serialize};

use super::{Boosted, Contribution, Kernel, Regressor, RegressorKind, Role};
use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{DelegateRule, FeatureSlope, OpFeatures};

/// The geometric mean of [`Kernel`], which is smooth, and [`Boosted`], which has steps: their errors have little in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blend {
    kernel: Box<Kernel>,
    trees: Box<Boosted>,
}

impl Regressor for Blend {
    const NAME: &'static str = "work terms x (kernel + trees)";
    const ROLE: Role = Role::Candidate;
    const PARTS: &'static [RegressorKind] = &[RegressorKind::Kernel, RegressorKind::Boosted];
    type Settings = (<Kernel as Regressor>::Settings, <Boosted as Regressor>::Settings);

    fn settings(samples: &[&Sample]) -> Self::Settings {
        (Kernel::settings(samples), Boosted::settings(samples))
    }

    fn fit(samples: &[&Sample], (kernel, trees): &Self::Settings) -> Result<Self, FitError> {
        Ok(Self {
            kernel: Box::new(Kernel::fit(samples, kernel)?),
            trees: Box::new(Boosted::fit(samples, trees)?),
        })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        (self.kernel.predict_ms(op) * self.trees.predict_ms(op)).sqrt()
    }

    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        0.5 * self.predict_ms(op) * (self.kernel.log_slope(op, slope) + self.trees.log_slope(op, slope))
    }

    fn spread(&self, op: &OpFeatures) -> f64 {
        self.kernel.spread(op)
    }

    fn delegate_rule(&self) -> Option<DelegateRule> {
        self.kernel.delegate_rule()
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let terms = &self.kernel.work_terms;
        terms.corrected(op, "kernel and trees", self.predict_ms(op) - terms.predict_ms(op))
    }
}
