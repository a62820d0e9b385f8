//! How a network follows from its ops: a constant and a number per op.

use serde::{Deserialize, Serialize};

use crate::op::OpEstimate;

/// Share of an op that is left inside a network, at least.
const LEFT_OF_AN_OP: f64 = 0.1;

/// How a network follows from its ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `scale · Σ ops`.
    Multiple,
    /// `constant + scale · Σ ops`.
    Line,
    /// `scale · Σ (op - call)`: what a call of the runtime costs is part of every op measured by itself, but is paid once
    /// in a network.
    Calls,
    /// `constant + scale · Σ (op - call)`, where `call` may be below 0: what it costs to go from one op to the next.
    LineCalls,
    /// Σ ops as they are, for want of measured networks.
    Sum,
}

impl Form {
    /// Those that can be fitted; where two do equally well, the earlier is taken.
    pub(crate) const FITTED: [Self; 4] = [Self::Multiple, Self::Line, Self::Calls, Self::LineCalls];
}

/// `constant + scale · Σ (op - call)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficients {
    /// Milliseconds that every network costs; at least 0.
    pub constant_ms: f64,
    /// What a millisecond of ops costs inside a network; above 0.
    pub scale: f64,
    /// Milliseconds that an op costs by itself but not inside a network; below 0 where it costs more inside.
    pub call_ms: f64,
}

impl Coefficients {
    /// Those of a mere sum.
    pub(crate) const SUM: Self = Self { constant_ms: 0.0, scale: 1.0, call_ms: 0.0 };

    /// What an op of `ms` by itself costs inside a network: at least a tenth of it, however short it is.
    pub fn inside_ms(&self, ms: f64) -> f64 {
        self.scale * (ms - self.call_ms).max(LEFT_OF_AN_OP * ms)
    }

    /// The derivative of [`Self::inside_ms`] by the op's latency.
    pub fn inside_slope(&self, ms: f64) -> f64 {
        if ms - self.call_ms > LEFT_OF_AN_OP * ms { self.scale } else { LEFT_OF_AN_OP * self.scale }
    }

    /// The coefficients of a form that minimise Σ (predicted / measured - 1)² over networks; `points` is not empty.
    ///
    /// Two of them come from linfa's least squares on rows divided by their latency. Where one would not be allowed, it
    /// stays at the end of its range and the scale alone is fitted; where the networks are all alike, nothing but the
    /// scale can be known.
    pub(crate) fn fit(form: Form, points: &[Point], largest_call_ms: f64) -> Self {
        match form {
            Form::Sum => Self::SUM,
            Form::Multiple => scale_only(points, 0.0),
            Form::Line => match factors(points, [|_| 1.0, |p| p.sum]) {
                Some([constant_ms, scale]) if constant_ms >= 0.0 && scale > 0.0 => {
                    Self { constant_ms, scale, call_ms: 0.0 }
                }
                _ => scale_only(points, 0.0),
            },
            Form::Calls => match factors(points, [|p| -p.ops, |p| p.sum]) {
                Some([per_op, scale]) if scale > 0.0 => {
                    let call_ms = (per_op / scale).clamp(0.0, largest_call_ms);
                    if call_ms == per_op / scale {
                        Self { constant_ms: 0.0, scale, call_ms }
                    } else {
                        scale_only(points, call_ms)
                    }
                }
                _ => scale_only(points, 0.0),
            },
            Form::LineCalls => match factors(points, [|_| 1.0, |p| -p.ops, |p| p.sum]) {
                Some([constant_ms, per_op, scale])
                    if constant_ms >= 0.0 && scale > 0.0 && per_op / scale <= largest_call_ms =>
                {
                    Self { constant_ms, scale, call_ms: per_op / scale }
                }
                _ => Self::fit(Form::Line, points, largest_call_ms),
            },
        }
    }

    /// The latency of a network in milliseconds.
    pub(super) fn predict_ms(&self, point: &Point) -> f64 {
        self.constant_ms + self.scale * (point.sum - self.call_ms * point.ops)
    }
}

/// A measured network: the sum and number of its ops beside its latency; milliseconds, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    /// Points of one group are left out together.
    pub(crate) group: usize,
    pub(crate) sum: f64,
    pub(crate) ops: f64,
    pub(crate) latency: f64,
}

