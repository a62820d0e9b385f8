//! What known devices say of an op, corrected by what a few measurements of a new device say of them.

use serde::{Deserialize, Serialize};

use super::{Contribution, Fitted, Regressor, Role};
use crate::error::FitError;
use crate::rows::Sample;
use crate::work::{FeatureSlope, N_TERMS, OpFeatures, TERMS};

/// A new device is at least this share of its usual speed-up away from known ones, whatever the corrections add up to.
const LEAST: f64 = 0.2;
/// Largest relative change of a work term in the difference that gives the slope of shares.
const STEP: f64 = 1e-4;

/// A known device's model of the kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// Its milliseconds that are counted as 1, so that a slow device weighs no more than a fast one; above 0.
    pub scale_ms: f64,
    /// Its model.
    pub fitted: Fitted,
}

/// Mean over known devices × (constant + Σ correction · share of a work term + Σ correction · deviation of a device).
///
/// Shares are those of the work terms in the known devices' latency, so a correction is by how much the new device is slower
/// at that work than they are; deviations are a known device's latency over their mean, less 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transferred {
    known: Vec<Known>,
    /// Milliseconds per unit of the known devices' mean; above 0.
    constant_ms: f64,
    /// By term; those that are not there are 0.
    terms_ms: std::collections::BTreeMap<String, f64>,
    /// By known device.
    devices_ms: Vec<f64>,
}

/// An op as known devices see it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// Mean over the devices, each in its unit.
    pub(crate) mean: f64,
    /// 1, the share of each work term, the deviation of each device.
    pub(crate) features: Vec<f64>,
}

/// The op as known devices see it; nothing where one of them has no answer.
pub(crate) fn view(known: &[Known], op: &OpFeatures) -> Option<View> {
    let n = known.len() as f64;
    let answers: Vec<f64> =
        known.iter().map(|k| Some(k.fitted.predict_ms(op)? / k.scale_ms)).collect::<Option<_>>()?;
    let mean = answers.iter().sum::<f64>() / n;
    let mut features = vec![0.0; 1 + N_TERMS];
    features[0] = 1.0;
    for device in known {
        let shares = device.fitted.contributions(op);
        let of_terms = || shares.iter().filter(|share| share.amount.is_some());
        let total: f64 = of_terms().map(|share| share.ms).sum();
        for share in of_terms().filter(|_| total > 0.0) {
            if let Some(place) = TERMS.iter().position(|term| term.name == share.name) {
                features[1 + place] += share.ms / total / n;
            }
        }
    }
    features.extend(answers.iter().map(|answer| answer / mean - 1.0));
    (mean.is_finite() && mean > 0.0).then_some(View { mean, features })
}

impl Transferred {
    /// The function with these coefficients of [`View::features`], in milliseconds per unit of the mean.
    pub(crate) fn new(known: Vec<Known>, coefficients: &[f64]) -> Self {
        let of_terms = TERMS.iter().zip(coefficients.iter().skip(1)).filter(|(_, c)| **c != 0.0);
        Self {
            constant_ms: coefficients.first().copied().unwrap_or(0.0),
            terms_ms: of_terms.map(|(term, c)| (term.name.to_owned(), *c)).collect(),
            devices_ms: coefficients.iter().skip(1 + N_TERMS).copied().collect(),
            known,
        }
    }

    fn factor_ms(&self, features: &[f64]) -> f64 {
        (self.constant_ms + self.corrections_ms(features)).max(LEAST * self.constant_ms)
    }

    /// The derivative of the factor along a slope of the view's features; 0 where the factor is the least there may be.
    fn factor_slope_ms(&self, features: &[f64], slope: &[f64]) -> f64 {
        let free = self.constant_ms + self.corrections_ms(features) > LEAST * self.constant_ms;
        if free { self.corrections_ms(slope) } else { 0.0 }
    }

    fn corrections_ms(&self, features: &[f64]) -> f64 {
        let of_terms: f64 = TERMS
            .iter()
            .zip(&features[1..])
            .filter_map(|(term, share)| self.terms_ms.get(term.name).map(|c| c * share))
            .sum();
        let of_devices: f64 =
            self.devices_ms.iter().zip(&features[1 + N_TERMS..]).map(|(c, deviation)| c * deviation).sum();
        of_terms + of_devices
    }
}

impl Regressor for Transferred {
    const NAME: &'static str = "known devices x few measurements";
    const ROLE: Role = Role::NeedsKnownDevices;
    type Settings = ();

    fn settings(_: &[&Sample]) {}

    fn fit(_: &[&Sample], (): &()) -> Result<Self, FitError> {
        Err(FitError::NeedsKnownDevices)
    }

    fn predict_ms(&self, op: &OpFeatures) -> f64 {
        view(&self.known, op).map_or(f64::NAN, |view| view.mean * self.factor_ms(&view.features))
    }

    /// Shares of work terms are ratios of polynomials in the terms: a central difference in these alone is exact to
    /// `STEP`². What known devices answer has slopes of its own.
    fn slope_ms(&self, op: &OpFeatures, slope: &FeatureSlope) -> f64 {
        let n = self.known.len() as f64;
        let answer = |known: &Known| {
            let ms = known.fitted.predict_ms(op).unwrap_or(f64::NAN);
            (ms / known.scale_ms, known.fitted.slope_ms(op, slope) / known.scale_ms)
        };
        let answers: Vec<(f64, f64)> = self.known.iter().map(answer).collect();
        let mean = answers.iter().map(|(ms, _)| ms).sum::<f64>() / n;
        let mean_slope = answers.iter().map(|(_, slope)| slope).sum::<f64>() / n;
        let Some(here) = view(&self.known, op) else { return f64::NAN };
        let mut features_slope = vec![0.0; here.features.len()];
        let largest = op.work.iter().zip(&slope.work).filter(|(work, _)| **work > 0.0);
        let largest = largest.map(|(work, slope)| (slope / work).abs()).fold(0.0, f64::max);
        if largest > 0.0 {
            let step = STEP / largest;
            let moved = |step: f64| {
                let mut moved = op.clone();
                moved.work.iter_mut().zip(&slope.work).for_each(|(work, slope)| *work += step * slope);
                view(&self.known, &moved)
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

    fn contributions(&self, op: &OpFeatures) -> Vec<Contribution> {
        let Some(view) = view(&self.known, op) else { return Vec::new() };
        let total = view.mean * self.factor_ms(&view.features);
        let mut rest = total;
        let mut shares = Vec::new();
        let of_terms = TERMS.iter().zip(op.work).zip(&view.features[1..]);
        for ((term, amount), share) in of_terms.filter(|(_, share)| **share != 0.0) {
            let factor = self.constant_ms + self.terms_ms.get(term.name).copied().unwrap_or(0.0);
            let ms = view.mean * share * factor;
            rest -= ms;
            shares.push(Contribution { name: term.name.to_owned(), amount: Some(amount), ms });
        }
        shares.push(Contribution::other("known devices", rest));
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device::test_rows::small_space_samples, regressor::RegressorKind, work::Dimension};

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
                let at = |step: f64| transferred.predict_ms(&features.moved(&slope, step));
                let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
                let found = transferred.slope_ms(&features, &slope);
                let allowed = 1e-9 + 1e-4 * expected.abs();
                assert!((found - expected).abs() < allowed, "{key} {dimension:?}: {found}, {expected}");
            }
        }
    }
}
