//! The middle of values, and how sure it is.

use super::{Interval, interval::sorted};

/// Values of which there is an interval at least: with fewer, too few are left when a quarter is cut off at each end.
const FEWEST: usize = 6;

/// The mean of the middle half: a quarter of the values, rounded down, is left out at each end. `None` without values.
///
/// It bears disturbances as a median does, but needs fewer values to be as sure; and where values come in two heaps, as times
/// of cold caches may, it lies between them instead of in one or the other.
/// Source: interquartile mean; Tukey, Exploratory Data Analysis (1977), calls it midmean.
pub fn midmean(values: &[f64]) -> Option<f64> {
    Middle::of(values).map(|middle| middle.mean)
}

/// A 95 % confidence interval of [`midmean`], by the variance of the values with the outer quarters drawn in to the inner
/// ones. `None` below six values.
///
/// `mean ± t(0.975, h − 1) · √(S² / (h·(h − 1)))`, `h` values in the middle, `S²` the sum of squares of all when drawn in.
/// Source: Tukey and McLaughlin, Sankhyā A 25 (1963), 331-352.
pub fn midmean_interval(values: &[f64]) -> Option<Interval> {
    let middle = Middle::of(values).filter(|_| values.len() >= FEWEST)?;
    let half = middle.kept as f64;
    let half_width = student_95(half - 1.0) * (middle.squares / (half * (half - 1.0))).sqrt();
    Some(Interval { low: middle.mean - half_width, high: middle.mean + half_width })
}

/// The mean of few values and its 95 % confidence interval, if they are normally distributed. `None` below two values.
pub fn mean_interval(values: &[f64]) -> Option<(f64, Interval)> {
    /// The 97.5 % quantiles of Student's distribution with one and two degrees of freedom.
    const FEW: [f64; 2] = [12.706, 4.303];
    let count = values.len() as f64;
    let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let quantile = FEW.get(freedom - 1).copied().unwrap_or_else(|| student_95(freedom as f64));
    let half_width = quantile * (squares / (count * freedom as f64)).sqrt();
    Some((mean, Interval { low: mean - half_width, high: mean + half_width }))
}

struct Middle {
    mean: f64,
    /// Values that are left.
    kept: usize,
    /// Sum of squared deviations of all values, the outer ones drawn in, from their mean.
    squares: f64,
}

impl Middle {
    fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values);
        let cut = sorted.len() / 4;
        let middle = sorted.get(cut..sorted.len() - cut).filter(|middle| !middle.is_empty())?;
        let (kept, sum) = (middle.len(), middle.iter().sum::<f64>());
        let (low, high) = (middle[0], middle[kept - 1]);
        let drawn_in: f64 = (sum + cut as f64 * (low + high)) / sorted.len() as f64;
        let square = |value: f64| (value - drawn_in).powi(2);
        let squares =
            middle.iter().copied().map(square).sum::<f64>() + cut as f64 * (square(low) + square(high));
        Some(Self { mean: sum / kept as f64, kept, squares })
    }
}

