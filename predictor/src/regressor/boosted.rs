//! Work terms times boosted trees.

use serde::{Deserialize, Serialize};

use super::{
    Contribution, Regressor, Role, Slope, WorkTerms,
    correction::{largest, log_residuals, point_with_shares, rule_of},
};
use crate::{
    error::FitError,
    learn::{BoostedTrees, Growth},
    rows::Sample,
    work::{DelegateRule, FeatureSlope, OpFeatures},
};

/// Fewer samples leave nothing for trees to split.
const FEWEST: usize = 40;

/// [`WorkTerms`] × exp(boosted trees of sizes, roundings and shares), fitted to the log of measured over work terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Checked", into = "Checked")]
pub struct Boosted {
    work_terms: WorkTerms,
    log_residual: BoostedTrees,
    largest: f64,
    rule: Option<DelegateRule>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    work_terms: WorkTerms,
    log_residual: BoostedTrees,
    largest: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<DelegateRule>,
}

impl From<Boosted> for Checked {
    fn from(Boosted { work_terms, log_residual, largest, rule }: Boosted) -> Self {
        Self { work_terms, log_residual, largest, rule }
    }
}

impl TryFrom<Checked> for Boosted {
    type Error = String;

    fn try_from(Checked { work_terms, log_residual, largest, rule }: Checked) -> Result<Self, String> {
        let any = OpFeatures::of_layers(ONE, ONE, &[]);
        if log_residual.is_sound(point_with_shares(&any, rule, &work_terms).len()) {
            Ok(Self { work_terms, log_residual, largest, rule })
        } else {
            Err("a tree has a node that points nowhere or splits on an input of another release".to_owned())
        }
    }
}

const ONE: profiler::spec::FeatureMap = profiler::spec::FeatureMap { height: 1, width: 1, channels: 1 };

impl Boosted {
    fn log_factor(&self, op: &OpFeatures) -> f64 {
        let point = point_with_shares(op, self.rule, &self.work_terms);
        self.log_residual.predict(&point).clamp(-self.largest, self.largest)
    }
}

impl Slope for Boosted {
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.predict_ms(op) * self.log_slope(op, slope)
    }

    fn log_slope(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        self.work_terms.log_slope(op, slope)
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

    fn delegate_rule(&self) -> Option<DelegateRule> {
        self.rule
    }

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let mut shares = self.work_terms.contributions(op);
        let ms = self.work_terms.predict_ms(op) * self.log_factor(op).exp_m1();
        shares.push(Contribution { name: "trees".to_owned(), amount: None, ms });
        shares
    }
}
