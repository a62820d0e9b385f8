//! The latency of a network from those of its ops: `constant + scale · Σ ops`.

use profiler::{record::Cache, spec::OpSpec};
use serde::{Deserialize, Serialize};

use crate::{
    OpEstimate, OpModel, cross_validation::mape_of_log_errors, interval::Band, prediction::ops_deviation,
};

/// How much less the error of a line must be than that of a mere multiple to be preferred.
const CLEARLY_BETTER: f64 = 0.97;
/// Half-width on log scale for a mere sum of ops: whole networks were seen at 0.57 to 1.18 times their sum.
const SUM_LOG_HALF_WIDTH: f64 = 0.5;

/// How a network follows from the sum of its ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `scale · Σ ops`.
    Multiple,
    /// `constant + scale · Σ ops`.
    Line,
    /// Σ ops as they are, for want of measured networks.
    Sum,
}

/// The network level of a latency model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkModel {
    /// How a network follows from its ops.
    pub form: Form,
    /// Milliseconds that every network costs; at least 0.
    pub constant_ms: f64,
    /// What a millisecond of ops costs inside a network; above 0.
    pub scale: f64,
    /// Cache state of the network rows.
    pub cache: Cache,
    /// Networks fitted on.
    pub rows: usize,
    /// Mean absolute relative error over networks left out one at a time; nothing when there are too few.
    pub loo_mape: Option<f64>,
    /// Standard deviation of a fitted network's log latency that comes from how well its ops are known; root mean square.
    pub ops_deviation: f64,
    /// Its interval, for networks whose ops are known as well.
    pub band: Band,
}

/// A measured network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSample {
    /// Its key.
    pub key: String,
    /// Its ops.
    pub ops: Vec<OpSpec>,
    /// Its measured latency in milliseconds; above 0.
    pub latency_ms: f64,
}

/// The sum of a network's ops beside its latency, both in milliseconds and above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    sum: f64,
    latency: f64,
}

impl NetworkModel {
    /// Networks as mere sums of ops.
    #[must_use]
    pub fn sum(cache: Cache) -> Self {
        let mut band = Band::new(&[], &[]);
        band.log_half_width = SUM_LOG_HALF_WIDTH;
        Self {
            form: Form::Sum,
            constant_ms: 0.0,
            scale: 1.0,
            cache,
            rows: 0,
            loo_mape: None,
            ops_deviation: 0.0,
            band,
        }
    }

    /// Fits to measured networks in relative error, and chooses the form by leaving out one network at a time.
    ///
    /// # Errors
    /// The op that the op level cannot answer, and why, in words.
    pub fn fit(networks: &[NetworkSample], cache: Cache, ops: &OpModel) -> Result<Self, (OpSpec, String)> {
        let estimate = |op: &OpSpec| ops.estimate(op).map_err(|reason| (*op, reason));
        let estimates = networks.iter().map(|network| network.ops.iter().map(estimate).collect());
        let estimates: Vec<Vec<OpEstimate>> = estimates.collect::<Result<_, _>>()?;
        let sum = |ops: &Vec<OpEstimate>| ops.iter().map(|op| op.combined.ms).sum();
        let points: Vec<Point> = estimates
            .iter()
            .zip(networks)
            .map(|(ops, network)| Point { sum: sum(ops), latency: network.latency_ms })
            .collect();
        if points.is_empty() {
            return Ok(Self::sum(cache));
        }
        let multiple = leave_one_out(&points, Form::Multiple);
        let line = leave_one_out(&points, Form::Line);
        let mape = |errors: &[f64]| (!errors.is_empty()).then(|| mape_of_log_errors(errors));
        let line_is_better = match (mape(&line), mape(&multiple)) {
            (Some(line), Some(multiple)) => line < CLEARLY_BETTER * multiple,
            _ => false,
        };
        let (form, errors) = if line_is_better { (Form::Line, line) } else { (Form::Multiple, multiple) };
        let (constant_ms, scale) = coefficients(&points, form);
        let deviations = estimates
            .iter()
            .zip(&points)
            .map(|(ops, point)| ops_deviation(ops, point.latency, scale).powi(2));
        let ops_deviation = (deviations.sum::<f64>() / points.len() as f64).sqrt();
        Ok(Self {
            form,
            constant_ms,
            scale,
            cache,
            rows: points.len(),
            loo_mape: mape(&errors),
            ops_deviation,
            band: Band::new(&errors, &[]),
        })
    }
}

