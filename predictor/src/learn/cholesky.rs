//! Symmetric positive definite systems.

/// `A = L Lᵀ` with `L` lower triangular, kept row by row.
pub(crate) struct Cholesky {
    n: usize,
    lower: Vec<f64>,
}

/// Σ a·b in eight strands, which the processor can work on side by side.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut strands = [0.0; 8];
    let (a_chunks, b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_chunks.zip(b_chunks) {
        for lane in 0..8 {
            strands[lane] += x[lane] * y[lane];
        }
    }
    strands.iter().sum::<f64>() + rest
}

impl Cholesky {
    /// Factors a symmetric matrix of `n`×`n` (row by row; only its lower half is read); nothing when it is not positive
    /// definite.
    pub(crate) fn new(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        for i in 0..n {
            let (above, rest) = matrix.split_at_mut(i * n);
            let row = &mut rest[..n];
            for j in 0..i {
                let other = &above[j * n..j * n + n];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if !(pivot.is_finite() && pivot > 0.0) {
                return None;
            }
            row[i] = pivot.sqrt();
            row[i + 1..].fill(0.0);
        }
        Some(Self { n, lower: matrix })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.lower[i * self.n..(i + 1) * self.n]
    }

    /// `x` of `A x = b`.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = b.to_vec();
        for i in 0..self.n {
            x[i] = (x[i] - dot(&self.row(i)[..i], &x[..i])) / self.row(i)[i];
        }
        for i in (0..self.n).rev() {
            x[i] /= self.row(i)[i];
            let value = x[i];
            for (left, l) in x[..i].iter_mut().zip(&self.row(i)[..i]) {
                *left -= value * l;
            }
        }
        x
    }

    /// ln |A|.
    pub(crate) fn log_determinant(&self) -> f64 {
        (0..self.n).map(|i| 2.0 * self.row(i)[i].ln()).sum()
    }

    /// `A⁻¹`, row by row.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        // Row j of `columns` is column j of L⁻¹.
        let mut columns = vec![0.0; n * n];
        for j in 0..n {
            let column = &mut columns[j * n..(j + 1) * n];
            column[j] = 1.0 / self.row(j)[j];
            for i in j + 1..n {
                column[i] = -dot(&self.row(i)[j..i], &column[j..i]) / self.row(i)[i];
            }
        }
        let mut inverse = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                // Column j of L⁻¹ is zero above j, so that both count from i on.
                let value = dot(&columns[i * n + i..(i + 1) * n], &columns[j * n + i..(j + 1) * n]);
                inverse[i * n + j] = value;
                inverse[j * n + i] = value;
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_case() {
        // [[4, 2], [2, 5]] = L Lᵀ with L = [[2, 0], [1, 2]]; determinant 16; inverse [[5, -2], [-2, 4]] / 16.
        let factor = Cholesky::new(vec![4.0, 9.9, 2.0, 5.0], 2).unwrap();
        assert_eq!(factor.lower, [2.0, 0.0, 1.0, 2.0]);
        assert!((factor.log_determinant() - 16.0_f64.ln()).abs() < 1e-12);
        let inverse = factor.inverse();
        let expected = [5.0, -2.0, -2.0, 4.0].map(|v: f64| v / 16.0);
        assert!(inverse.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{inverse:?}");
        // x = A⁻¹ (8, 4) = (40 - 8, -16 + 16) / 16.
        let x = factor.solve(&[8.0, 4.0]);
        assert!((x[0] - 2.0).abs() < 1e-12 && x[1].abs() < 1e-12, "{x:?}");
    }

    #[test]
    fn a_larger_system_solves_itself() {
        // A = B Bᵀ + I of pseudo-random B; A · A⁻¹ = I.
        let n = 21;
        let b = |i: usize, j: usize| ((i * 7 + j * 13) % 11) as f64 / 11.0;
        let entry = |i, j| (0..n).map(|k| b(i, k) * b(j, k)).sum::<f64>() + f64::from(u8::from(i == j));
        let matrix: Vec<f64> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
        let factor = Cholesky::new(matrix.clone(), n).unwrap();
        let inverse = factor.inverse();
        for i in 0..n {
            for j in 0..n {
                let product: f64 = (0..n).map(|k| matrix[i * n + k] * inverse[k * n + j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9, "{i} {j}: {product}");
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        assert!(Cholesky::new(vec![1.0, 0.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::new(vec![0.0], 1).is_none());
        assert!(Cholesky::new(vec![f64::NAN], 1).is_none());
    }
}
