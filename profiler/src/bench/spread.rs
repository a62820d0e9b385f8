//! How far repeats lie apart, and means of ratios.

use crate::measure::{median, quantile};

/// Repeat-to-repeat spread: longest less shortest, over the median. `None` without values.
pub fn spread(repeats: &[f64]) -> Option<f64> {
    Some((quantile(repeats, 1.0)? - quantile(repeats, 0.0)?) / median(repeats)?)
}

/// The geometric mean; `None` without values.
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (!ratios.is_empty()).then(|| (sum / ratios.len() as f64).exp())
}

/// The ratio that is the furthest from 1, either way: 0.8 (1/1.25) is further than 1.2.
pub fn furthest_from_one(ratios: &[f64]) -> Option<f64> {
    ratios.iter().copied().max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()))
}

/// The arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_by_hand() {
        // (12 − 9) / 10 = 0.3; the order does not matter.
        assert!((spread(&[12.0, 9.0, 10.0]).unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(spread(&[5.0]), Some(0.0));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn means_by_hand() {
        // √(0.5 · 2) = 1; (1 · 2 · 4)^(1/3) = 2.
        assert!((geometric_mean(&[0.5, 2.0]).unwrap() - 1.0).abs() < 1e-12);
        assert!((geometric_mean(&[1.0, 2.0, 4.0]).unwrap() - 2.0).abs() < 1e-12);
        assert_eq!((geometric_mean(&[]), mean(&[]), furthest_from_one(&[])), (None, None, None));
        assert_eq!(mean(&[1.0, 2.0, 6.0]), Some(3.0));
        // 1 / 0.8 = 1.25 > 1.2.
        assert_eq!(furthest_from_one(&[1.2, 0.8, 1.0]), Some(0.8));
    }
}
