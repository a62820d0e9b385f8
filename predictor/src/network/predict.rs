//! The prediction of a network whose ops are predicted.

use profiler::spec::Latency;

use super::form::{Coefficients, Form};
use super::model::NetworkModel;
use super::share::Share;
use crate::interval::{Basis, Flag, Prediction};
use crate::op::OpEstimate;

/// The prediction of a network of these ops that sums to `ms`.
pub(crate) fn network_prediction(ms: f64, ops: &[OpEstimate], networks: &NetworkModel) -> Option<Prediction> {
    let shares = ops.iter().map(|op| Share::of(op, &networks.coefficients));
    let sum_ms: f64 = ops.iter().map(|op| op.combined.ms).sum();
    let factor = networks.widening(sum_ms);
    let share = shares.fold(Share::default(), |sum, share| sum + share);
    let half_width = networks.log_half_width(ms, &share);
    let mut flags = Vec::new();
    if let Some(measured_ms) = networks.sum_range_ms.filter(|_| factor > 1.0) {
        flags.push(Flag::NetworkOutside { sum_ms, measured_ms, factor });
    }
    match (networks.form, networks.band.basis) {
        (Form::Sum, _) => flags.push(Flag::NoNetworks),
        (_, Basis::Few | Basis::None) => flags.push(Flag::FewNetworks { rows: networks.rows }),
        _ => {}
    }
    let flagged = ops.iter().filter(|op| !op.flags.is_empty()).count();
    if flagged > 0 {
        flags.push(Flag::FlaggedOps { ops: flagged });
    }
    let prediction = Prediction::new(ms, half_width, flags)?;
    // However little an ill-known op took, the others would take what they take.
    let inside = half_width - (share.outside_ms / ms).ln_1p();
    let below: f64 = ops.iter().map(|op| below_ms(op, &networks.coefficients)).sum();
    let low = Latency::from_ms(ms / inside.exp() - below).map_or(prediction.low.ms(), Latency::ms);
    let low = Latency::from_ms(low.max(prediction.low.ms())).ok()?;
    Some(Prediction { low, ..prediction })
}

/// Milliseconds by which an op's being outside what was measured widens the lower half of the network's interval.
fn below_ms(op: &OpEstimate, coefficients: &Coefficients) -> f64 {
    let half_width = op.combined.log_half_width;
    let lower = |half_width: f64| coefficients.inside_ms(op.combined.ms * (-half_width).exp());
    lower(half_width / op.widened) - lower(half_width)
}
