//! The latency of an op: what was measured of it, and what a model of its kind says.

use std::collections::{BTreeMap, HashMap};

use profiler::record::Cache;
use profiler::spec::{OpSpec, Precision, TracedOp};
use serde::{Deserialize, Serialize};

use super::guess_interval::GuessInterval;
use super::kind::{KindModel, Scope};
use crate::error::NoAnswer;
use crate::interval::{Basis, Flag, LogNormal, NORMAL_90, TrainingRange, WIDEST_LOG_HALF_WIDTH};
use crate::regressor::{Contribution, Fitted};
use crate::work::{DelegateRule, FeatureSlope, OpEntry, OpFeatures};

/// Half-width on log scale from which an op passes for hardly known: a factor of three either way.
const HARDLY_KNOWN: f64 = 1.1;

/// A measured op.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Milliseconds.
    pub latency_ms: f64,
    /// Standard deviation as a fraction of it.
    pub noise: f64,
    /// Of how many measurements it is the mean.
    #[serde(default = "one")]
    pub measurements: usize,
}

fn one() -> usize {
    1
}

impl Measured {
    /// Standard deviation of another single measurement, as a fraction of the latency.
    fn single_noise(&self) -> f64 {
        self.noise * (self.measurements.max(1) as f64).sqrt()
    }
}

/// Work terms over all kinds of one number format, for ops with work that their own kind's rows do not have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FallbackModel {
    /// The work terms.
    pub(crate) fitted: Fitted,
    /// The work that its rows span.
    pub(crate) training_range: TrainingRange,
    /// How far off they are for a kind of which nothing was measured.
    #[serde(default = "GuessInterval::assumed")]
    pub(crate) guess: GuessInterval,
}

/// The op level of a latency model, in one cache state.
#[derive(Clone, Debug, PartialEq)]
pub struct OpModel {
    pub(crate) cache: Cache,
    pub(crate) kinds: BTreeMap<String, KindModel>,
    /// By number format: ops in one say nothing of ops in the other.
    pub(crate) pools: BTreeMap<Precision, FallbackModel>,
    pub(crate) measured: HashMap<String, Measured>,
}

/// What the op level says of an op.
#[derive(Clone, Debug, PartialEq)]
pub struct OpEstimate {
    /// Measurement and model together.
    pub combined: LogNormal,
    /// The model by itself, in milliseconds.
    pub model_ms: f64,
    /// The measurement, if there is one.
    pub measured: Option<Measured>,
    /// By what its interval and deviation were widened for being outside what was measured; 1 inside.
    pub widened: f64,
    /// What a reader should know.
    pub flags: Vec<Flag>,
}

impl OpModel {
    /// Cache state of the ops it was fitted on.
    pub fn cache(&self) -> Cache {
        self.cache
    }

    /// Whether it is of ops that the profiler traced inside of networks.
    pub fn is_in_place(&self) -> bool {
        self.cache == Cache::InPlace && self.kinds.keys().any(|kind| kind.starts_with(TracedOp::SIGN))
    }

    /// Whether an op of this key was measured.
    pub fn knows(&self, key: &str) -> bool {
        self.measured.contains_key(key)
    }

    /// The measured ops by key.
    pub fn measured(&self) -> impl Iterator<Item = (&str, &Measured)> {
        self.measured.iter().map(|(key, measured)| (key.as_str(), measured))
    }

    /// What work costs by the models of all kinds together, in milliseconds, and how far off that is for a kind of which
    /// nothing was measured; nothing where they lack some of the work.
    pub(crate) fn pooled(&self, op: &OpFeatures, precision: Precision) -> Option<(f64, GuessInterval)> {
        let pool = self.pools.get(&precision)?;
        let ms = pool.fitted.predict_ms(op).filter(|_| pool.training_range.unseen_term(op).is_none());
        ms.map(|ms| (ms, pool.guess))
    }

    /// How the delegate that ran the ops cuts convolutions up, as far as their latencies show; nothing where no model of a
    /// kind goes by it.
    pub fn delegate_rule(&self) -> Option<DelegateRule> {
        self.kinds.values().find_map(|kind| kind.fitted.delegate_rule())
    }

