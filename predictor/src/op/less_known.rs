//! By how much less an op is known than is usual for its kind.

use std::collections::BTreeMap;

use profiler::record::Cache;

use super::kind::{KindModel, LEAST_KNOWN};
use crate::interval::Excess;
use crate::work::OpFeatures;

impl KindModel {
    /// By how many times an op is less well known than is usual, and the same for the part that comes from being outside
    /// what was measured.
    pub(crate) fn less_known(&self, op: &OpFeatures, excess: Option<&Excess>) -> (f64, f64) {
        let outside = excess.map_or(1.0, Excess::widening);
        ((self.fitted.spread(op) * outside / self.usual_spread).max(LEAST_KNOWN), outside)
    }

    /// How far an op is outside of what was measured. Ops measured in place are many layers in one, such as a convolution and a sum:
    /// each work term counts for its share of the time.
    pub(crate) fn excess(&self, op: &OpFeatures, cache: Cache) -> Option<Excess> {
        if cache != Cache::InPlace {
            return self.training_range.excess(op);
        }
        let terms = self.fitted.contributions(op).into_iter().filter(|part| part.amount.is_some());
        let ms: BTreeMap<String, f64> = terms.map(|part| (part.name, part.ms)).collect();
        let all: f64 = ms.values().sum();
        let share = |term: &str| if all > 0.0 { ms.get(term).map_or(0.0, |ms| ms / all) } else { 1.0 };
        self.training_range.excess_in_time(op, &share)
    }
}
