//! Which work a model has seen, and how far outside of it an op is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rows::Sample;
use crate::work::{OpFeatures, TERMS, Term};

/// How many half-widths wider an interval gets per e-fold outside the measured work.
pub(crate) const WIDER_PER_FOLD: f64 = 2.0;

/// Smallest and largest amount of each work term among samples; terms that none of them has are not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrainingRange {
    ranges: BTreeMap<String, (f64, f64)>,
}

/// How far outside an op is.
#[derive(Clone, Debug, PartialEq)]
pub struct Excess {
    /// The term that is furthest outside.
    pub term: &'static str,
    /// Logarithm of the ratio to the nearest amount seen; 1 where one of the two is 0.
    pub log_ratio: f64,
}

impl Excess {
    /// By how many times an interval is wider for it, by so many half-widths per e-fold or as many as is usual.
    pub(crate) fn widening(&self, per_fold: Option<f64>) -> f64 {
        1.0 + per_fold.unwrap_or(WIDER_PER_FOLD) * self.log_ratio
    }
}

impl TrainingRange {
    /// The hull of samples.
    pub fn of(samples: &[&Sample]) -> Self {
        let range = |place: usize| {
            let amounts = samples.iter().map(|s| s.features.work[place]);
            amounts.fold((f64::INFINITY, 0.0_f64), |(low, high), a| (low.min(a), high.max(a)))
        };
        let named = TERMS.iter().enumerate().map(|(place, term)| (term.name.to_owned(), range(place)));
        Self { ranges: named.filter(|(_, (_, high))| *high > 0.0).collect() }
    }

    /// What all of some hulls span.
    pub(crate) fn common(hulls: &[&Self]) -> Self {
        let mut ranges = hulls.first().map_or_else(BTreeMap::new, |first| first.ranges.clone());
        for other in hulls {
            ranges.retain(|term, (low, high)| {
                let Some((from, to)) = other.ranges.get(term) else { return false };
                (*low, *high) = (low.max(*from), high.min(*to));
                low <= high
            });
        }
        Self { ranges }
    }

    /// A term that the op has and no sample had.
    pub fn unseen_term(&self, op: &OpFeatures) -> Option<&'static str> {
        let unseen = |(term, amount): &(&Term, f64)| *amount > 0.0 && !self.ranges.contains_key(term.name);
        TERMS.iter().zip(op.work).find(unseen).map(|(term, _)| term.name)
    }

    /// By how many times an op is less well known for being outside; 1 inside.
    pub(crate) fn widening(&self, op: &OpFeatures) -> f64 {
        self.excess(op).map_or(1.0, |excess| excess.widening(None))
    }

    /// How far outside the op is; nothing when it is inside in every term.
    pub fn excess(&self, op: &OpFeatures) -> Option<Excess> {
        self.excess_in_time(op, &|_| 1.0)
    }

    /// The same, where a term that is outside counts for the share of the op's time that is its: what takes little of it may take many
    /// times as much and still change little.
    pub(crate) fn excess_in_time(
        &self,
        op: &OpFeatures,
        share: &dyn Fn(&'static str) -> f64,
    ) -> Option<Excess> {
        let of_term = |(term, amount): (&Term, f64)| {
            let (low, high) = self.ranges.get(term.name).copied().unwrap_or_default();
            let log_ratio = match amount {
                a if a > high && high > 0.0 => (a / high).ln(),
                a if a < low && a > 0.0 => (low / a).ln(),
                a if a > high || a < low => 1.0,
                _ => 0.0,
            };
            Excess { term: term.name, log_ratio: (share(term.name) * log_ratio.exp_m1()).ln_1p() }
        };
        let furthest = TERMS.iter().zip(op.work).map(of_term);
        furthest.max_by(|a, b| a.log_ratio.total_cmp(&b.log_ratio)).filter(|excess| excess.log_ratio > 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::op_row;
    use profiler::record::Cache;

    fn features(key: &str) -> OpFeatures {
        OpFeatures::of(&key.parse().unwrap())
    }

    #[test]
    fn outside_is_measured_in_the_furthest_term() {
        let rows = [op_row("gpool-4x4x10", 1.0), op_row("gpool-4x4x40", 1.0)];
        let samples = crate::rows::op_samples(&rows, &crate::rows::Repeats::new(), Cache::Cold).unwrap();
        let hull = TrainingRange::of(&samples.iter().collect::<Vec<_>>());
        assert_eq!(hull.excess(&features("gpool-4x4x20")), None);
        // 4·4·80 elements against 4·4·40 at most: ln 2. 4·4·5 against 4·4·10 at least: ln 2.
        for key in ["gpool-4x4x80", "gpool-4x4x5"] {
            let excess = hull.excess(&features(key)).unwrap();
            assert_eq!(excess.term, "pooled_elements");
            assert!((excess.log_ratio - 2.0_f64.ln()).abs() < 1e-12);
            // A tenth of the time may double.
            let excess = hull.excess_in_time(&features(key), &|_| 0.1).unwrap();
            assert!((excess.log_ratio - 1.1_f64.ln()).abs() < 1e-12);
        }
        assert_eq!(hull.unseen_term(&features("gpool-4x4x80")), None);
        assert_eq!(hull.unseen_term(&features("linear-1x1x8-o4")), Some("linear_macs"));
    }
}
