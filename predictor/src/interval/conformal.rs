//! How far a prediction can be off: split conformal intervals.
//!
//! Scores are |ln(measured / predicted)| of rows that were not fitted on; an interval is the prediction times and
//! divided by e^quantile. Source: Lei et al., Distribution-free predictive inference for regression, JASA 2018,
//! arXiv:1604.04173.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::learn::rms;

/// Share of new measurements that an interval is to cover.
pub(crate) const COVERAGE: f64 = 0.9;
/// Standard normal quantile of a two-sided 90 % interval.
pub(crate) const NORMAL_90: f64 = 1.645;
/// Half-width on log scale of the widest interval that says anything: a factor of ten either way.
pub(crate) const WIDEST_LOG_HALF_WIDTH: f64 = std::f64::consts::LN_10;
/// Half-width on log scale where nothing at all is known of the error: a factor of two either way.
const NOTHING_KNOWN: f64 = std::f64::consts::LN_2;

/// On what an interval rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The conformal quantile of the group's own scores.
    Own,
    /// The conformal quantile of all groups' scores, for want of own ones.
    Pooled,
    /// Student's t on the few scores there are.
    Few,
    /// No score at all: a factor of two either way.
    None,
}

/// Half-width of 90 % intervals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// On log scale; above 0.
    pub log_half_width: f64,
    /// On what it rests.
    pub basis: Basis,
    /// Number of scores.
    pub scores: usize,
}

impl Band {
    /// The band of a group from its signed log errors, or from all groups' when it has too few.
    pub fn new(own: &[f64], pooled: &[f64]) -> Self {
        let each = |errors: &[f64]| errors.iter().copied().enumerate().collect::<Vec<_>>();
        Self::clustered(&each(own), &each(pooled))
    }

    /// As [`Self::new`], from errors with the cluster that each belongs to: rows of one cluster (the ops of one network) go
    /// together, and what is new later is a row of a new cluster.
    pub fn clustered(own: &[(usize, f64)], pooled: &[(usize, f64)]) -> Self {
        let band = |log_half_width, basis, scores: usize| Self { log_half_width, basis, scores };
        if let Some(quantile) = clustered_quantile(own) {
            return band(quantile, Basis::Own, own.len());
        }
        if let Some(quantile) = clustered_quantile(pooled) {
            // Few as they are, its own scores may show that the group is harder than the others.
            let largest = own.iter().map(|(_, e)| e.abs()).fold(quantile, f64::max);
            return band(largest, Basis::Pooled, pooled.len());
        }
        let few = if own.len() >= 2 { own } else { pooled };
        let few: Vec<f64> = few.iter().map(|(_, error)| *error).collect();
        match student_half_width(&few) {
            Some(half_width) => band(half_width, Basis::Few, few.len()),
            None => band(NOTHING_KNOWN, Basis::None, 0),
        }
    }
}

/// A score that covers [`COVERAGE`] of the rows of a new one of exchangeable clusters. Nothing when there are fewer than 9.
///
/// Of clusters of one row each it is the ⌈(n + 1) · 0.9⌉-th smallest of n scores. Of larger ones it is a quantile of all, every
/// cluster with the same weight, at the level at which quantiles of the others cover 0.9 · (n + 1) / n of the clusters left out
/// in turn, on average, but no more than 0.95: the bound of Lee, Barber and Willett, Distribution-free inference with
/// hierarchical data, 2023, arXiv:2306.06342, §3, asks for the former of them all, which of ten clusters is the largest score.
pub(crate) fn clustered_quantile(log_errors: &[(usize, f64)]) -> Option<f64> {
    let clusters = Clusters::new(log_errors);
    let n = clusters.rows.len();
    if COVERAGE * (n as f64 + 1.0) > n as f64 {
        return None;
    }
    let quantile = if n == log_errors.len() {
        clusters.quantile(COVERAGE * (n as f64 + 1.0) / n as f64, None)
    } else {
        let wanted = (COVERAGE * (n as f64 + 1.0) / n as f64).min(MOST);
        let covers = |level: &f64| clusters.left_out_coverage(*level) >= wanted;
        let level = LEVELS.into_iter().find(covers).unwrap_or(1.0);
        clusters.quantile(level, None)
    };
    Some(quantile.max(f64::MIN_POSITIVE))
}

/// Coverage of clusters left out that is asked for at most, however few they are.
const MOST: f64 = 0.95;
/// Levels of quantiles that are tried.
const LEVELS: [f64; 11] = [0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 1.0];

/// Scores in order, with the place of the cluster of each.
struct Clusters {
    scores: Vec<(f64, usize)>,
    /// Rows of each cluster.
    rows: Vec<f64>,
}

impl Clusters {
    fn new(log_errors: &[(usize, f64)]) -> Self {
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        let mut rows: Vec<f64> = Vec::new();
        let mut scores = Vec::with_capacity(log_errors.len());
        for (cluster, error) in log_errors {
            let place = *places.entry(*cluster).or_insert(rows.len());
            if place == rows.len() {
                rows.push(0.0);
            }
            rows[place] += 1.0;
            scores.push((error.abs(), place));
        }
        scores.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { scores, rows }
    }