/// ln(measured / predicted) of each network by a fit to the others; nothing for fewer than three.
fn leave_one_out(points: &[Point], form: Form) -> Vec<f64> {
    if points.len() < 3 {
        return Vec::new();
    }
    let error = |left_out: usize| {
        let rest: Vec<Point> =
            points.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, p)| *p).collect();
        let (constant, scale) = coefficients(&rest, form);
        (points[left_out].latency / (constant + scale * points[left_out].sum)).ln()
    };
    (0..points.len()).map(error).collect()
}

/// Constant and scale that minimise Σ (predicted / measured - 1)²; the constant at least 0, the scale above 0.
///
/// A line comes from linfa's least squares on rows divided by their latency; where its constant would be negative, its
/// scale not positive, or the networks all alike, a multiple is the best that is allowed or known.
fn coefficients(points: &[Point], form: Form) -> (f64, f64) {
    if form == Form::Line
        && let Some((constant, scale)) = line(points)
        && constant >= 0.0
        && scale > 0.0
    {
        return (constant, scale);
    }
    // d/db Σ (b·s/y - 1)² = 0 at b = Σ (s/y) / Σ (s/y)².
    let ratios = points.iter().map(|p| p.sum / p.latency);
    (0.0, ratios.clone().sum::<f64>() / ratios.map(|r| r * r).sum::<f64>())
}

fn line(points: &[Point]) -> Option<(f64, f64)> {
    use linfa::{DatasetBase, traits::Fit};
    use ndarray::{Array1, Array2};

    let spread = |f: fn(&Point) -> f64| {
        let (low, high) =
            points.iter().map(f).fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        high / low
    };
    if points.len() < 2 || spread(|p| p.sum) < 1.0 + 1e-6 || spread(|p| p.latency) < 1.0 + 1e-6 {
        return None;
    }
    let records =
        Array2::from_shape_fn((points.len(), 2), |(i, j)| [1.0, points[i].sum][j] / points[i].latency);
    let targets = Array1::ones(points.len());
    let fitted = linfa_linear::LinearRegression::new()
        .with_intercept(false)
        .fit(&DatasetBase::new(records, targets))
        .ok()?;
    let (constant, scale) = (fitted.params()[0], fitted.params()[1]);
    (constant.is_finite() && scale.is_finite()).then_some((constant, scale))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Basis;
    use proptest::prelude::*;

    fn points(constant: f64, scale: f64, sums: &[f64]) -> Vec<Point> {
        sums.iter().map(|&sum| Point { sum, latency: constant + scale * sum }).collect()
    }

    #[test]
    fn lines_and_multiples_are_recovered() {
        let (constant, scale) = coefficients(&points(0.5, 0.8, &[1.0, 2.0, 5.0]), Form::Line);
        assert!((constant - 0.5).abs() < 1e-9 && (scale - 0.8).abs() < 1e-9);
        // A constant below 0 is not allowed: sums 1 and 2 of latencies 0.5 and 1.5 (0.5 = 1 - 0.5, ratios 2 and 4/3)
        // give b = (2 + 4/3) / (4 + 16/9) = 30/52.
        let (constant, scale) = coefficients(&points(-0.5, 1.0, &[1.0, 2.0]), Form::Line);
        assert!(constant == 0.0 && (scale - 30.0 / 52.0).abs() < 1e-12, "{constant} {scale}");
        // All alike: no line through one point.
        assert_eq!(coefficients(&points(1.0, 1.0, &[1.0, 1.0]), Form::Line), (0.0, 2.0));
    }

    #[test]
    fn no_networks_are_a_mere_sum_with_a_wide_interval() {
        let model = NetworkModel::sum(Cache::Hot);
        assert_eq!((model.constant_ms, model.scale, model.band.basis), (0.0, 1.0, Basis::None));
        assert!(model.band.log_half_width > 0.4);
    }

    proptest! {
        #[test]
        fn coefficients_are_always_allowed(
            raw in prop::collection::vec((0.01..100.0_f64, 0.01..100.0_f64), 1..20),
        ) {
            let points: Vec<Point> = raw.into_iter().map(|(sum, latency)| Point { sum, latency }).collect();
            for form in [Form::Line, Form::Multiple] {
                let (constant, scale) = coefficients(&points, form);
                prop_assert!(constant >= 0.0 && scale > 0.0 && scale.is_finite(), "{constant} {scale}");
            }
        }
    }
}
