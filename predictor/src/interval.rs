//! How far a prediction can be off: split conformal intervals.
//!
//! Scores are |ln(measured / predicted)| of rows that were not fitted on; an interval is the prediction times and
//! divided by e^quantile. Source: Lei et al., Distribution-free predictive inference for regression, JASA 2018,
//! arXiv:1604.04173.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Share of new measurements that an interval is to cover.
pub const COVERAGE: f64 = 0.9;
/// Standard normal quantile of a two-sided 90 % interval.
pub(crate) const NORMAL_90: f64 = 1.645;
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
    #[must_use]
    pub fn new(own: &[f64], pooled: &[f64]) -> Self {
        let each = |errors: &[f64]| errors.iter().copied().enumerate().collect::<Vec<_>>();
        Self::clustered(&each(own), &each(pooled))
    }

    /// As [`Self::new`], from errors with the cluster that each belongs to: rows of one cluster (the ops of one network) go
    /// together, and what is new later is a row of a new cluster.
    #[must_use]
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

/// The smallest score that covers [`COVERAGE`] of exchangeable new ones, with the finite-sample correction: the
/// ⌈(n + 1) · 0.9⌉-th smallest of n. Nothing when n is below 9, where no finite interval has that guarantee.
#[must_use]
pub fn conformal_quantile(log_errors: &[f64]) -> Option<f64> {
    clustered_quantile(&log_errors.iter().copied().enumerate().collect::<Vec<_>>())
}

/// The smallest score that covers [`COVERAGE`] of the rows of a new one of exchangeable clusters: every cluster has the same
/// weight, and the new one as much at infinity. Nothing when there are fewer than 9 clusters. Clusters of one row each give
/// [`conformal_quantile`]. Source: Lee, Barber and Willett, Distribution-free inference with hierarchical data, 2023,
/// arXiv:2306.06342, §3.
#[must_use]
pub fn clustered_quantile(log_errors: &[(usize, f64)]) -> Option<f64> {
    let mut rows: BTreeMap<usize, f64> = BTreeMap::new();
    log_errors.iter().for_each(|(cluster, _)| *rows.entry(*cluster).or_default() += 1.0);
    let wanted = COVERAGE * (rows.len() as f64 + 1.0);
    let mut scores: Vec<(f64, f64)> = log_errors
        .iter()
        .map(|(cluster, error)| (error.abs(), rows.get(cluster).map_or(0.0, |n| n.recip())))
        .collect();
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut covered = 0.0;
    let mut enough = |weight: f64| {
        covered += weight;
        // Weights of a cluster add up to 1 but for rounding.
        covered >= wanted - 1e-9
    };
    scores.into_iter().find(|(_, weight)| enough(*weight)).map(|(score, _)| score.max(f64::MIN_POSITIVE))
}

/// Student's prediction interval around 0 for a next error, from 2 to 8 errors.
fn student_half_width(log_errors: &[f64]) -> Option<f64> {
    // Two-sided 90 % points for 2 to 8 degrees of freedom; errors are taken around 0, so n errors give n.
    const T: [f64; 7] = [2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860];
    let n = log_errors.len();
    let t = T.get(n.checked_sub(2)?)?;
    let rms = (log_errors.iter().map(|e| e * e).sum::<f64>() / n as f64).sqrt();
    Some((t * rms).max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
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
    fn clusters_weigh_the_same() {
        // 10 clusters: 0.9 · 11 = 9.9 of their weights. Nine have one row each, 1 to 9; the tenth has ten rows of 20 to 29 at
        // a tenth each: 9 + 0.9 is reached at its ninth row.
        let mut scores: Vec<(usize, f64)> = (1..=9).map(|i| (i, i as f64)).collect();
        scores.extend((0..10).map(|i| (0, 20.0 + f64::from(i))));
        assert_eq!(clustered_quantile(&scores), Some(28.0));
        // Nine clusters: 0.9 · 10 = 9, the largest of all; eight never.
        assert_eq!(clustered_quantile(&scores[1..]), Some(29.0));
        assert_eq!(clustered_quantile(&scores[2..]), None);
    }

    #[test]
    fn few_scores_borrow_then_widen_then_say_nothing_is_known() {
        let many: Vec<f64> = (1..=10).map(|i| f64::from(i) / 100.0).collect();
        // n = 10: rank ⌈9.9⌉ = 10.
        assert_eq!(
            Band::new(&[0.01; 3], &many),
            Band { log_half_width: 0.1, basis: Basis::Pooled, scores: 10 }
        );
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