    /// The smallest score that covers this share of the clusters, one left out or not; the largest for a share beyond 1.
    fn quantile(&self, share: f64, left_out: Option<usize>) -> f64 {
        let clusters = self.rows.len() - usize::from(left_out.is_some());
        // Weights of a cluster add up to 1 but for rounding.
        let wanted = share * clusters as f64 - 1e-9;
        let mut covered = 0.0;
        let mut enough = |place: usize| {
            covered += if Some(place) == left_out { 0.0 } else { 1.0 / self.rows[place] };
            covered >= wanted
        };
        let found = self.scores.iter().find(|(_, place)| enough(*place)).or(self.scores.last());
        found.map_or(0.0, |(score, _)| *score)
    }

    /// How much of a cluster the quantiles of the others cover, on average.
    fn left_out_coverage(&self, level: f64) -> f64 {
        let of_cluster = |place: usize| {
            let limit = self.quantile(level, Some(place));
            let inside = self.scores.iter().filter(|(score, of)| *of == place && *score <= limit);
            inside.count() as f64 / self.rows[place]
        };
        (0..self.rows.len()).map(of_cluster).sum::<f64>() / self.rows.len() as f64
    }
}

/// Student's prediction interval around 0 for a next error, from 2 to 8 errors.
fn student_half_width(log_errors: &[f64]) -> Option<f64> {
    // Two-sided 90 % points for 2 to 8 degrees of freedom; errors are taken around 0, so n errors give n.
    const T: [f64; 7] = [2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860];
    let t = T.get(log_errors.len().checked_sub(2)?)?;
    Some((t * rms(log_errors)).max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest score that covers [`COVERAGE`] of exchangeable new ones, with the finite-sample correction: the
    /// ⌈(n + 1) · 0.9⌉-th smallest of n. Nothing when n is below 9, where no finite interval has that guarantee.
    fn conformal_quantile(log_errors: &[f64]) -> Option<f64> {
        clustered_quantile(&log_errors.iter().copied().enumerate().collect::<Vec<_>>())
    }
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn quantile_has_the_finite_sample_correction() {
        // n = 9: rank ⌈10 · 0.9⌉ = 9, the largest; n = 19: rank 18; n = 8: rank 9 > 8, none.
        let scores =
            |n: i32| (1..=n).map(|i| f64::from(i) * if i % 2 == 0 { 1.0 } else { -1.0 }).collect::<Vec<_>>();
        assert_eq!(conformal_quantile(&scores(9)), Some(9.0));
        assert_eq!(conformal_quantile(&scores(19)), Some(18.0));
        assert_eq!(conformal_quantile(&scores(8)), None);
        assert_eq!(conformal_quantile(&[]), None);
    }

    #[test]
    fn clusters_weigh_the_same_and_the_level_is_that_of_clusters_left_out() {
        // Of clusters alike, of the scores 0.1 to 10 each, any others' quantile at 0.9 is 9, which covers nine tenths of one left
        // out; 0.9 · 101 / 100 is more than that, and at 0.91 it is 9.1.
        let alike = |clusters: usize| {
            let scores = |c: usize| (1..=100).map(move |score| (c, f64::from(score) / 10.0));
            (0..clusters).flat_map(scores).collect::<Vec<_>>()
        };
        assert_eq!(clustered_quantile(&alike(100)), Some(9.1));
        // Of ten, 0.9 · 11 / 10 would be 0.99.
        assert_eq!(clustered_quantile(&alike(10)), Some(9.5));
        // One of a hundred has all its rows at 20. At 0.91 of 99 clusters the 98 alike must be covered to 0.92, and so is the one
        // left out: 0.99 · 0.92 is above 0.909, which 0.99 · 0.91 is not. Of all, 99 · 0.92 is the first above 91.
        let mut odd = alike(99);
        odd.extend([(99, 20.0); 10]);
        assert_eq!(clustered_quantile(&odd), Some(9.2));
        // Weights: a cluster of a thousand rows counts as one of ten does.
        let mut large = alike(99);
        large.extend((0..1000).map(|_| (99, 0.1)));
        assert_eq!(clustered_quantile(&large), Some(9.1));
        assert_eq!(clustered_quantile(&alike(8)), None);
    }

    #[test]
    fn few_scores_borrow_then_widen_then_say_nothing_is_known() {
        let many: Vec<f64> = (1..=10).map(|i| f64::from(i) / 100.0).collect();
        // n = 10: rank ⌈9.9⌉ = 10.
        let pooled = Band { log_half_width: 0.1, basis: Basis::Pooled, scores: 10 };
        assert_eq!(Band::new(&[0.01; 3], &many), pooled);
        // Root mean square of (0.01, -0.01) is 0.01; t with 2 degrees of freedom is 2.92.
        let few = Band::new(&[0.01, -0.01], &[0.01, -0.01]);
        assert_eq!((few.basis, few.scores), (Basis::Few, 2));
        assert!((few.log_half_width - 0.0292).abs() < 1e-12);
        assert_eq!(Band::new(&[], &[0.01]).basis, Basis::None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        /// Over many draws of n errors and one more, the band covers the one more at least 90 % of the time.
        #[test]
        fn coverage_holds(n in 9_usize..60, seed in 0_u64..1000) {
            let mut random = rand_pcg::Pcg64::seed_from_u64(seed);
            let trials = 4000;
            let covered = (0..trials).filter(|_| {
                let errors: Vec<f64> = (0..n).map(|_| random.random::<f64>().powi(3) - 0.3).collect();
                (random.random::<f64>().powi(3) - 0.3).abs() <= conformal_quantile(&errors).unwrap()
            });
            // Standard deviation of the share is below 0.005.
            prop_assert!(covered.count() as f64 / f64::from(trials) > 0.88);
        }
    }
}
