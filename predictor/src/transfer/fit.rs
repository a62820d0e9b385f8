//! The prior of known devices, and what a few measured ops make of it.

use std::collections::{BTreeMap, BTreeSet};

use profiler::spec::Precision;

use crate::error::{FitError, NoAnswer};
use crate::interval::TrainingRange;
use crate::learn::{Posterior, posterior};
use crate::op::{FallbackModel, GuessInterval, OpModel};
use crate::regressor::{Fitted, Known, Transferred, view};
use crate::rows::Sample;
use crate::work::{N_TERMS, OpFeatures};

/// Standard deviations that are weighed: of the new device's slowness at a work term, as a fraction of its scale.
const OF_TERMS: [f64; 5] = [0.03, 0.1, 0.25, 0.5, 1.0];
/// Of its resemblance to a known device: 1 is a device that is one of them.
const OF_DEVICES: [f64; 2] = [0.3, 1.0];
/// Of the rest, as a fraction of a latency.
const NOISES: [f64; 6] = [0.01, 0.02, 0.035, 0.06, 0.1, 0.2];
/// The scale is known up to this fraction once it is divided by the mean ratio.
const OF_SCALE: f64 = 1.0;

/// What known devices say of ops.
#[derive(Clone, Debug)]
pub(crate) struct OpPrior<'a> {
    known: &'a [&'a OpModel],
    scales_ms: Vec<f64>,
}

/// A new device's coefficients.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpTransfer {
    /// Milliseconds per unit of the known devices' mean: of the whole, of each work term, of each device.
    pub coefficients_ms: Vec<f64>,
    /// ln(measured / predicted) of each measured op, predicted from all the others.
    pub left_out_errors: Vec<f64>,
}

