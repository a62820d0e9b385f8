//! What known devices say of an op, corrected by what a few measurements of a new device say of them.

use serde::{Deserialize, Serialize};

use super::{Contribution, Fitted, Regressor, Role};
use crate::{
    error::FitError,
    rows::Sample,
    work::{N_TERMS, OpFeatures, TERMS},
};

/// A new device is at least this share of its usual speed-up away from known ones, whatever the corrections add up to.
const LEAST: f64 = 0.2;

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

/// How the op looks to known devices; nothing where one of them has no answer.
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

    pub(super) fn known(&self) -> &[Known] {
        &self.known
    }

    pub(super) fn factor_ms(&self, features: &[f64]) -> f64 {
        (self.constant_ms + self.corrections_ms(features)).max(LEAST * self.constant_ms)
    }

    /// The derivative of the factor along a slope of the view's features; 0 where the factor is the least there may be.
    pub(super) fn factor_slope_ms(&self, features: &[f64], slope: &[f64]) -> f64 {
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
        shares.push(Contribution { name: "known devices".to_owned(), amount: None, ms: rest });
        shares
    }
}
