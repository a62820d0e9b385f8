//! A straight line through networks: a + b · Σ ops, in relative error, with intervals.

use serde::Serialize;

/// A fitted number and its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The most likely value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// latency = constant + scale · sum, and how far off every point is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) constant_ms: Estimate,
    pub(super) scale: Estimate,
    /// (measured - fitted) / measured of each point.
    pub(super) residuals: Vec<f64>,
    /// The same by a line fitted without the point.
    pub(super) left_out: Vec<f64>,
}

impl Line {
    /// The line that minimises Σ (1 - fitted / measured)² over `(sum, latency)`; nothing for fewer than four points, or
    /// where all have one sum.
    pub(super) fn fit(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len();
        if n < 4 {
            return None;
        }
        let rows: Vec<[f64; 2]> =
            points.iter().map(|(sum, latency)| [latency.recip(), sum / latency]).collect();
        let dot = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum::<f64>();
        let total = |i: usize| rows.iter().map(|row| row[i]).sum::<f64>();
        let (uu, uv, vv) = (dot(0, 0), dot(0, 1), dot(1, 1));
        let determinant = uu * vv - uv * uv;
        if determinant <= 1e-12 * uu * vv {
            return None;
        }
        let inverse = [[vv / determinant, -uv / determinant], [-uv / determinant, uu / determinant]];
        let [constant, scale] = inverse.map(|row| row[0] * total(0) + row[1] * total(1));
        let residuals: Vec<f64> = rows.iter().map(|row| 1.0 - constant * row[0] - scale * row[1]).collect();
        let freedom = n as f64 - 2.0;
        let variance = residuals.iter().map(|r| r * r).sum::<f64>() / freedom;
        let estimate = |value: f64, place: usize| {
            let half_width = student_90(freedom) * (variance * inverse[place][place]).sqrt();
            Estimate { value, low: value - half_width, high: value + half_width }
        };
        // What a point pulls the line towards itself by is its leverage.
        let leverage = |row: &[f64; 2]| {
            let product = |i: usize| inverse[i][0] * row[0] + inverse[i][1] * row[1];
            row[0] * product(0) + row[1] * product(1)
        };
        let left_out =
            rows.iter().zip(&residuals).map(|(row, r)| r / (1.0 - leverage(row)).max(1e-9)).collect();
        Some(Self { constant_ms: estimate(constant, 0), scale: estimate(scale, 1), residuals, left_out })
    }
}

/// Two-sided 90 % point of Student's distribution. Source: Abramowitz and Stegun, 26.7.5, to the third order; within 2 %
/// from two degrees of freedom on.
fn student_90(freedom: f64) -> f64 {
    const Z: f64 = 1.644_854;
    let powers = |n: i32| Z.powi(n);
    let first = (powers(3) + Z) / 4.0;
    let second = (5.0 * powers(5) + 16.0 * powers(3) + 3.0 * Z) / 96.0;
    let third = (3.0 * powers(7) + 19.0 * powers(5) + 17.0 * powers(3) - 15.0 * Z) / 384.0;
    Z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_recovered_with_a_narrow_interval() {
        let points: Vec<_> = (1..20).map(|i| (f64::from(i), 0.5 + 0.9 * f64::from(i))).collect();
        let line = Line::fit(&points).unwrap();
        assert!((line.constant_ms.value - 0.5).abs() < 1e-9 && (line.scale.value - 0.9).abs() < 1e-9);
        assert!(line.scale.high - line.scale.low < 1e-9);
        assert!(Line::fit(&points[..3]).is_none());
        assert!(Line::fit(&[(1.0, 2.0); 9]).is_none());
    }

    #[test]
    fn students_points_are_those_of_tables() {
        // Tables: 2.920 for 2, 2.015 for 5, 1.812 for 10, 1.697 for 30 degrees of freedom.
        for (freedom, expected) in [(2.0, 2.920), (5.0, 2.015), (10.0, 1.812), (30.0, 1.697)] {
            assert!((student_90(freedom) / expected - 1.0_f64).abs() < 0.02, "{freedom}");
        }
    }

    proptest! {
        #[test]
        fn leaving_a_point_out_is_fitting_without_it(
            points in prop::collection::vec((0.5..5.0_f64, 0.5..5.0_f64), 6..12),
        ) {
            prop_assume!(Line::fit(&points).is_some());
            let line = Line::fit(&points).unwrap();
            for (i, (sum, latency)) in points.iter().enumerate() {
                let mut others = points.clone();
                others.remove(i);
                let Some(without) = Line::fit(&others) else { continue };
                let error = 1.0 - (without.constant_ms.value + without.scale.value * sum) / latency;
                prop_assert!((error - line.left_out[i]).abs() < 1e-6 * (1.0 + error.abs()), "{error}, {:?}", line.left_out);
            }
        }
    }
}