/// Largest time of a call that leaves every op its share.
pub(crate) fn largest_call_ms(shortest_op_ms: f64) -> f64 {
    (1.0 - LEFT_OF_AN_OP) * shortest_op_ms
}

/// How coefficients are fitted: [`Coefficients::fit`], or `Coefficients::fit_to_most`.
pub(crate) type Fitting = fn(Form, &[Point], f64) -> Coefficients;

/// ln(measured / predicted) of each network by a fit to the other groups; nothing where fewer than two networks remain.
pub(crate) fn leave_one_out(fit: Fitting, form: Form, points: &[Point], largest_call_ms: f64) -> Vec<f64> {
    let error = |left_out: &Point| {
        let others: Vec<Point> = points.iter().filter(|p| p.group != left_out.group).copied().collect();
        if others.len() < 2 {
            return None;
        }
        let fitted = fit(form, &others, largest_call_ms);
        Some((left_out.latency / fitted.predict_ms(left_out)).ln())
    };
    points.iter().map(error).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// d/db Σ (b·r - 1)² = 0 at b = Σ r / Σ r², where r = (Σ ops - calls) / latency.
fn scale_only(points: &[Point], call_ms: f64) -> Coefficients {
    let ratios = points.iter().map(|p| (p.sum - call_ms * p.ops) / p.latency);
    let scale = ratios.clone().sum::<f64>() / ratios.map(|r| r * r).sum::<f64>();
    Coefficients { constant_ms: 0.0, scale, call_ms }
}

/// The factors of some amounts; nothing when they cannot be distinguished.
fn factors<const N: usize>(points: &[Point], amounts: [fn(&Point) -> f64; N]) -> Option<[f64; N]> {
    use linfa::{DatasetBase, traits::Fit};
    use ndarray::{Array1, Array2};

    let records =
        Array2::from_shape_fn((points.len(), N), |(i, j)| amounts[j](&points[i]) / points[i].latency);
    let length = |column: &Array1<f64>| column.dot(column).sqrt();
    // What is left of each column, made of length 1, when those before it are taken off.
    let mut units: Vec<Array1<f64>> = Vec::new();
    for column in records.columns() {
        let column = column.to_owned();
        let mut left = &column / length(&column);
        for unit in &units {
            left = &left - &(unit * unit.dot(&left));
        }
        if length(&left).powi(2) < 1e-9 {
            return None;
        }
        units.push(&left / length(&left));
    }
    let fitted = linfa_linear::LinearRegression::new()
        .with_intercept(false)
        .fit(&DatasetBase::new(records, Array1::ones(points.len())))
        .ok()?;
    let found: [f64; N] = fitted.params().to_vec().try_into().ok()?;
    found.iter().all(|factor| factor.is_finite()).then_some(found)
}

/// Standard deviation of a network's log latency that comes from its ops, if their errors are independent and none is
/// outside what was measured.
pub(crate) fn ops_deviation(ops: &[OpEstimate], ms: f64, coefficients: &Coefficients) -> f64 {
    let share = |op: &OpEstimate| coefficients.inside_ms(op.combined.ms) / ms;
    ops.iter().map(|op| (share(op) * op.combined.deviation / op.widened).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(latency: impl Fn(f64, f64) -> f64) -> Vec<Point> {
        [(1.0, 4.0), (2.0, 9.0), (5.0, 11.0), (3.0, 5.0)]
            .map(|(sum, ops)| Point { group: 0, sum, ops, latency: latency(sum, ops) })
            .to_vec()
    }

    fn assert_near(found: Coefficients, expected: [f64; 3]) {
        let found = [found.constant_ms, found.scale, found.call_ms];
        let near = found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-9);
        assert!(near, "{found:?}, expected {expected:?}");
    }

    #[test]
    fn every_form_recovers_itself() {
        let line = points(|sum, _| 0.5 + 0.8 * sum);
        assert_near(Coefficients::fit(Form::Line, &line, 1.0), [0.5, 0.8, 0.0]);
        let calls = points(|sum, ops| 0.9 * (sum - 0.05 * ops));
        assert_near(Coefficients::fit(Form::Calls, &calls, 1.0), [0.0, 0.9, 0.05]);
        // From one op to the next 0.02 ms: 0.025 of 0.8.
        let both = points(|sum, ops| 0.5 + 0.8 * sum + 0.02 * ops);
        assert_near(Coefficients::fit(Form::LineCalls, &both, 1.0), [0.5, 0.8, -0.025]);
        let multiple = points(|sum, _| 1.1 * sum);
        for form in Form::FITTED {
            assert_near(Coefficients::fit(form, &multiple, 1.0), [0.0, 1.1, 0.0]);
        }
    }

    #[test]
    fn coefficients_that_are_not_allowed_stay_at_their_end() {
        // A constant below 0: sums 1 and 2 of latencies 0.5 and 1.5 have ratios 2 and 4/3, which give
        // b = (2 + 4/3) / (4 + 16/9) = 30/52.
        let two = [(1.0, 0.5), (2.0, 1.5)].map(|(sum, latency)| Point { group: 0, sum, ops: 1.0, latency });
        assert_near(Coefficients::fit(Form::Line, &two, 1.0), [0.0, 30.0 / 52.0, 0.0]);
        // A call of 0.05 ms where at most 0.02 is allowed.
        let calls = points(|sum, ops| 0.9 * (sum - 0.05 * ops));
        let fitted = Coefficients::fit(Form::Calls, &calls, 0.02);
        assert!(fitted.call_ms == 0.02 && fitted.scale < 0.9, "{fitted:?}");
        // All alike: no line through one point.
        let alike = [Point { group: 0, sum: 1.0, ops: 3.0, latency: 2.0 }; 3];
        for form in Form::FITTED {
            assert_near(Coefficients::fit(form, &alike, 0.1), [0.0, 2.0, 0.0]);
        }
    }

    #[test]
    fn a_short_op_keeps_a_tenth_inside_a_network() {
        let coefficients = Coefficients { constant_ms: 0.0, scale: 0.5, call_ms: 0.2 };
        // 0.5 · (1 - 0.2) and 0.5 · 0.1 · 0.1.
        assert!((coefficients.inside_ms(1.0) - 0.4).abs() < 1e-12);
        assert!((coefficients.inside_ms(0.1) - 0.005).abs() < 1e-12);
    }

    #[test]
    fn groups_are_left_out_whole() {
        // Two sessions, the second twice as slow: each is predicted by the other, off by ln 2 either way.
        let of = |group: usize, slowness: f64| {
            [1.0, 2.0].map(|sum| Point { group, sum, ops: 3.0, latency: slowness * sum })
        };
        let points = [of(0, 1.0), of(1, 2.0)].concat();
        let errors = leave_one_out(Coefficients::fit, Form::Multiple, &points, 0.1);
        let ln_2 = 2.0_f64.ln();
        let expected = [-ln_2, -ln_2, ln_2, ln_2];
        assert!(errors.iter().zip(expected).all(|(e, x)| (e - x).abs() < 1e-9), "{errors:?}");
        assert!(leave_one_out(Coefficients::fit, Form::Multiple, &points[..3], 0.1).is_empty());
    }

    proptest! {
        #[test]
        fn coefficients_are_always_allowed(
            raw in prop::collection::vec((0.01..100.0_f64, 1_u32..30, 0.01..100.0_f64), 1..20),
        ) {
            let point = |(shortest, ops, latency): &(f64, u32, f64)| {
                let ops = f64::from(*ops);
                Point { group: 0, sum: shortest * ops * 1.5, ops, latency: *latency }
            };
            let points: Vec<Point> = raw.iter().map(point).collect();
            let largest = largest_call_ms(raw.iter().map(|r| r.0).fold(f64::INFINITY, f64::min));
            for form in Form::FITTED {
                let c = Coefficients::fit(form, &points, largest);
                prop_assert!(c.constant_ms >= 0.0 && c.scale > 0.0 && c.scale.is_finite(), "{c:?}");
                prop_assert!(c.call_ms <= largest, "{c:?}");
                prop_assert!(c.call_ms >= 0.0 || form == Form::LineCalls, "{c:?}");
            }
        }
    }
}