    /// Name of the regressor that was chosen for the kind with most rows.
    pub(crate) fn chosen(&self) -> &'static str {
        let largest = self.kinds().max_by_key(|kind| kind.rows);
        largest.map_or("", |kind| kind.fitted.kind().name())
    }

    /// The model of each kind.
    pub fn kinds(&self) -> impl Iterator<Item = &KindModel> {
        self.kinds.values()
    }

    /// The latency of an op.
    pub fn estimate(&self, op: &OpSpec) -> Result<OpEstimate, NoAnswer> {
        self.estimate_as(&op.kind(), &op.key(), &OpFeatures::of(op))
    }

    /// The latency of an op by its key.
    pub fn estimate_keyed(&self, op: &OpEntry) -> Result<OpEstimate, NoAnswer> {
        self.estimate_as(&op.kind, &op.key, &op.features)
    }

    /// The latency of an op that is known by its kind, key and features.
    pub fn estimate_as(&self, kind: &str, key: &str, features: &OpFeatures) -> Result<OpEstimate, NoAnswer> {
        let (kind, fitted) = self.regressor(kind, features)?;
        let model_ms = fitted.predict_ms(features).ok_or(NoAnswer::NotPositive)?;
        let (mut flags, mut widened) = (Vec::new(), 1.0);
        let measured = self.measured.get(key).copied();
        let (deviation, log_half_width) = (kind.deviation, kind.band.log_half_width);
        let mut model = LogNormal { ms: model_ms, deviation, log_half_width };
        if measured.is_none() {
            let excess = kind.excess(features, self.cache);
            let (less_known, outside) = kind.less_known(features, excess.as_ref());
            let inside = (model.log_half_width * less_known / outside).min(WIDEST_LOG_HALF_WIDTH);
            model.log_half_width = (inside * outside).min(WIDEST_LOG_HALF_WIDTH);
            widened = model.log_half_width / inside;
            model.deviation =
                widened * (model.deviation * less_known / outside).min(WIDEST_LOG_HALF_WIDTH / NORMAL_90);
            if let Some(excess) = excess {
                flags.push(Flag::OutsideMeasured { term: excess.term, factor: outside });
            } else if model.log_half_width > HARDLY_KNOWN {
                flags.push(Flag::HardlyKnown { factor: model.log_half_width.exp() });
            }
            if matches!(kind.band.basis, Basis::Few | Basis::None) {
                flags.push(Flag::FewRows { kind: kind.kind.clone(), rows: kind.rows });
            }
        }
        let combined = measured.map_or(model, |fact| combine(fact, model, kind.repeat_factor));
        Ok(OpEstimate { combined, model_ms, measured, widened, flags })
    }

    /// What the model's part of an op's latency is made of.
    pub fn contributions(&self, op: &OpEntry) -> Result<Vec<Contribution>, NoAnswer> {
        self.regressor(&op.kind, &op.features).map(|(_, fitted)| fitted.contributions(&op.features))
    }

    /// The derivative of the logarithm of an op's latency, by its model, along a slope of its features.
    pub fn log_slope(&self, op: &OpSpec, slope: &FeatureSlope) -> Result<f64, NoAnswer> {
        let features = OpFeatures::of(op);
        let (_, fitted) = self.regressor(&op.kind(), &features)?;
        let ms = fitted.predict_ms(&features).ok_or(NoAnswer::NotPositive)?;
        Ok(fitted.slope_ms(&features, slope) / ms)
    }

    pub(crate) fn regressor(
        &self,
        kind: &str,
        features: &OpFeatures,
    ) -> Result<(&KindModel, &Fitted), NoAnswer> {
        let model = self.kinds.get(kind).ok_or_else(|| NoAnswer::Kind(kind.to_owned()))?;
        let pool = self.pools.get(&precision_of(kind)).ok_or(NoAnswer::NumberFormat)?;
        let seen = if model.scope == Scope::All { &pool.training_range } else { &model.training_range };
        if seen.unseen_term(features).is_none() {
            return Ok((model, &model.fitted));
        }
        match pool.training_range.unseen_term(features) {
            None => Ok((model, &pool.fitted)),
            Some(term) => Err(NoAnswer::Term(term)),
        }
    }
}

/// The number format of a kind of op.
pub(crate) fn precision_of(kind: &str) -> Precision {
    // Traced kinds have no hyphens.
    if kind.ends_with(Precision::Int8.suffix()) || kind.ends_with("_int8") {
        Precision::Int8
    } else {
        Precision::F32
    }
}

/// Measurement and model weighted by their precision on log scale.
///
/// The interval is for a new measurement of the same noise: `factor` times the deviation that is to be expected.
pub(crate) fn combine(fact: Measured, model: LogNormal, factor: f64) -> LogNormal {
    let (weight, model_weight) = (fact.noise.powi(-2), model.deviation.powi(-2));
    let total = weight + model_weight;
    let log_ms = (weight * fact.latency_ms.ln() + model_weight * model.ms.ln()) / total;
    let deviation = total.sqrt().recip();
    let log_half_width = factor * deviation.hypot(fact.single_noise());
    LogNormal { ms: log_ms.exp(), deviation, log_half_width }
}

#[cfg(test)]
mod tests;
