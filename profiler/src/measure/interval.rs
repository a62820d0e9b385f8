//! Quantiles, and a confidence interval for the median that assumes nothing about the distribution.

use serde::{Deserialize, Serialize};

/// A 95 % confidence interval of a median.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Half the interval's width as a fraction of `centre`; infinite if the centre is not positive.
    pub fn relative_half_width(&self, centre: f64) -> f64 {
        if centre > 0.0 { (self.high - self.low) / 2.0 / centre } else { f64::INFINITY }
    }
}

/// The `q`-quantile, linearly interpolated between order statistics (type 7 of Hyndman and Fan, 1996).
///
/// `None` if there are no values.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let sorted = sorted(values);
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (position - below as f64) * (sorted[above] - sorted[below]))
}

pub(super) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The median; `None` if there are no values.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The middle value in order, of two in the middle the larger: one of the values themselves. `None` if there are none.
pub fn upper_median(values: &[f64]) -> Option<f64> {
    sorted(values).get(values.len() / 2).copied()
}

/// A 95 % confidence interval of the median from order statistics.
///
/// With `n` values in order, the interval `[x_(k), x_(n−k+1)]` covers the median with probability
/// `1 − 2·P(B ≤ k−1)`, `B ~ Binomial(n, ½)`; `k` is the largest for which this is at least 95 %. `None` below
/// six values: there even the whole range covers less (`1 − 2·2⁻⁵` = 93.75 %).
/// Source: Conover, Practical Nonparametric Statistics, §3.2.
pub fn median_interval(values: &[f64]) -> Option<Interval> {
    let k = interval_rank(values.len())?;
    let sorted = sorted(values);
    Some(Interval { low: sorted[k - 1], high: sorted[sorted.len() - k] })
}

/// Largest rank `k ≥ 1` with `P(Binomial(n, ½) ≤ k − 1) ≤ 2.5 %`.
fn interval_rank(n: usize) -> Option<usize> {
    const TAIL: f64 = 0.025;
    // Probabilities through logarithms: 2⁻ⁿ itself is zero from n = 1075 on.
    let mut ln_probability = -(n as f64) * std::f64::consts::LN_2;
    let mut cumulative = 0.0;
    let mut rank = 0;
    for i in 0..n {
        cumulative += ln_probability.exp();
        if cumulative > TAIL {
            break;
        }
        rank = i + 1;
        ln_probability += ((n - i) as f64 / (i + 1) as f64).ln();
    }
    (rank > 0).then_some(rank)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_interpolate() {
        // Positions 0..3; the 90 % quantile is at 2.7: 30 + 0.7·(40 − 30) = 37.
        let values = [40.0, 10.0, 30.0, 20.0];
        assert_eq!(quantile(&values, 0.9), Some(37.0));
        assert_eq!(median(&values), Some(25.0));
        assert_eq!(quantile(&values, 0.0), Some(10.0));
        assert_eq!(quantile(&values, 1.0), Some(40.0));
        assert_eq!(median(&[]), None);
        assert_eq!([&values[..], &values[..3], &[]].map(upper_median), [Some(30.0), Some(30.0), None]);
    }

    #[test]
    fn ranks_match_the_binomial_table() {
        // n = 5: P(B ≤ 0) = 1/32 = 0.031 > 0.025, no interval. n = 6: 1/64 = 0.0156, k = 1.
        // n = 8: P(B ≤ 0) = 1/256, P(B ≤ 1) = 9/256 = 0.035, so k = 1.
        // n = 9: P(B ≤ 1) = 10/512 = 0.0195, P(B ≤ 2) = 46/512 = 0.09, so k = 2.
        // n = 20: P(B ≤ 5) = 21700/2^20 = 0.0207, P(B ≤ 6) = 60460/2^20 = 0.0577, so k = 6.
        assert_eq!([5, 6, 8, 9, 20].map(interval_rank), [None, Some(1), Some(1), Some(2), Some(6)]);
        // Large n: k ≈ n/2 − 0.98·√n = 2000 − 0.98·63.2 = 1938.
        let k = interval_rank(4000).unwrap();
        assert!((1936..=1940).contains(&k), "{k}");
    }

    #[test]
    fn interval_is_cut_at_the_ranks() {
        let values: Vec<f64> = (1..=9).rev().map(f64::from).collect();
        assert_eq!(median_interval(&values), Some(Interval { low: 2.0, high: 8.0 }));
        assert_eq!(median_interval(&values[..5]), None);
        // (8 − 2) / 2 / 5 = 0.6.
        assert_eq!(Interval { low: 2.0, high: 8.0 }.relative_half_width(5.0), 0.6);
    }

    proptest! {
        #[test]
        fn interval_holds_the_median(values in prop::collection::vec(0.0f64..1e9, 6..200)) {
            let interval = median_interval(&values).unwrap();
            let centre = median(&values).unwrap();
            prop_assert!(interval.low <= centre && centre <= interval.high);
        }

        #[test]
        fn coverage_is_at_least_95_percent(n in 6usize..400) {
            // Add up the tail again, the other way: with factorials in logarithms.
            let k = interval_rank(n).unwrap();
            let ln_factorial = |m: usize| (1..=m).map(|i| (i as f64).ln()).sum::<f64>();
            let ln_whole = ln_factorial(n) - n as f64 * std::f64::consts::LN_2;
            let probability = |i: usize| (ln_whole - ln_factorial(i) - ln_factorial(n - i)).exp();
            let tail = |k: usize| (0..k).map(probability).sum::<f64>();
            prop_assert!(tail(k) <= 0.025 + 1e-9);
            prop_assert!(tail(k + 1) > 0.025 - 1e-9);
        }
    }
}
