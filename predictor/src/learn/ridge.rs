//! Linear least squares with a penalty on large coefficients.

use super::Cholesky;

/// The normal equations of rows and targets, from which a solution for any penalty follows.
pub(crate) struct RidgeSystem {
    width: usize,
    gram: Vec<f64>,
    projections: Vec<f64>,
}

impl RidgeSystem {
    /// The system of rows, all of one length.
    pub(crate) fn new<'a>(rows: impl Iterator<Item = (&'a [f64], f64)>, width: usize) -> Self {
        let mut system = Self { width, gram: vec![0.0; width * width], projections: vec![0.0; width] };
        for (row, target) in rows {
            for i in 0..width {
                if row[i] != 0.0 {
                    system.projections[i] += row[i] * target;
                    let line = &mut system.gram[i * width..i * width + i + 1];
                    line.iter_mut().zip(row).for_each(|(entry, value)| *entry += row[i] * value);
                }
            }
        }
        system
    }

    /// Coefficients that minimise |A x - b|² + penalty · Σ (|column| · x)²; columns of zeros get 0. Nothing when there is no
    /// finite solution.
    pub(crate) fn solve(&self, penalty: f64) -> Option<Vec<f64>> {
        let width = self.width;
        let lengths: Vec<f64> = (0..width).map(|i| self.gram[i * width + i].sqrt()).collect();
        let unit = |i: usize| if lengths[i] > 0.0 { lengths[i].recip() } else { 0.0 };
        let mut matrix = vec![0.0; width * width];
        for i in 0..width {
            for j in 0..i {
                matrix[i * width + j] = self.gram[i * width + j] * unit(i) * unit(j);
            }
            matrix[i * width + i] = 1.0 + penalty.max(1e-12);
        }
        let projections: Vec<f64> = (0..width).map(|i| self.projections[i] * unit(i)).collect();
        let x = Cholesky::new(matrix, width)?.solve(&projections);
        let x: Vec<f64> = x.into_iter().enumerate().map(|(i, value)| value * unit(i)).collect();
        x.iter().all(|value| value.is_finite()).then_some(x)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::linear, *};

    #[test]
    fn a_hand_case() {
        // Columns (3, 4) and 0, target (6, 8): x = 2 / (1 + penalty), and 0.
        let rows = [[3.0, 0.0], [4.0, 0.0]];
        let system = RidgeSystem::new(rows.iter().map(|row| &row[..]).zip([6.0, 8.0]), 2);
        let x = system.solve(0.25).unwrap();
        assert!((x[0] - 1.6).abs() < 1e-12 && x[1] == 0.0, "{x:?}");
        assert!((linear(&x, &[10.0, 7.0]) - 16.0).abs() < 1e-12);
    }
}
