//! Non-negative least squares.
//!
//! Source: C. L. Lawson and R. J. Hanson, Solving Least Squares Problems, Prentice-Hall 1974, chapter 23, algorithm NNLS.

/// Smallest gradient of a unit column against a unit target at which the column still enters.
const TOLERANCE: f64 = 1e-10;
/// Smallest squared sine of the angle between a unit column and the span of those chosen; below, it adds nothing.
const DEPENDENT: f64 = 1e-9;

/// Coefficients `x >= 0` that minimise `|A x - b|² + penalty · Σ (|column j| · x_j)²`.
///
/// `rows`: the rows of `A`, all of one length; `target`: `b`, one entry per row; `penalty` at least 0. All finite.
///
/// Works on the normal equations of columns scaled to unit length, so it is exact to about `1e-8` for columns that are
/// not nearly dependent; a column that depends on those chosen stays out (its coefficient is 0).
pub(crate) fn solve_nnls<const N: usize>(rows: &[[f64; N]], target: &[f64], penalty: f64) -> [f64; N] {
    let mut norms = [0.0; N];
    for row in rows {
        for (norm, value) in norms.iter_mut().zip(row) {
            *norm += value * value;
        }
    }
    let norms = norms.map(f64::sqrt);
    let scale = target.iter().map(|t| t * t).sum::<f64>().sqrt();
    let mut x = [0.0; N];
    if scale == 0.0 || !scale.is_finite() {
        return x;
    }
    let (mut gram, projections) = normal_equations(rows, target, &norms, scale);
    // Columns have unit length there.
    (0..N).for_each(|j| gram[j][j] += penalty);
    let mut passive: Vec<usize> = Vec::new();
    let mut barred = [false; N];
    // Each round adds one column; the algorithm ends by itself, the bound is against rounding that makes it cycle.
    for _ in 0..10 * N {
        let gradient = |j: usize| projections[j] - (0..N).map(|k| gram[j][k] * x[k]).sum::<f64>();
        let entering = (0..N)
            .filter(|j| norms[*j] > 0.0 && !barred[*j] && !passive.contains(j))
            .map(|j| (j, gradient(j)))
            .filter(|(_, g)| *g > TOLERANCE)
            .max_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((entering, _)) = entering else { break };
        passive.push(entering);
        match restrict(&gram, &projections, &mut passive, &mut x, entering) {
            Step::Moved => barred = [false; N],
            Step::Refused => {
                passive.retain(|j| *j != entering);
                barred[entering] = true;
            }
        }
    }
    for (value, norm) in x.iter_mut().zip(norms) {
        *value = if norm > 0.0 { *value * scale / norm } else { 0.0 };
    }
    x
}

enum Step {
    Moved,
    Refused,
}

/// The inner loop: least squares on the passive columns, dropping those that would turn negative.
fn restrict<const N: usize>(
    gram: &[[f64; N]; N],
    projections: &[f64; N],
    passive: &mut Vec<usize>,
    x: &mut [f64; N],
    entering: usize,
) -> Step {
    loop {
        let Some(solution) = solve_passive(gram, projections, passive) else { return Step::Refused };
        // Rounding can make a column enter that then wants to be negative: it must not, or the loop would not end.
        let entered = passive.iter().position(|j| *j == entering);
        if entered.is_some_and(|place| x[entering] == 0.0 && solution[place] <= 0.0) {
            return Step::Refused;
        }
        if solution.iter().all(|value| *value > 0.0) {
            *x = [0.0; N];
            passive.iter().zip(solution).for_each(|(&j, value)| x[j] = value);
            return Step::Moved;
        }
        let step = passive
            .iter()
            .zip(&solution)
            .filter(|(_, value)| **value <= 0.0)
            .map(|(&j, value)| x[j] / (x[j] - value))
            .fold(1.0_f64, f64::min);
        passive.iter().zip(&solution).for_each(|(&j, value)| x[j] += step * (value - x[j]));
        let blocking = |j: usize, value: f64| value <= 0.0 && x[j] <= 1e-14;
        let pairs = passive.iter().zip(&solution);
        let blocked: Vec<usize> =
            pairs.filter(|(j, value)| blocking(**j, **value)).map(|(&j, _)| j).collect();
        blocked.iter().for_each(|&j| x[j] = 0.0);
        passive.retain(|j| !blocked.contains(j));
    }
}

fn normal_equations<const N: usize>(
    rows: &[[f64; N]],
    target: &[f64],
    norms: &[f64; N],
    scale: f64,
) -> ([[f64; N]; N], [f64; N]) {
    let mut gram = [[0.0; N]; N];
    let mut projections = [0.0; N];
    for (row, t) in rows.iter().zip(target) {
        let mut unit = *row;
        unit.iter_mut()
            .zip(norms)
            .for_each(|(value, norm)| *value = if *norm > 0.0 { *value / norm } else { 0.0 });
        for j in 0..N {
            if unit[j] != 0.0 {
                projections[j] += unit[j] * t / scale;
                (0..=j).for_each(|k| gram[j][k] += unit[j] * unit[k]);
            }
        }
    }
    let lower = gram;
    for (k, row) in gram.iter_mut().enumerate() {
        row.iter_mut().enumerate().skip(k + 1).for_each(|(j, value)| *value = lower[j][k]);
    }
    (gram, projections)
}

