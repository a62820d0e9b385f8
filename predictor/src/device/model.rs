//! The latency model of one device: ops, networks, and where it comes from.

use profiler::measure::Speed;
use profiler::record::{Anchors, Cache, Conditions, Level, Row};
use profiler::spec::{Architecture, OpSpec};

use super::level::{ModelLevel, by_way_of_measuring};
use super::provenance::Provenance;
use crate::error::PredictorError;
use crate::interval::{Flag, Prediction};
use crate::network::{Coefficients, NetworkModel, NetworkSample, Share, network_prediction};
use crate::op::{OpEstimate, OpModel};
use crate::regressor::Contribution;
use crate::rows::{Measurements, Subjects};
use crate::work::OpEntry;

/// How to fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FitOptions {
    /// Cache state of the op rows to use; without one, the state that explains the networks best.
    pub op_cache: Option<Cache>,
    /// Subjects not to fit on.
    pub held_out: Subjects,
    /// Seed of the folds of cross-validation.
    pub seed: u64,
}

/// The latency model of one device and runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyModel {
    pub(crate) conditions: Conditions,
    pub(crate) speed: Option<Speed>,
    pub(crate) anchors: Option<Anchors>,
    pub(crate) provenance: Provenance,
    pub(crate) ops: OpModel,
    pub(crate) networks: NetworkModel,
    /// What was measured inside of networks, where ops were measured by themselves as well.
    pub(crate) in_place: Option<Box<ModelLevel>>,
}

impl LatencyModel {
    /// Fits ops and networks.
    ///
    /// # Errors
    /// [`PredictorError::CannotFit`] or [`PredictorError::Fit`] when there is nothing to fit, or a measured network has an op that the measured
    /// ops say nothing of; [`PredictorError::Spec`] for a subject that is no op key.
    pub fn fit(measurements: &Measurements, options: &FitOptions) -> Result<Self, PredictorError> {
        let kept = |row: &&Row| !options.held_out.contains(row);
        let rows: Vec<Row> = measurements.rows.iter().filter(kept).cloned().collect();
        let repeats = options.held_out.kept_from(&measurements.repeats);
        let (alone, traced) = by_way_of_measuring(&rows);
        let (level, mut reports) = ModelLevel::fit(&alone, &repeats, options)?;
        let mut in_place = None;
        if !traced.is_empty() {
            let (level, of_traced) = ModelLevel::fit(&traced, &repeats, &in_place_only(options))?;
            in_place = Some(Box::new(level));
            reports.extend(of_traced);
        }
        Ok(Self {
            conditions: measurements.conditions.clone(),
            speed: measurements.speed,
            anchors: measurements.anchors.clone(),
            provenance: Provenance {
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                fitted_at: jiff::Timestamp::now().to_string(),
                seed: options.seed,
                tables: measurements.tables.clone(),
                op_caches: reports,
                fitted: Subjects::of(&rows),
                held_out: options.held_out.clone(),
                known_devices: Vec::new(),
            },
            ops: level.ops,
            networks: level.networks,
            in_place,
        })
    }

    /// Under which conditions its rows were measured.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Which of its machine's speeds it is of; `None` where that is not known.
    pub fn speed(&self) -> Option<Speed> {
        self.speed
    }

    /// What a session that is compared with it measures again, to determine whether the machine is the same; `None` where its
    /// tables do not say enough.
    pub fn anchors(&self) -> Option<&Anchors> {
        self.anchors.as_ref()
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Its op level.
    pub fn ops(&self) -> &OpModel {
        &self.ops
    }

    /// Its network level.
    pub fn networks(&self) -> &NetworkModel {
        &self.networks
    }

    /// The latency of an op by itself, in the cache state that the model is of.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] if nothing measured says anything of it.
    pub fn predict(&self, op: &OpSpec) -> Result<Prediction, PredictorError> {
        self.predict_keyed(&op.into())
    }

    /// The latency of an op by its key, as [`Self::predict`].
    ///
    /// # Errors
    /// As there.
    pub fn predict_keyed(&self, op: &OpEntry) -> Result<Prediction, PredictorError> {
        let OpEstimate { combined, mut flags, .. } = self.estimate_keyed(op)?;
        flags.extend(self.emulated());
        let prediction = Prediction::new(combined.ms, combined.log_half_width, flags);
        prediction.ok_or_else(|| self.unknown(&op.key, "its latency is not a finite number".to_owned()))
    }

    /// The latency of a network: exactly [`AdditiveLatency::constant_ms`] plus the [`AdditiveLatency::op_ms`] of its
    /// ops, added in their order.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for an op that nothing measured says anything of.
    pub fn predict_network(&self, ops: &[OpSpec]) -> Result<Prediction, PredictorError> {
        self.predict_estimates(&ops.iter().map(|op| self.estimate(op)).collect::<Result<Vec<_>, _>>()?)
    }

    /// The latency of a network of ops that are estimated already.
    ///
    /// # Errors
    /// [`PredictorError::CannotFit`] when it would be no latency.
    pub fn predict_estimates(&self, estimates: &[OpEstimate]) -> Result<Prediction, PredictorError> {
        self.predict_at(estimates, &self.networks)
    }

    /// The same at a network level of its own.
    ///
    /// # Errors
    /// As [`Self::predict_estimates`].
    pub(crate) fn predict_at(
        &self,
        estimates: &[OpEstimate],
        networks: &NetworkModel,
    ) -> Result<Prediction, PredictorError> {
        let Coefficients { constant_ms, .. } = networks.coefficients;
        let inside = |estimate: &OpEstimate| networks.coefficients.inside_ms(estimate.combined.ms);
        let ms = estimates.iter().fold(constant_ms, |ms, estimate| ms + inside(estimate));
        let mut prediction = network_prediction(ms, estimates, networks);
        prediction.iter_mut().for_each(|prediction| prediction.flags.extend(self.emulated()));
        prediction.ok_or_else(|| PredictorError::CannotFit(format!("the network's latency would be {ms} ms")))
    }

    /// The latency of an architecture.
    ///
    /// # Errors
    /// As [`Self::predict_network`].
    pub fn predict_architecture(&self, network: &Architecture) -> Result<Prediction, PredictorError> {
        self.predict_network(network.ops())
    }

    /// The network level as a constant and a number per op.
    pub fn additive(&self) -> AdditiveLatency<'_> {
        AdditiveLatency { model: self }
    }

