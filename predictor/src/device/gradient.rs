//! How latency changes with an op's dimensions.

use profiler::spec::OpSpec;

use super::model::LatencyModel;
use crate::error::PredictorError;
use crate::work::{Dimension, FeatureSlope};

/// Derivatives of a latency, in milliseconds per channel, per unit of expansion and per row of the input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gradient {
    /// By channels in.
    pub channels_in_ms: f64,
    /// By channels out.
    pub channels_out_ms: f64,
    /// By the expansion.
    pub expansion_ms: f64,
    /// By the resolution.
    pub resolution_ms: f64,
}

impl LatencyModel {
    /// The gradient of an op's latency by itself ([`LatencyModel::predict`]) with respect to its dimensions, thought
    /// continuous and each by itself: where two must be equal, as in a residual block, their derivatives add up.
    ///
    /// Analytic: through the work terms and through what corrects them. What comes in steps is held where it is: roundings
    /// of channels and positions to groups, and boosted trees. A measured op's latency is taken to slope as its model does,
    /// in proportion.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] if nothing measured says anything of it, or it is a pair of ops with channels of their
    /// own.
    pub fn gradient(&self, op: &OpSpec) -> Result<Gradient, PredictorError> {
        let ms = self.estimate(op)?.combined.ms;
        let slope = |dimension| -> Result<f64, PredictorError> {
            let none = "a pair of ops with channels of their own has no gradient";
            let slope =
                FeatureSlope::of(op, dimension).ok_or_else(|| self.unknown(&op.key(), none.to_owned()))?;
            let log = self.ops().log_slope(op, &slope);
            Ok(ms * log.map_err(|reason| self.unknown(&op.key(), reason.into()))?)
        };
        Ok(Gradient {
            channels_in_ms: slope(Dimension::ChannelsIn)?,
            channels_out_ms: slope(Dimension::ChannelsOut)?,
            expansion_ms: slope(Dimension::Expansion)?,
            resolution_ms: slope(Dimension::Resolution)?,
        })
    }

