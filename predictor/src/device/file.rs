//! Latency model JSON: coefficients by name, measured ops, provenance. Reloads to the same bits.
//!
//! | field | what |
//! |---|---|
//! | `format`, `version` | `tailor-latency-model`, 8 |
//! | `speed` | which of the machine's speeds it is of |
//! | `anchors` | a dozen of its figures and what the references took, for a later session to measure again |
//! | `conditions` | device, runtime, threads, processors and build target of the rows, as in their session |
//! | `op.cache` | cache state of the op rows |
//! | `op.kinds` | a [`KindModel`] per kind of op: regressor with coefficients by name, its errors, its interval, the work its rows span |
//! | `op.pools` | by number format (`f32`, `int8`) work terms over all its kinds, for ops with work that their own kind's rows do not have, and the work its rows span |
//! | `op.measured` | per op key the measured latency and its noise |
//! | `network` | a [`NetworkModel`]: form, `constant_ms`, `scale`, `call_ms`, its errors, its interval |
//! | `in_place` | `op` and `network` of what was measured inside of networks, where ops were measured by themselves as well |
//! | `provenance` | a [`Provenance`]: tables, sessions, seed, versions, time, subjects fitted on and held out |
//!
//! Coefficients of work terms are milliseconds per unit of [`crate::work::TERMS`].

use std::{collections::BTreeMap, path::Path};

use profiler::measure::Speed;
use profiler::record::{Anchors, Cache, Conditions, ReadError, read_document, write_document};
use profiler::spec::{Precision, SpecError};
use serde::{Deserialize, Serialize};

use super::{level::ModelLevel, model::LatencyModel, provenance::Provenance};
use crate::error::PredictorError;
use crate::network::NetworkModel;
use crate::op::{FallbackModel, KindModel, Measured, OpModel};
use crate::work::OpEntry;

const FORMAT: &str = "tailor-latency-model";
const VERSION: u32 = 8;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    conditions: Conditions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed: Option<Speed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anchors: Option<Anchors>,
    network: NetworkModel,
    op: OpLevel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    in_place: Option<InPlaceLevel>,
    provenance: Provenance,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InPlaceLevel {
    network: NetworkModel,
    op: OpLevel,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpLevel {
    cache: Cache,
    kinds: Vec<KindModel>,
    pools: BTreeMap<String, FallbackModel>,
    measured: BTreeMap<String, Measured>,
}

impl LatencyModel {
    /// Reads a model.
    ///
    /// # Errors
    /// [`PredictorError::Read`] naming the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, PredictorError> {
        let wrong = |reason: String| ReadError::Content { path: path.to_owned(), reason };
        let body: Body = read_document(path, FORMAT, VERSION)?;
        let in_place = body.in_place.map(|InPlaceLevel { network, op }| {
            Ok::<_, String>(Box::new(ModelLevel { ops: op.try_into()?, networks: network }))
        });
        let model = Self {
            conditions: body.conditions,
            speed: body.speed,
            anchors: body.anchors,
            provenance: body.provenance,
            networks: body.network,
            ops: body.op.try_into().map_err(wrong)?,
            in_place: in_place.transpose().map_err(wrong)?,
        };
        model.check().map_err(wrong)?;
        Ok(model)
    }

    /// Writes the model, whole or not at all.
    ///
    /// # Errors
    /// [`PredictorError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), PredictorError> {
        let in_place = |level: &ModelLevel| InPlaceLevel {
            network: level.networks.clone(),
            op: OpLevel::from(&level.ops),
        };
        let body = Body {
            conditions: self.conditions.clone(),
            speed: self.speed,
            anchors: self.anchors.clone(),
            network: self.networks.clone(),
            op: OpLevel::from(&self.ops),
            in_place: self.in_place.as_deref().map(in_place),
            provenance: self.provenance.clone(),
        };
        Ok(write_document(path, FORMAT, VERSION, &body)?)
    }

    /// Checks what types do not.
    fn check(&self) -> Result<(), String> {
        check_level(&self.ops, &self.networks)?;
        self.in_place.as_ref().map_or(Ok(()), |level| check_level(&level.ops, &level.networks))
    }
}

