//! A line through latencies, fitted in relative error.

use super::mean;

/// `y = a + b·x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Where `x` is 0, in the unit of `y`.
    pub a: f64,
    /// Per unit of `x`.
    pub b: f64,
}

/// How far points lie from a line, relative to themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residual {
    /// Mean absolute error.
    pub mean: f64,
    /// Largest absolute error.
    pub worst: f64,
}

impl Line {
    /// The line that minimises `Σ ((a + b·x − y) / y)²`; `None` below two different `x`, or where a `y` is not positive.
    ///
    /// With `u = 1/y` and `v = x/y` this is the least-squares fit of `a·u + b·v` to 1, solved by its normal equations.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        if points.iter().any(|(_, y)| y.is_nan() || *y <= 0.0) {
            return None;
        }
        let sum =
            |term: &dyn Fn(f64, f64) -> f64| points.iter().map(|(x, y)| term(1.0 / y, x / y)).sum::<f64>();
        let (uu, uv, vv) = (sum(&|u, _| u * u), sum(&|u, v| u * v), sum(&|_, v| v * v));
        let (u, v) = (sum(&|u, _| u), sum(&|_, v| v));
        let determinant = uu * vv - uv * uv;
        // Relative to its terms: equal `x` give zero up to rounding.
        (determinant > 1e-12 * uu * vv)
            .then(|| Self { a: (u * vv - v * uv) / determinant, b: (v * uu - u * uv) / determinant })
    }

    /// How far `points` lie from it; no numbers without points.
    pub fn residual(&self, points: &[(f64, f64)]) -> Residual {
        let errors: Vec<f64> = points.iter().map(|(x, y)| ((self.a + self.b * x) / y - 1.0).abs()).collect();
        Residual { mean: mean(&errors), worst: errors.iter().copied().fold(f64::NAN, f64::max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_give_it_back() {
        let points = [1.0, 2.0, 5.0].map(|x| (x, 2.0 + 3.0 * x));
        let line = Line::fit(&points).unwrap();
        assert!((line.a - 2.0).abs() < 1e-9 && (line.b - 3.0).abs() < 1e-9, "{line:?}");
        assert!(line.residual(&points).worst < 1e-9);
    }

    #[test]
    fn errors_weigh_relative_to_the_value() {
        // Through x = 0 twice, y = 1 and y = 2, and far out x = 1, y = 1 twice over so that b follows from a: with
        // b = 1 − a for the last point's error to vanish, a minimises (a − 1)² + (a/2 − 1)²: 2(a − 1) + (a/2 − 1) = 0,
        // so a = 6/5. Errors 0.2 and 0.4 and 0; an unweighted fit would have a = 1.5.
        let points = [(0.0, 1.0), (0.0, 2.0), (1.0, 1.0)];
        let line = Line::fit(&points).unwrap();
        assert!((line.a - 1.2).abs() < 1e-9 && (line.b + 0.2).abs() < 1e-9, "{line:?}");
        let residual = line.residual(&points);
        assert!((residual.mean - 0.2).abs() < 1e-9 && (residual.worst - 0.4).abs() < 1e-9, "{residual:?}");
    }

    #[test]
    fn no_line_through_too_little() {
        assert_eq!(Line::fit(&[]), None);
        assert_eq!(Line::fit(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(Line::fit(&[(1.0, 2.0), (2.0, 0.0)]), None);
        assert!(Line { a: 0.0, b: 1.0 }.residual(&[]).mean.is_nan());
    }
}