    /// The gradient of what an op adds to a network ([`crate::device::model::AdditiveLatency::op_ms`]).
    ///
    /// # Errors
    /// As [`Self::gradient`].
    pub fn gradient_in_network(&self, op: &OpSpec) -> Result<Gradient, PredictorError> {
        let alone = self.gradient(op)?;
        let factor = self.networks().coefficients.inside_slope(self.estimate(op)?.combined.ms);
        Ok(Gradient {
            channels_in_ms: factor * alone.channels_in_ms,
            channels_out_ms: factor * alone.channels_out_ms,
            expansion_ms: factor * alone.expansion_ms,
            resolution_ms: factor * alone.resolution_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{
        model::FitOptions,
        test_rows::{law_ms, measurements, op_row, small_space_samples},
    };
    use crate::regressor::{Fitted, RegressorKind};
    use crate::work::OpFeatures;
    use profiler::record::Row;
    use proptest::prelude::*;

    /// Blocks and convolutions by a law of work alone.
    fn model() -> LatencyModel {
        let mut keys = Vec::new();
        for (c, o) in [(8, 16), (16, 24), (24, 40), (40, 40), (64, 96), (96, 160)] {
            for (hw, e, k) in [(7, 3, 5), (14, 6, 3), (28, 4, 7), (56, 2, 3)] {
                keys.push(format!("mbconv-{hw}x{hw}x{c}-o{o}-e{e}-k{k}-s1-relu6"));
                keys.push(format!("mbconv-{hw}x{hw}x{c}-o{o}-e{e}-k{k}-s2-relu6"));
                keys.push(format!("conv-{hw}x{hw}x{c}-o{o}-k{k}-s1-relu6"));
                keys.push(format!("conv-{hw}x{hw}x{c}-o{c}-k{k}-s1-g{c}-relu6"));
            }
        }
        let rows: Vec<Row> = keys.iter().map(|key| op_row(key, law_ms(&key.parse().unwrap()))).collect();
        LatencyModel::fit(&measurements(rows), &FitOptions::default()).unwrap()
    }

    /// Half the difference of two ops that lie `step` to either side.
    fn difference(model: &LatencyModel, [low, high]: [String; 2], step: f64) -> f64 {
        let ms = |key: &str| model.predict(&key.parse().unwrap()).unwrap().latency.ms();
        (ms(&high) - ms(&low)) / (2.0 * step)
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 + 1e-3 * expected.abs(), "{found}, expected {expected}");
    }

    #[test]
    fn gradients_are_those_of_ops_to_either_side() {
        // Work is linear in each number of channels and quadratic in the side: central differences are exact. Sides of 24
        // more or less leave as many outputs beyond whole groups of eight.
        let model = model();
        let block = |hw: u32, c: u32, o: u32, e: u32| format!("mbconv-{hw}x{hw}x{c}-o{o}-e{e}-k3-s1-relu6");
        let gradient = model.gradient(&block(52, 20, 32, 3).parse().unwrap()).unwrap();
        near(gradient.channels_in_ms, difference(&model, [block(52, 18, 32, 3), block(52, 22, 32, 3)], 2.0));
        near(gradient.channels_out_ms, difference(&model, [block(52, 20, 30, 3), block(52, 20, 34, 3)], 2.0));
        near(gradient.expansion_ms, difference(&model, [block(52, 20, 32, 2), block(52, 20, 32, 4)], 1.0));
        near(gradient.resolution_ms, difference(&model, [block(28, 20, 32, 3), block(76, 20, 32, 3)], 24.0));
        // A depthwise convolution has one number of channels.
        let depthwise = |c: u32| format!("conv-28x28x{c}-o{c}-k5-s1-g{c}-relu6");
        let gradient = model.gradient(&depthwise(20).parse().unwrap()).unwrap();
        near(gradient.channels_in_ms, difference(&model, [depthwise(18), depthwise(22)], 2.0));
        assert_eq!((gradient.channels_out_ms, gradient.expansion_ms), (0.0, 0.0));
        let inside = model.gradient_in_network(&depthwise(20).parse().unwrap()).unwrap();
        near(inside.channels_in_ms, gradient.channels_in_ms * model.networks().coefficients.scale);
        let pair = model.gradient(&"conv-28x28x8-o8-k3-s1+conv-o8-k1-s1".parse().unwrap()).unwrap_err();
        assert!(pair.to_string().contains("conv+conv") || pair.to_string().contains("pair"), "{pair}");
    }

    /// Every regressor that can be fitted to the samples, on a law that is none of work alone.
    fn fitted() -> Vec<Fitted> {
        let mut samples = small_space_samples(0.02);
        samples.iter_mut().for_each(|s| s.latency_ms *= 1.0 + 0.1 * (s.features.sizes[2] * 3.0).sin());
        // Trees need more rows than the space has ops.
        let again =
            samples.clone().into_iter().map(|s| crate::rows::Sample { key: s.key.clone() + "'", ..s });
        let samples: Vec<_> = samples.iter().cloned().chain(again).collect();
        let all: Vec<_> = samples.iter().collect();
        RegressorKind::ALL.iter().filter_map(|kind| kind.fit(&all).ok()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn slopes_of_every_regressor_are_those_of_central_differences(
            c in 2_u32..12, o in 2_u32..12, e in 2_u32..7, half in 1_u32..4, side in 1_u32..5,
        ) {
            let (side, kernel) = (7 * side, 2 * half + 1);
            let key = format!("mbconv-{side}x{side}x{}-o{}-e{e}-k{kernel}-s1-relu6", 4 * c, 4 * o);
            let op: OpSpec = key.parse().unwrap();
            let features = OpFeatures::of(&op);
            let regressors = fitted();
            prop_assert!(regressors.len() >= 6);
            for (fitted, dimension) in regressors.iter().flat_map(|f| Dimension::ALL.map(|d| (f, d))) {
                let slope = FeatureSlope::of(&op, dimension).unwrap();
                let log_slope = |kind: RegressorKind| {
                    let part = regressors.iter().find(|fitted| fitted.kind() == kind).unwrap();
                    part.slope_ms(&features, &slope) / part.predict_ms(&features).unwrap()
                };
                // Trees come in steps and are held: what is left of them is their work terms.
                let terms = |op: &OpFeatures| {
                    fitted.contributions(op).iter().filter(|c| c.amount.is_some()).map(|c| c.ms).sum::<f64>()
                };
                let at = |step: f64| match fitted.kind() {
                    RegressorKind::Boosted => {
                        let factor = fitted.predict_ms(&features)? / terms(&features);
                        Some(factor * terms(&features.moved(&slope, step)))
                    }
                    _ => fitted.predict_ms(&features.moved(&slope, step)),
                };
                let (Some(middle), Some(low), Some(high)) = (at(0.0), at(-1e-5), at(1e-5)) else { continue };
                let expected = match fitted.kind() {
                    // The geometric mean of two that are fitted to the same samples.
                    RegressorKind::Blend => {
                        0.5 * middle * (log_slope(RegressorKind::Kernel) + log_slope(RegressorKind::Boosted))
                    }
                    _ => (high - low) / 2e-5,
                };
                let found = fitted.slope_ms(&features, &slope);
                let allowed = 1e-6 * middle + 1e-4 * expected.abs();
                prop_assert!((found - expected).abs() < allowed, "{:?} by {dimension:?}: {found}, {expected}", fitted.kind());
            }
        }
    }
}