impl<'a> OpPrior<'a> {
    /// The prior of known devices; `ops` are those over which each has a mean of 1 (kind and features).
    ///
    /// # Errors
    /// That there is no device, or an op that one of them cannot answer, in words.
    pub(crate) fn new<'b>(
        known: &'a [&'a OpModel],
        ops: impl Iterator<Item = (&'b str, &'b OpFeatures)> + Clone,
    ) -> Result<Self, FitError> {
        if known.is_empty() {
            return Err(FitError::Missing("known device"));
        }
        let scale = |device: &&OpModel| {
            let mut logs = Vec::new();
            for (kind, features) in ops.clone() {
                let ms = device.regressor(kind, features)?.1.predict_ms(features);
                logs.push(
                    ms.ok_or_else(|| {
                        FitError::NoLatency(format!("a known device gives no latency for a {kind}"))
                    })?
                    .ln(),
                );
            }
            if logs.is_empty() {
                return Err(FitError::Missing("op to scale known devices by"));
            }
            Ok((logs.iter().sum::<f64>() / logs.len() as f64).exp())
        };
        let scales_ms = known.iter().map(scale).collect::<Result<_, FitError>>()?;
        Ok(Self { known, scales_ms })
    }

    /// Kinds that every known device has.
    pub(crate) fn kinds(&self) -> BTreeSet<&'a str> {
        let of = |device: &&'a OpModel| device.kinds.keys().map(String::as_str).collect::<BTreeSet<_>>();
        let mut all = self.known.iter().map(of);
        let first = all.next().unwrap_or_default();
        all.fold(first, |common, kinds| common.intersection(&kinds).copied().collect())
    }

    /// The known devices' regressors of an op.
    pub(super) fn devices(&self, kind: &str, features: &OpFeatures) -> Result<Vec<Known>, NoAnswer> {
        let known = |(device, scale_ms): (&&OpModel, &f64)| {
            let (_, fitted) = device.regressor(kind, features)?;
            Ok(Known { scale_ms: *scale_ms, fitted: fitted.clone() })
        };
        self.known.iter().zip(&self.scales_ms).map(known).collect()
    }

    /// The known devices' regressors of a kind.
    pub(super) fn of_kind(&self, kind: &str) -> Option<Vec<Known>> {
        let known = |(device, scale_ms): (&&OpModel, &f64)| {
            Some(Known { scale_ms: *scale_ms, fitted: device.kinds.get(kind)?.fitted.clone() })
        };
        self.known.iter().zip(&self.scales_ms).map(known).collect()
    }

    /// The known devices' work terms over all kinds of a number format, where all of them have some, and what all of them
    /// measured.
    pub(super) fn pool(&self, precision: Precision) -> Option<(Vec<Known>, TrainingRange)> {
        let pools: Vec<&FallbackModel> =
            self.known.iter().map(|device| device.pools.get(&precision)).collect::<Option<_>>()?;
        let ranges: Vec<&TrainingRange> = pools.iter().map(|pool| &pool.training_range).collect();
        let known = pools.iter().zip(&self.scales_ms);
        let known = known.map(|(pool, scale_ms)| Known { scale_ms: *scale_ms, fitted: pool.fitted.clone() });
        Some((known.collect(), TrainingRange::common(&ranges)))
    }

    /// How far off guesses at kinds that were never measured are: as on the known device where they are furthest off.
    pub(super) fn guess(&self, precision: Precision) -> GuessInterval {
        let pools = self.known.iter().filter_map(|device| device.pools.get(&precision));
        let widest =
            pools.map(|pool| pool.guess).max_by(|a, b| a.log_half_width.total_cmp(&b.log_half_width));
        widest.unwrap_or_else(GuessInterval::assumed)
    }

    /// Prior variances of the coefficients of a view.
    pub(super) fn variances(&self, of_terms: f64, of_devices: f64) -> Vec<f64> {
        let mut variances = vec![OF_SCALE * OF_SCALE];
        variances.extend([of_terms * of_terms; N_TERMS]);
        // Deviations of a single device are 0, of two one the other's negative.
        variances.extend(vec![of_devices * of_devices; self.known.len()]);
        variances
    }

    /// What measured ops make of the prior.
    ///
    /// # Errors
    /// That there are none, or one that a known device cannot answer, in words.
    pub(crate) fn update(&self, samples: &[Sample]) -> Result<OpTransfer, FitError> {
        if samples.is_empty() {
            return Err(FitError::Missing("measured op"));
        }
        let mut cache: BTreeMap<&str, Vec<Known>> = BTreeMap::new();
        let (mut rows, mut ratios) = (Vec::new(), Vec::new());
        for sample in samples {
            let own;
            let known = match self.of_kind(sample.kind()) {
                Some(of_kind) if !cache.contains_key(sample.kind()) => {
                    &*cache.entry(sample.kind()).or_insert(of_kind)
                }
                _ => match cache.get(sample.kind()) {
                    Some(known) => known,
                    None => {
                        own = self.devices(sample.kind(), &sample.features)?;
                        &own
                    }
                },
            };
            let view = view(known, &sample.features).ok_or_else(|| FitError::no_latency_of(&sample.key))?;
            ratios.push(sample.latency_ms / view.mean);
            rows.push(view.features);
        }
        let scale = (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
        let targets: Vec<f64> = ratios.iter().map(|ratio| ratio / scale).collect();
        let mut weighed: Vec<Posterior> = Vec::new();
        for of_terms in OF_TERMS {
            for of_devices in OF_DEVICES {
                let variances = self.variances(of_terms, of_devices);
                weighed
                    .extend(NOISES.iter().filter_map(|noise| posterior(&rows, &targets, &variances, *noise)));
            }
        }
        let largest = weighed.iter().map(|w| w.log_likelihood).fold(f64::NEG_INFINITY, f64::max);
        if weighed.is_empty() || !largest.is_finite() {
            return Err(FitError::NoSolution("the measurements give no finite solution"));
        }
        let weights: Vec<f64> = weighed.iter().map(|w| (w.log_likelihood - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mean = |of: &dyn Fn(&Posterior) -> f64| {
            weighed.iter().zip(&weights).map(|(w, weight)| weight * of(w)).sum::<f64>() / total
        };
        let width = rows.first().map_or(0, Vec::len);
        let coefficients_ms = (0..width).map(|k| scale * mean(&|w| w.coefficients[k])).collect();
        let left_out = |i: usize| (targets[i] / mean(&|w| w.left_out[i]).max(0.05)).ln();
        Ok(OpTransfer { coefficients_ms, left_out_errors: (0..targets.len()).map(left_out).collect() })
    }
}

impl OpTransfer {
    /// The regressor of these coefficients on known devices' ones.
    pub(super) fn fitted(&self, known: Vec<Known>) -> Fitted {
        Fitted::Transferred(Transferred::new(known, &self.coefficients_ms))
    }
}
