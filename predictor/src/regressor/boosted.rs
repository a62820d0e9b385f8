//! Work terms times boosted trees.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::correction::{largest, log_residuals, point_with_shares, rule_of, width};
use super::{Contribution, Regressor, Role, WorkTerms};
use crate::error::FitError;
use crate::learn::{BoostedTrees, Growth};
use crate::rows::Sample;
use crate::work::{DelegateRule, FeatureSlope, OpFeatures};

/// Fewer samples leave nothing for trees to split.
const FEWEST: usize = 40;

/// [`WorkTerms`] × exp(boosted trees of sizes, roundings and shares), fitted to the log of measured over work terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boosted {
    work_terms: WorkTerms,
    #[serde(deserialize_with = "sound")]
    log_residual: BoostedTrees,
    largest: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<DelegateRule>,
}

fn sound<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BoostedTrees, D::Error> {
    let trees = BoostedTrees::deserialize(deserializer)?;
    let wrong = "a tree has a node that points nowhere or splits on an input of another release";
    if trees.is_sound(width()) { Ok(trees) } else { Err(D::Error::custom(wrong)) }
}

impl Boosted {
    fn log_factor(&self, op: &OpFeatures) -> f64 {
        let point = point_with_shares(op, self.rule, &self.work_terms);
        self.log_residual.predict(&point).clamp(-self.largest, self.largest)
    }
}

impl Regressor for Boosted {
    const NAME: &'static str = "work terms x trees";
    const ROLE: Role = Role::Candidate;
    type Settings = <WorkTerms as Regressor>::Settings;

    fn settings(samples: &[&Sample]) -> Self::Settings {
        WorkTerms::settings(samples)
    }

    fn fit(samples: &[&Sample], settings: &Self::Settings) -> Result<Self, FitError> {
        if samples.len() < FEWEST {
            return Err(FitError::TooFew { found: samples.len(), needed: FEWEST });
        }
        let work_terms = WorkTerms::fit(samples, settings)?;
        let residuals = log_residuals(samples, &work_terms);
        let points: Vec<Vec<f64>> =
            samples.iter().map(|s| point_with_shares(&s.features, s.rule, &work_terms)).collect();
        let log_residual = BoostedTrees::fit(&points, &residuals, &Growth::default(), 0);
        Ok(Self { work_terms, log_residual, largest: largest(&residuals), rule: rule_of(samples) })
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        self.work_terms.predict_ms(op) * self.log_factor(op).exp()
    }

    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.predict_ms(op) * self.log_slope(op, slope)
    }

    fn log_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.work_terms.log_slope(op, slope)
    }

    fn delegate_rule(&self) -> Option<DelegateRule> {
        self.rule
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let ms = self.work_terms.predict_ms(op) * self.log_factor(op).exp_m1();
        self.work_terms.corrected(op, "trees", ms)
    }
}
