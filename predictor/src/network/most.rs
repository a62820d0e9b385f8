//! Coefficients of networks of which some were disturbed.

use profiler::measure::upper_median;

use super::form::{Coefficients, Form, Point};

/// How far off a network may always be without being left out, on log scale, how many times the middle one's, and how often
/// that is looked at.
const FAR: f64 = 0.05;
const TIMES_USUAL: f64 = 3.0;
const ROUNDS: usize = 8;

impl Coefficients {
    /// As [`Self::fit`], of the networks that most agree with: those far off are left out, and it is fitted again.
    pub(crate) fn fit_to_most(form: Form, points: &[Point], largest_call_ms: f64) -> Self {
        let mut fitted = Self::fit(form, points, largest_call_ms);
        let mut kept = points.len();
        for _ in 0..ROUNDS {
            let size = |point: &Point| (point.latency / fitted.predict_ms(point)).ln().abs();
            let sizes: Vec<f64> = points.iter().map(size).collect();
            let far = upper_median(&sizes).map_or(FAR, |middle| FAR.max(TIMES_USUAL * middle));
            let near = points.iter().zip(&sizes).filter(|(_, size)| **size <= far);
            let near: Vec<Point> = near.map(|(point, _)| *point).collect();
            if near.len() == kept || 2 * near.len() < points.len() {
                break;
            }
            kept = near.len();
            fitted = Self::fit(form, &near, largest_call_ms);
        }
        fitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_far_off_does_not_count() {
        let sums = [1.0, 2.0, 5.0, 3.0, 4.0];
        let mut points = sums.map(|sum| Point { group: 0, sum, ops: 4.0, latency: 1.1 * sum }).to_vec();
        points[2].latency *= 1.5;
        let [all, most] = [Coefficients::fit, Coefficients::fit_to_most]
            .map(|fit: super::super::form::Fitting| fit(Form::Multiple, &points, 1.0).scale);
        assert!(all > 1.12 && (most - 1.1).abs() < 1e-9, "{all}, {most}");
    }
}