impl From<&OpModel> for OpLevel {
    fn from(ops: &OpModel) -> Self {
        let pools = ops.pools.iter().map(|(precision, pool)| (precision.to_string(), pool.clone()));
        Self {
            cache: ops.cache,
            kinds: ops.kinds().cloned().collect(),
            pools: pools.collect(),
            measured: ops.measured.iter().map(|(key, measured)| (key.clone(), *measured)).collect(),
        }
    }
}

impl TryFrom<OpLevel> for OpModel {
    type Error = String;

    fn try_from(level: OpLevel) -> Result<Self, String> {
        let op = |(key, measured): (String, Measured)| key.parse::<OpEntry>().map(|op| (op.key, measured));
        let measured = level.measured.into_iter().map(op).collect::<Result<_, SpecError>>();
        let pools = level.pools.into_iter().map(|(name, pool)| Ok((number_format(&name)?, pool)));
        Ok(Self {
            cache: level.cache,
            kinds: level.kinds.into_iter().map(|model| (model.kind.clone(), model)).collect(),
            pools: pools.collect::<Result<_, String>>()?,
            measured: measured.map_err(|e| e.to_string())?,
        })
    }
}

/// Checks what types do not.
fn check_level(ops: &OpModel, networks: &NetworkModel) -> Result<(), String> {
    let NetworkModel { coefficients, ops_deviation, band, .. } = networks;
    let mut above_zero = vec![
        ("network scale".to_owned(), coefficients.scale),
        ("network band".to_owned(), band.log_half_width),
    ];
    for (kind, model) in &ops.kinds {
        above_zero.push((format!("deviation of {kind}"), model.deviation));
        above_zero.push((format!("band of {kind}"), model.band.log_half_width));
    }
    for (op, measured) in &ops.measured {
        above_zero.push((format!("latency_ms of {op}"), measured.latency_ms));
        above_zero.push((format!("noise of {op}"), measured.noise));
    }
    for (what, value) in above_zero {
        if value <= 0.0 {
            return Err(format!("{what} is {value}, expected above 0"));
        }
    }
    for (what, value) in [("constant_ms", coefficients.constant_ms), ("ops_deviation", *ops_deviation)] {
        if value < 0.0 {
            return Err(format!("{what} is {value}, expected at least 0"));
        }
    }
    if ops.kinds.is_empty() {
        return Err("no kind of op".to_owned());
    }
    Ok(())
}

fn number_format(name: &str) -> Result<Precision, String> {
    let found = [Precision::F32, Precision::Int8].into_iter().find(|precision| precision.to_string() == name);
    found.ok_or_else(|| format!("`{name}` is no number format, expected f32 or int8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::{fitted, small_space};

    #[test]
    fn a_model_reloads_to_the_same_bits() {
        let folder = tempfile::tempdir().unwrap();
        let (path, again) = (folder.path().join("model.json"), folder.path().join("again.json"));
        let model = fitted(0.03, 12);
        model.write(&path).unwrap();
        let reloaded = LatencyModel::read(&path).unwrap();
        assert_eq!(reloaded, model);
        for op in small_space().distinct_ops() {
            let bits = |model: &LatencyModel| model.predict(&op).unwrap().high.ms().to_bits();
            assert_eq!(bits(&reloaded), bits(&model), "{op}");
        }
        reloaded.write(&again).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    }

    #[test]
    fn broken_models_say_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        fitted(0.0, 12).write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let cases = [
            (text.replace("\"version\": 8", "\"version\": 9"), "version 9 of `tailor-latency-model` is not"),
            (text.replace("tailor-latency-model", "tailor-session"), "expected a file with format"),
            (text.replace("\"scale\": ", "\"scale\": -"), "network scale is -"),
            (text.replace("\"scale\": ", "\"scale\": 1e999, \"x\": "), "not valid JSON"),
            (text.replace("\"constant\": ", "\"costant\": "), "`costant` is no work term"),
            (text.replace("\"gpool-", "\"gpol-"), "gpol"),
            (text.replace("\"pools\": {", "\"pols\": {"), "pols"),
            (text.replace("\"f32\": {", "\"f33\": {"), "`f33` is no number format"),
            (text[..text.len() / 2].to_owned(), "not valid JSON"),
        ];
        for (broken, reason) in cases {
            assert_ne!(broken, text, "{reason}");
            std::fs::write(&path, broken).unwrap();
            let error = LatencyModel::read(&path).unwrap_err();
            assert!(error.to_string().contains(reason), "{reason:?} not in `{error}`");
            assert!(error.is_input());
        }
    }
}
