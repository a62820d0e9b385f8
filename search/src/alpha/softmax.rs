/// log Σ exp(x_i), without overflow.
pub(crate) fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + values.iter().map(|value| (value - largest).exp()).sum::<f64>().ln()
}

/// exp(x_i) / Σ exp(x_j).
pub(crate) fn softmax(values: &[f64]) -> Vec<f64> {
    let total = log_sum_exp(values);
    values.iter().map(|value| (value - total).exp()).collect()
}

/// −Σ p log p in nats.
pub(crate) fn entropy(probabilities: &[f64]) -> f64 {
    0.0 - probabilities.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
}

/// Mean entropy of blocks in nats, divided by that of equal probabilities: 1 knows nothing, 0 has decided.
///
/// Blocks with one candidate are left out; 0 if there are no others.
pub(crate) fn relative_entropy(probabilities: &[Vec<f64>]) -> f64 {
    let choices = probabilities.iter().filter(|block| block.len() > 1);
    let entropies: Vec<_> = choices.map(|block| entropy(block) / (block.len() as f64).ln()).collect();
    if entropies.is_empty() { 0.0 } else { entropies.iter().sum::<f64>() / entropies.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_by_hand() {
        // e^ln(1) : e^ln(3) = 1 : 3, whatever is added to both.
        for shift in [0.0, 1000.0, -1000.0] {
            let p = softmax(&[shift, 3.0_f64.ln() + shift]);
            assert!((p[0] - 0.25).abs() < 1e-12 && (p[1] - 0.75).abs() < 1e-12, "{p:?}");
        }
    }

    #[test]
    fn entropy_by_hand() {
        // Four equal chances: ln 4. A certainty: 0.
        assert!((entropy(&[0.25; 4]) - 4.0_f64.ln()).abs() < 1e-12);
        assert_eq!(entropy(&[0.0, 1.0]), 0.0);
    }
}
