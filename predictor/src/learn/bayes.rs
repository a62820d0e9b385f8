//! Bayesian linear regression with a mean of 0 and independent coefficients.
//!
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, §2.1; leaving one row out: §5.4.2.

use super::{Cholesky, linear};

/// What rows and a prior say of coefficients.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Posterior {
    /// Their means.
    pub(crate) coefficients: Vec<f64>,
    /// ln p(targets), up to a constant.
    pub(crate) log_likelihood: f64,
    /// What each row would be by all the others.
    pub(crate) left_out: Vec<f64>,
}

/// The posterior of `rows` (all of one length) with `targets`, prior `variances` of the coefficients, and `noise`² around the
/// targets. Nothing when there is no finite solution.
pub(crate) fn posterior(
    rows: &[Vec<f64>],
    targets: &[f64],
    variances: &[f64],
    noise: f64,
) -> Option<Posterior> {
    let n = rows.len();
    let scaled: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().zip(variances).map(|(x, v)| x * v).collect()).collect();
    let mut matrix = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            matrix[i * n + j] = linear(&rows[i], &scaled[j]);
        }
        matrix[i * n + i] += noise * noise;
    }
    let factor = Cholesky::new(matrix, n)?;
    let alpha = factor.solve(targets);
    let inverse = factor.inverse();
    let coefficient = |k: usize| scaled.iter().zip(&alpha).map(|(row, a)| row[k] * a).sum::<f64>();
    let coefficients: Vec<f64> = (0..variances.len()).map(coefficient).collect();
    let left_out: Vec<f64> = (0..n).map(|i| targets[i] - alpha[i] / inverse[i * n + i]).collect();
    let log_likelihood = -0.5 * (linear(&alpha, targets) + factor.log_determinant());
    let finite = coefficients.iter().chain(&left_out).all(|value| value.is_finite());
    finite.then_some(Posterior { coefficients, log_likelihood, left_out })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_case_and_leaving_out_is_fitting_without() {
        // One coefficient of variance 4, rows 1 and 1, noise 2: mean = (Σ target) / (2 + 2²/4) = 9 / 3.
        let rows = vec![vec![1.0], vec![1.0]];
        let found = posterior(&rows, &[4.0, 5.0], &[4.0], 2.0).unwrap();
        assert!((found.coefficients[0] - 3.0).abs() < 1e-12);
        // Of the second alone: 5 / (1 + 1).
        assert!((found.left_out[0] - 2.5).abs() < 1e-12);
        let without = posterior(&rows[1..], &[5.0], &[4.0], 2.0).unwrap();
        assert!((without.coefficients[0] - 2.5).abs() < 1e-12);
        // K = 4 + 4 = 8: ln p = -(25 / 8 + ln 8) / 2.
        assert!((without.log_likelihood + 0.5 * (25.0 / 8.0 + 8.0_f64.ln())).abs() < 1e-12);
    }
}