    /// Measurement, model and flags of an op.
    ///
    /// # Errors
    /// As [`Self::predict`].
    pub fn estimate(&self, op: &OpSpec) -> Result<OpEstimate, PredictorError> {
        self.estimate_keyed(&op.into())
    }

    /// The same of an op by its key.
    ///
    /// # Errors
    /// As [`Self::estimate`].
    pub fn estimate_keyed(&self, op: &OpEntry) -> Result<OpEstimate, PredictorError> {
        let (ops, _) = self.level_of(&op.key);
        ops.estimate_keyed(op).map_err(|reason| self.unknown(&op.key, reason.into()))
    }

    /// What the model's part of an op's latency is made of.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] if nothing measured says anything of it.
    pub fn contributions(&self, op: &OpEntry) -> Result<Vec<Contribution>, PredictorError> {
        let (ops, _) = self.level_of(&op.key);
        ops.contributions(op).map_err(|reason| self.unknown(&op.key, reason.into()))
    }

    pub(crate) fn emulated(&self) -> Option<Flag> {
        self.conditions.runtime.emulated.then_some(Flag::Emulated)
    }

    /// What an estimated op adds to a network, in milliseconds.
    pub(crate) fn share(&self, estimate: &OpEstimate) -> f64 {
        self.networks.coefficients.inside_ms(estimate.combined.ms)
    }

    /// Device and runtime, for people.
    pub(crate) fn device_name(&self) -> String {
        format!("{} ({})", self.conditions.device, self.conditions.runtime.name)
    }

    pub(crate) fn unknown(&self, op: &str, reason: String) -> PredictorError {
        let device = self.device_name();
        PredictorError::UnknownOp { op: op.to_owned(), device, reason }
    }
}

/// The network level seen op by op: what a search takes its expected latency from.
#[derive(Clone, Copy, Debug)]
pub struct AdditiveLatency<'a> {
    model: &'a LatencyModel,
}

impl AdditiveLatency<'_> {
    /// Milliseconds that every network costs, whatever its ops.
    pub fn constant_ms(&self) -> f64 {
        self.model.networks.coefficients.constant_ms
    }

    /// Milliseconds that an op adds to a network.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] if nothing measured says anything of it.
    pub fn op_ms(&self, op: &OpSpec) -> Result<f64, PredictorError> {
        self.model.estimate(op).map(|estimate| self.model.share(&estimate))
    }

    /// An op's share of a network.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] if nothing measured says anything of it.
    pub fn share(&self, op: &OpSpec) -> Result<Share, PredictorError> {
        Ok(Share::of(&self.model.estimate(op)?, &self.model.networks.coefficients))
    }
}

/// The measured networks whose ops are known, in the state to predict: hot, or else cold, or else in place.
pub(crate) fn network_samples(rows: &[Row]) -> Result<(Cache, Vec<NetworkSample>), PredictorError> {
    let known = |row: &&Row| row.level == Level::Network && !row.ops.is_empty();
    let has = |cache: &Cache| rows.iter().filter(known).any(|row| row.cache == *cache);
    let cache = [Cache::Hot, Cache::Cold, Cache::InPlace].into_iter().find(has).unwrap_or(Cache::Hot);
    let sample = |row: &Row| {
        let (key, session) = (row.subject.clone(), row.session.clone());
        let ops = OpEntry::all_of(row)?;
        Ok(NetworkSample { key, session, ops, latency_ms: row.latency_ms })
    };
    let chosen = rows.iter().filter(known).filter(|row| row.cache == cache);
    Ok((cache, chosen.map(sample).collect::<Result<_, PredictorError>>()?))
}

/// A cache state that is asked for is that of ops by themselves.
fn in_place_only(options: &FitOptions) -> FitOptions {
    FitOptions { op_cache: None, ..options.clone() }
}

#[cfg(test)]
mod tests;
