//! Probabilities, and what remains of them when there are many.

/// The normal distribution's 97.5 % quantile: a 95 % interval reaches so many standard deviations either way.
pub(super) const Z_95: f64 = 1.959_964;

/// Probability that a standard normal variable is further from zero than `z`: `erfc(|z| / √2)`.
pub fn two_sided_p(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Probabilities corrected for their number: naming all those at most `r` keeps the expected share of false ones among
/// the named at most `r`.
///
/// With the probabilities in ascending order, `q_(i) = min over j ≥ i of m · p_(j) / j`, at most 1. In the order given.
/// Source: Benjamini and Hochberg, Controlling the False Discovery Rate, J. R. Statist. Soc. B 57 (1995); valid too
/// where the tests depend on each other positively, as hot and cold figures of one op do: Benjamini and Yekutieli,
/// Ann. Statist. 29 (2001).
pub fn benjamini_hochberg(probabilities: &[f64]) -> Vec<f64> {
    let count = probabilities.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let mut corrected = vec![1.0; count];
    let mut smallest: f64 = 1.0;
    for (rank, index) in order.into_iter().enumerate().rev() {
        smallest = smallest.min(count as f64 * probabilities[index] / (rank + 1) as f64);
        corrected[index] = smallest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn probabilities_match_the_normal_table() {
        // 1.96 leaves 2.5 % on either side, 2.5758 leaves 0.5 %, 0 everything.
        for (z, p) in [(1.959_964, 0.05), (-1.959_964, 0.05), (2.575_829, 0.01), (0.0, 1.0)] {
            assert!((two_sided_p(z) - p).abs() < 1e-6, "{z}: {}", two_sided_p(z));
        }
        // Six standard deviations: 1.97e-9; not lost in rounding.
        assert!((two_sided_p(6.0) / 1.973e-9 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn corrected_probabilities_match_a_hand_count() {
        // m = 4, in order 0.01, 0.02, 0.03, 0.5: 4·0.01/1 = 0.04, 4·0.02/2 = 0.04, 4·0.03/3 = 0.04, 4·0.5/4 = 0.5.
        let corrected = benjamini_hochberg(&[0.03, 0.5, 0.01, 0.02]);
        for (q, expected) in corrected.iter().zip([0.04, 0.5, 0.04, 0.04]) {
            assert!((q - expected).abs() < 1e-12, "{corrected:?}");
        }
        // 2·0.04/1 = 0.08, but 2·0.05/2 = 0.05 stands above it.
        assert_eq!(benjamini_hochberg(&[0.04, 0.05]), [0.05, 0.05]);
        assert_eq!(benjamini_hochberg(&[]), [0.0; 0]);
    }

    proptest! {
        #[test]
        fn correction_only_raises_and_keeps_the_order(p in prop::collection::vec(0.0f64..=1.0, 1..40)) {
            let q = benjamini_hochberg(&p);
            for i in 0..p.len() {
                prop_assert!(q[i] >= p[i] - 1e-15 && q[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || q[i] <= q[j]);
                }
            }
        }
    }
}
