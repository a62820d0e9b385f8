//! How a transferred regressor's answer changes as an op's features do.

use super::{Slope, Transferred, transferred::view};
use crate::work::{FeatureSlope, OpFeatures};

/// Largest relative change of a work term in the difference that gives the slope of shares.
const STEP: f64 = 1e-4;

impl Slope for Transferred {
    /// Shares of work terms are ratios of polynomials in the terms: a central difference in these alone is exact to
    /// `STEP`². What known devices answer has slopes of its own.
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let n = self.known().len() as f64;
        let answers: Vec<(f64, f64)> = self
            .known()
            .iter()
            .map(|known| {
                let ms = known.fitted.predict_ms(op).unwrap_or(f64::NAN);
                let slope_ms = known.fitted.slope_ms(op, slope);
                (ms / known.scale_ms, slope_ms / known.scale_ms)
            })
            .collect();
        let mean = answers.iter().map(|(ms, _)| ms).sum::<f64>() / n;
        let mean_slope = answers.iter().map(|(_, slope)| slope).sum::<f64>() / n;
        let Some(here) = view(self.known(), op) else { return f64::NAN };
        let mut features_slope = vec![0.0; here.features.len()];
        let largest = op.work.iter().zip(&slope.work).filter(|(work, _)| **work > 0.0);
        let largest = largest.map(|(work, slope)| (slope / work).abs()).fold(0.0, f64::max);
        if largest > 0.0 {
            let step = STEP / largest;
            let moved = |step: f64| {
                let mut moved = op.clone();
                moved.work.iter_mut().zip(&slope.work).for_each(|(work, slope)| *work += step * slope);
                view(self.known(), &moved)
            };
            let (Some(up), Some(down)) = (moved(step), moved(-step)) else { return f64::NAN };
            for (index, slope) in features_slope.iter_mut().enumerate() {
                *slope = (up.features[index] - down.features[index]) / (2.0 * step);
            }
        }
        let devices = features_slope.len() - answers.len();
        for (place, (answer, answer_slope)) in features_slope[devices..].iter_mut().zip(&answers) {
            *place = (answer_slope - answer / mean * mean_slope) / mean;
        }
        mean_slope * self.factor_ms(&here.features)
            + mean * self.factor_slope_ms(&here.features, &features_slope)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Regressor as _, *};
    use crate::{
        device::test_rows::small_space_samples,
        regressor::{Known, RegressorKind},
        work::{Dimension, N_TERMS},
    };

    #[test]
    fn slopes_are_those_of_central_differences() {
        let samples = small_space_samples(0.02);
        let all: Vec<_> = samples.iter().collect();
        let known = [RegressorKind::WorkTerms, RegressorKind::Residual]
            .map(|kind| Known { scale_ms: 0.4, fitted: kind.fit(&all).unwrap() });
        // Constant 2, every term corrected by another amount, then the two devices.
        let mut coefficients = vec![2.0];
        coefficients.extend((0..N_TERMS).map(|term| 0.3 * (term as f64).sin()));
        coefficients.extend([0.5, -0.2]);
        let transferred = Transferred::new(known.to_vec(), &coefficients);
        for key in ["mbconv-14x14x24-o32-e3-k5-s1-relu6", "conv-28x28x16-o24-k3-s2-relu6"] {
            let op = key.parse().unwrap();
            let features = OpFeatures::of(&op);
            for dimension in [Dimension::ChannelsIn, Dimension::ChannelsOut, Dimension::Resolution] {
                let slope = FeatureSlope::of(&op, dimension).unwrap();
                let at = |step: f64| {
                    let mut moved = features.clone();
                    moved.work.iter_mut().zip(slope.work).for_each(|(work, slope)| *work += step * slope);
                    moved.sizes.iter_mut().zip(slope.sizes).for_each(|(size, slope)| *size += step * slope);
                    transferred.predict_ms(&moved)
                };
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                let found = transferred.slope_ms(&features, &slope);
                assert!(
                    (found - expected).abs() < 1e-9 + 1e-4 * expected.abs(),
                    "{key} {dimension:?}: {found}, {expected}"
                );
            }
        }
    }
}
