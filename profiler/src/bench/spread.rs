//! How far repeats lie apart, and means of ratios.

use crate::measure::quantile;

/// Repeat-to-repeat spread: longest less shortest, over the median. No number without values.
pub fn spread(repeats: &[f64]) -> f64 {
    let at = |q| quantile(repeats, q).unwrap_or(f64::NAN);
    (at(1.0) - at(0.0)) / at(0.5)
}

/// The geometric mean. No number without values.
pub fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// The ratio that is the furthest from 1, either way: 0.8 (1/1.25) is further than 1.2. No number without values.
pub fn furthest_from_one(ratios: &[f64]) -> f64 {
    ratios.iter().copied().max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs())).unwrap_or(f64::NAN)
}

/// The arithmetic mean. No number without values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_and_means_by_hand() {
        // (12 − 9) / 10 = 0.3; the order does not matter.
        assert!((spread(&[12.0, 9.0, 10.0]) - 0.3).abs() < 1e-12);
        assert_eq!(spread(&[5.0]), 0.0);
        // √(0.5 · 2) = 1; (1 · 2 · 4)^(1/3) = 2.
        assert!((geometric_mean(&[0.5, 2.0]) - 1.0).abs() < 1e-12);
        assert!((geometric_mean(&[1.0, 2.0, 4.0]) - 2.0).abs() < 1e-12);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        // 1 / 0.8 = 1.25 > 1.2.
        assert_eq!(furthest_from_one(&[1.2, 0.8, 1.0]), 0.8);
        let of_none = [spread(&[]), geometric_mean(&[]), mean(&[]), furthest_from_one(&[])];
        assert!(of_none.iter().all(|value| value.is_nan()));
    }
}