/// The 97.5 % quantile of Student's distribution with three degrees of freedom or more, within 0.2 %.
///
/// Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
fn student_95(freedom: f64) -> f64 {
    let z: f64 = 1.959_963_984_540_054;
    let power = |n| z.powi(n);
    let terms = [
        z,
        (power(3) + z) / 4.0,
        (5.0 * power(5) + 16.0 * power(3) + 3.0 * z) / 96.0,
        (3.0 * power(7) + 19.0 * power(5) + 17.0 * power(3) - 15.0 * z) / 384.0,
        (79.0 * power(9) + 776.0 * power(7) + 1482.0 * power(5) - 1920.0 * power(3) - 945.0 * z) / 92_160.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| sum / freedom + term)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    use super::*;

    #[test]
    fn the_middle_by_hand() {
        // Eight values: two off each end leave 3, 4, 5, 6. Disturbed ones do not count.
        let values = [900.0, 4.0, 1.0, 3.0, 6.0, 2.0, 5.0, 800.0];
        assert_eq!(midmean(&values), Some(4.5));
        // Drawn in: 3 three times, 4, 5, 6 three times, mean 4.5, squares 6·2.25 + 2·0.25 = 14. Of 4 values:
        // √(14 / 12) = 1.0801, t(0.975, 3) = 3.182: half width 3.437.
        let interval = midmean_interval(&values).unwrap();
        assert!((interval.high - 4.5 - 3.437).abs() < 0.01, "{interval:?}");
        assert!((interval.low + interval.high - 9.0).abs() < 1e-12);
        assert_eq!(midmean(&[7.0]), Some(7.0));
        assert_eq!((midmean(&[]), midmean_interval(&values[..5])), (None, None));
        // All alike: known exactly.
        assert_eq!(midmean_interval(&[2.0; 6]), Some(Interval { low: 2.0, high: 2.0 }));
    }

    #[test]
    fn few_values_have_a_mean() {
        // 1 and 3: mean 2, deviation √2, of the mean 1; 12.706. Then 1, 2, 3: deviation 1, of the mean 1/√3; 4.303/√3 = 2.484.
        let (mean, interval) = mean_interval(&[1.0, 3.0]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12 && (interval.high - 14.706).abs() < 1e-9, "{interval:?}");
        let (_, interval) = mean_interval(&[1.0, 2.0, 3.0]).unwrap();
        assert!((interval.high - 2.0 - 2.484).abs() < 0.001, "{interval:?}");
        assert!(mean_interval(&[1.0]).is_none() && mean_interval(&[]).is_none());
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(3.0, 3.182), (5.0, 2.571), (11.0, 2.201), (30.0, 2.042), (1e9, 1.960)] {
            let found = student_95(freedom);
            assert!((found / expected - 1.0).abs() < 0.002, "{freedom}: {found}");
        }
    }

    /// Shares of 2,000 drawn samples of which the interval holds the true middle.
    fn coverage(count: usize, draw: impl Fn(&mut Pcg64) -> f64, truth: f64) -> f64 {
        let mut random = Pcg64::seed_from_u64(count as u64);
        let holds = |_: &u32| {
            let values: Vec<f64> = (0..count).map(|_| draw(&mut random)).collect();
            let interval = midmean_interval(&values).unwrap();
            (interval.low..=interval.high).contains(&truth)
        };
        f64::from(u32::try_from((0..2000).filter(holds).count()).unwrap()) / 2000.0
    }

    #[test]
    fn the_interval_holds_the_middle_as_often_as_it_says() {
        type Draw = fn(&mut Pcg64) -> f64;
        let normal: Draw = |random| (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        // One in five is five times as wide.
        let tails: Draw = |random| {
            let wide = if random.random::<f64>() < 0.2 { 5.0 } else { 1.0 };
            wide * (random.random::<f64>() - 0.5)
        };
        let uniform: Draw = |random| random.random::<f64>() - 0.5;
        // Two heaps: the middle of few values is then that of one heap, more often than it says.
        let heaps: Draw =
            |random| f64::from(u8::from(random.random::<f64>() < 0.5)) + 0.5 * random.random::<f64>() - 0.75;
        for (count, least_of_heaps) in [(8, 0.65), (24, 0.90), (100, 0.92)] {
            for (draw, least) in [(normal, 0.90), (tails, 0.90), (uniform, 0.90), (heaps, least_of_heaps)] {
                let found = coverage(count, draw, 0.0);
                assert!((least..=0.99).contains(&found), "{count} values: {found}, at least {least}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_middle_lies_between_the_quartiles(values in prop::collection::vec(0.0f64..1e9, 6..200)) {
            let sorted = sorted(&values);
            let (centre, interval) = (midmean(&values).unwrap(), midmean_interval(&values).unwrap());
            let slack = 1e-9 * centre;
            prop_assert!(sorted[values.len() / 4] <= centre + slack);
            prop_assert!(centre <= sorted[values.len() - 1 - values.len() / 4] + slack);
            prop_assert!(interval.low <= centre && centre <= interval.high);
        }
    }
}