/// Solves the normal equations of the passive columns by Cholesky; nothing when they are dependent.
fn solve_passive<const N: usize>(
    gram: &[[f64; N]; N],
    projections: &[f64; N],
    passive: &[usize],
) -> Option<Vec<f64>> {
    let n = passive.len();
    let mut lower = vec![0.0; n * n];
    let mut solution = vec![0.0; n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let rest = gram[passive[i]][passive[j]] - dot;
            if i == j {
                if rest < DEPENDENT {
                    return None;
                }
                lower[i * n + i] = rest.sqrt();
            } else {
                lower[i * n + j] = rest / lower[j * n + j];
            }
        }
        let dot: f64 = (0..i).map(|k| lower[i * n + k] * solution[k]).sum();
        solution[i] = (projections[passive[i]] - dot) / lower[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| lower[k * n + i] * solution[k]).sum();
        solution[i] = (solution[i] - dot) / lower[i * n + i];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hand_cases() {
        // Independent columns, target inside the cone: the plain solution (3, 2).
        assert_near(solve_nnls(&[[1.0, 0.0], [0.0, 2.0]], &[3.0, 4.0], 0.0), [3.0, 2.0]);
        // Second coefficient would be -1: it becomes 0 and the first 1 (minimise (x-1)² + (0·x+1)²).
        assert_near(solve_nnls(&[[1.0, 0.0], [0.0, 1.0]], &[1.0, -1.0], 0.0), [1.0, 0.0]);
        // Columns (1,1) and (1,0), target (0,1): unrestricted x = (1,-1); with x2 = 0 the best x1 is 1/2.
        assert_near(solve_nnls(&[[1.0, 1.0], [1.0, 0.0]], &[0.0, 1.0], 0.0), [0.5, 0.0]);
        // Everything negative: all 0. A column of zeros: 0. Nothing to fit: 0.
        assert_near(solve_nnls(&[[1.0, 0.0]], &[-1.0], 0.0), [0.0, 0.0]);
        assert_near(solve_nnls(&[[2.0, 0.0]], &[1.0], 0.0), [0.5, 0.0]);
        assert_near(solve_nnls::<2>(&[], &[], 0.0), [0.0, 0.0]);
    }

    #[test]
    fn a_penalty_shrinks_by_hand() {
        // One column (3, 4) of length 5, target 2 · column: minimise 25 (x - 2)² + p · 25 x², x = 2 / (1 + p).
        assert_near(solve_nnls(&[[3.0], [4.0]], &[6.0, 8.0], 0.25), [1.6]);
    }

    #[test]
    fn twin_columns_share_one_coefficient() {
        let x = solve_nnls(&[[1.0, 1.0], [2.0, 2.0]], &[3.0, 6.0], 0.0);
        assert!((x[0] + x[1] - 3.0).abs() < 1e-9, "{x:?}");
    }

    fn assert_near<const N: usize>(found: [f64; N], expected: [f64; N]) {
        let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    fn gradient<const N: usize>(rows: &[[f64; N]], target: &[f64], x: &[f64; N]) -> [f64; N] {
        let mut gradient = [0.0; N];
        for (row, t) in rows.iter().zip(target) {
            let residual = t - row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
            gradient.iter_mut().zip(row).for_each(|(g, a)| *g += a * residual);
        }
        gradient
    }

    proptest! {
        /// Karush-Kuhn-Tucker: x >= 0, the gradient Aᵀ(b - A x) is 0 where x > 0 and at most 0 elsewhere.
        #[test]
        fn solutions_are_optimal(
            rows in prop::collection::vec(prop::array::uniform6(-1.0..1.0_f64), 8..40),
            target in prop::collection::vec(-1.0..1.0_f64, 40),
        ) {
            let target = &target[..rows.len()];
            let x = solve_nnls(&rows, target, 0.0);
            for (x, gradient) in x.iter().zip(gradient(&rows, target, &x)) {
                prop_assert!(*x >= 0.0);
                prop_assert!(gradient < 1e-6, "gradient {gradient}");
                prop_assert!(*x == 0.0 || gradient.abs() < 1e-6, "x {x}, gradient {gradient}");
            }
        }

        #[test]
        fn non_negative_coefficients_are_recovered(
            rows in prop::collection::vec(prop::array::uniform4(0.01..1.0_f64), 12..30),
            truth in prop::array::uniform4(0.0..5.0_f64),
        ) {
            let target: Vec<f64> = rows.iter().map(|row| row.iter().zip(truth).map(|(a, x)| a * x).sum()).collect();
            let x = solve_nnls(&rows, &target, 0.0);
            for (found, truth) in x.iter().zip(truth) {
                prop_assert!((found - truth).abs() < 1e-4, "{found}, expected {truth}");
            }
        }
    }
}
