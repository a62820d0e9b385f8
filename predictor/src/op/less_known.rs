//! By how much less an op is known than is usual for its kind.

use std::collections::BTreeMap;

use profiler::record::Cache;

use super::kind::{KindModel, LEAST_KNOWN};
use crate::interval::{Excess, TrainingRange};
use crate::regressor::Fitted;
use crate::work::OpFeatures;

impl KindModel {
    /// By how many times an op is less well known than is usual, and the same for the part that comes from being outside
    /// what was measured.
    ///
    /// Where it is known what being outside costs, that is all of it: a kernel's spread grows there for the same reason.
    pub(crate) fn less_known(&self, op: &OpFeatures, excess: Option<&Excess>) -> (f64, f64) {
        let outside = excess.map_or(1.0, |excess| excess.widening(self.wider_per_fold));
        let spread = self.fitted.spread(op) / self.usual_spread;
        let less_known = match self.wider_per_fold {
            Some(_) => spread.max(outside),
            None => spread * outside,
        };
        (less_known.max(LEAST_KNOWN), outside)
    }

    /// How far an op is outside of what was measured.
    pub(crate) fn excess(&self, op: &OpFeatures, cache: Cache) -> Option<Excess> {
        match cache {
            Cache::InPlace => excess_in_time(&self.fitted, &self.training_range, op),
            Cache::Hot | Cache::Cold => self.training_range.excess(op),
        }
    }
}

/// How far an op is outside of a range. Ops measured in place are many layers in one, such as a convolution and a sum: each work term
/// counts for its share of the time.
pub(super) fn excess_in_time(fitted: &Fitted, range: &TrainingRange, op: &OpFeatures) -> Option<Excess> {
    let terms = fitted.contributions(op).into_iter().filter(|part| part.amount.is_some());
    let ms: BTreeMap<String, f64> = terms.map(|part| (part.name, part.ms)).collect();
    let all: f64 = ms.values().sum();
    let share = |term: &str| if all > 0.0 { ms.get(term).map_or(0.0, |ms| ms / all) } else { 1.0 };
    range.excess_in_time(op, &share)
}
