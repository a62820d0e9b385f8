//! The models that come of a transfer.

use std::collections::BTreeMap;

use profiler::{record::Cache, spec::Precision};

use super::OpPrior;
use crate::device::{CacheReport, LatencyModel, Provenance, network_samples};
use crate::error::{FitError, PredictorError};
use crate::interval::{Band, NORMAL_90, TrainingRange};
use crate::network::NetworkModel;
use crate::op::{FallbackModel, KindModel, Measured, OpModel, Scope};
use crate::regressor::mape_of_log_errors;
use crate::rows::{Measurements, Sample, Subjects, op_samples};

/// Standard deviation of the log error where too few rows tell it.
const UNKNOWN_DEVIATION: f64 = 0.35;

impl OpModel {
    /// A new device's model from a few measured ops and the models of known devices, which must be of one cache state.
    ///
    /// It answers for every kind that all known devices have, measured on the new one or not. Errors are those of measured ops
    /// left out one at a time.
    ///
    /// # Errors
    /// [`FitError`].
    pub fn transferred(known: &[&OpModel], samples: &[Sample]) -> Result<Self, FitError> {
        let cache = known.first().ok_or(FitError::Missing("known device"))?.cache;
        if let Some(other) = known.iter().find(|model| model.cache != cache) {
            return Err(FitError::Caches(cache, other.cache));
        }
        let ops = samples.iter().map(|sample| (sample.kind(), &sample.features));
        let prior = OpPrior::new(known, ops)?;
        let transfer = prior.update(samples)?;
        let mut kinds = BTreeMap::new();
        for kind in prior.kinds() {
            let Some(of_kind) = prior.of_kind(kind) else { continue };
            let own: Vec<f64> = samples
                .iter()
                .zip(&transfer.left_out_errors)
                .filter(|(sample, _)| sample.kind() == kind)
                .map(|(_, error)| *error)
                .collect();
            let ranges: Vec<&TrainingRange> =
                known.iter().filter_map(|m| m.kinds.get(kind)).map(|k| &k.training_range).collect();
            let model = KindModel {
                kind: kind.to_owned(),
                rows: own.len(),
                scope: Scope::Kind,
                fitted: transfer.fitted(of_kind),
                cv_mape: (!own.is_empty()).then(|| mape_of_log_errors(&own)),
                deviation: deviation(&transfer.left_out_errors),
                usual_spread: 1.0,
                band: Band::new(&own, &transfer.left_out_errors),
                repeat_factor: NORMAL_90,
                training_range: TrainingRange::common(&ranges),
                wider_per_fold: None,
                candidates: Vec::new(),
            };
            kinds.insert(kind.to_owned(), model);
        }
        let measured = samples.iter().map(|s| {
            let fact = Measured { latency_ms: s.latency_ms, noise: s.noise, measurements: s.measurements };
            (s.key.clone(), fact)
        });
        let pools = [Precision::F32, Precision::Int8].into_iter().filter_map(|precision| {
            let (known, training_range) = prior.pool(precision)?;
            Some((
                precision,
                FallbackModel {
                    fitted: transfer.fitted(known),
                    training_range,
                    guess: prior.guess(precision),
                },
            ))
        });
        Ok(Self { cache, kinds, pools: pools.collect(), measured: measured.collect() })
    }
}

impl LatencyModel {
    /// A new device's model from few measurements and the models of known devices, which `names` names for provenance.
    ///
    /// The network level is fitted to measured networks, where there are some; else a network is the sum of its ops.
    ///
    /// # Errors
    /// [`PredictorError::CannotFit`] when there is no such model, [`PredictorError::Spec`] for a subject that is no op key.
    pub fn transferred(
        known: &[Self],
        names: &[String],
        measurements: &Measurements,
    ) -> Result<Self, PredictorError> {
        let models: Vec<&OpModel> = known.iter().map(Self::ops).collect();
        let cache = models.first().map_or(Cache::Cold, |model| model.cache);
        let samples = op_samples(&measurements.rows, &measurements.repeats, cache)?;
        if samples.is_empty() {
            let reason = format!("the table has no ops measured {cache}, as those of the known devices are");
            return Err(PredictorError::CannotFit(reason));
        }
        let ops = OpModel::transferred(&models, &samples)?;
        let (network_cache, networks) = network_samples(&measurements.rows)?;
        let networks = NetworkModel::fit(&networks, network_cache, &ops).map_err(|(op, reason)| {
            PredictorError::CannotFit(format!("a measured network has `{op}`: {reason} ({cache})"))
        })?;
        Ok(Self {
            conditions: measurements.conditions.clone(),
            speed: measurements.speed,
            anchors: measurements.anchors.clone(),
            provenance: Provenance {
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                fitted_at: jiff::Timestamp::now().to_string(),
                seed: 0,
                tables: measurements.tables.clone(),
                op_caches: vec![CacheReport { cache, ops: samples.len(), loo_mape: networks.loo_mape }],
                fitted: Subjects::of(&measurements.rows),
                held_out: Subjects::default(),
                known_devices: names.to_vec(),
            },
            ops,
            networks,
            in_place: None,
        })
    }
}

fn deviation(errors: &[f64]) -> f64 {
    if errors.len() < 2 {
        return UNKNOWN_DEVIATION;
    }
    (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt().max(1e-4)
}
