//! What each op contributes to a network's latency and to its interval: sums over ops, for programs that add up many
//! networks.

use serde::{Deserialize, Serialize};

use super::{form::Coefficients, model::NetworkModel};
use crate::{interval::NORMAL_90, op::OpEstimate};

/// An op's part of a network, or the sum of several; what a network's interval is made of is additive, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Milliseconds that it takes by itself.
    pub sum_ms: f64,
    /// Milliseconds that it adds to a network.
    pub ms: f64,
    /// Variance of these as far as the op is inside what was measured, in square milliseconds.
    pub variance_ms2: f64,
    /// Milliseconds by which its being outside what was measured widens the upper half of the network's interval.
    pub outside_ms: f64,
}

impl Share {
    pub(crate) fn of(op: &OpEstimate, coefficients: &Coefficients) -> Self {
        let ms = coefficients.inside_ms(op.combined.ms);
        let half_width = op.combined.log_half_width;
        Self {
            sum_ms: op.combined.ms,
            ms,
            variance_ms2: (ms * op.combined.deviation / op.widened).powi(2),
            outside_ms: ms * (half_width.exp() - (half_width / op.widened).exp()),
        }
    }
}

impl std::ops::Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sum_ms: self.sum_ms + other.sum_ms,
            ms: self.ms + other.ms,
            variance_ms2: self.variance_ms2 + other.variance_ms2,
            outside_ms: self.outside_ms + other.outside_ms,
        }
    }
}

impl NetworkModel {
    /// By how much the interval is wider because the sum of ops lies outside those fitted on; 1 inside.
    pub(crate) fn widening(&self, sum_ms: f64) -> f64 {
        1.0 + self.outside(sum_ms).map_or(0.0, |log_ratio| self.wider_per_fold * log_ratio)
    }

    /// Half-width on log scale of the 90 % interval of a network of `ms` whose ops' shares sum to `ops`.
    ///
    /// The network level's interval holds for ops known as well as those of the networks it was fitted on. Where they are
    /// known less, their errors are added: in quadrature as if independent; what they were widened by for being outside
    /// what was measured in full, because such errors go together. A network outside of those fitted on has a wider one. With a
    /// deviation of the networks' own it is in proportion to what is expected, as its scores were (normalized conformal
    /// intervals, Lei et al., arXiv:1604.04173, §5.2).
    pub fn log_half_width(&self, ms: f64, ops: &Share) -> f64 {
        let (variance, usual) = (ops.variance_ms2 / (ms * ms), self.ops_deviation);
        let inside = match self.own_deviation {
            Some(own) => self.band.log_half_width * variance.sqrt().hypot(own) / usual.hypot(own),
            None => self.band.log_half_width.hypot(NORMAL_90 * (variance - usual * usual).max(0.0).sqrt()),
        };
        self.widening(ops.sum_ms) * inside + (ops.outside_ms / ms).ln_1p()
    }
}
