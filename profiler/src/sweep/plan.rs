//! The subjects of a sweep.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{SweepError, WeightFiles, in_place::steps_of};
use crate::backend::Model;
use crate::drawn::{DrawnNetwork, draw_network, draw_networks};
use crate::onnx::{DataDependentInput, network_model, op_model, steps::step_key};
use crate::record::{Anchor, Anchors, Level};
use crate::spec::{Architecture, OpSpec, SearchSpace, SpecError, TracedLayer, TracedOp};

/// Seed of the weights of timed models; latency does not depend on it, outputs do.
const WEIGHTS_SEED: u64 = 0;

/// One subject: what it is and the model that is timed.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Its key in the table.
    pub key: String,
    /// Op or network.
    pub level: Level,
    /// Its ops; empty for a network from elsewhere.
    pub ops: Vec<OpSpec>,
    /// The ONNX model.
    pub onnx: Vec<u8>,
    /// The TensorFlow Lite file that the ONNX model is a translation of, where it is one.
    pub tflite: Option<Vec<u8>>,
    /// Weights that are not in it.
    pub beside: Option<WeightFiles>,
    /// Inputs that are filled though their values decide what it computes, each with the first node that they decide about.
    pub deciding: Vec<DataDependentInput>,
}

impl Planned {
    /// Of a model that has all of its weights, and no input that decides anything.
    pub(super) fn new(key: String, level: Level, ops: Vec<OpSpec>, onnx: Vec<u8>) -> Self {
        Self { key, level, ops, onnx, tflite: None, beside: None, deciding: Vec::new() }
    }

    /// The model that is timed.
    pub fn model(&self) -> Model<'_> {
        let folder = self.beside.as_ref().map(|files| files.folder.as_path());
        Model { key: &self.key, onnx: &self.onnx, tflite: self.tflite.as_deref(), folder }
    }

    /// Bytes of the model, nearly all of which are weights.
    pub(crate) fn bytes(&self) -> usize {
        let beside = self.beside.as_ref().map_or(0, |files| files.bytes);
        self.onnx.len().saturating_add(usize::try_from(beside).unwrap_or(usize::MAX))
    }
}

/// Every distinct op of a space.
///
/// # Errors
/// [`SweepError::Model`].
pub fn plan_ops(space: &SearchSpace) -> Result<Vec<Planned>, SweepError> {
    space.distinct_ops().into_iter().map(plan_op).collect()
}

/// One op.
///
/// # Errors
/// [`SweepError::Model`].
pub fn plan_op(op: OpSpec) -> Result<Planned, SweepError> {
    let onnx = op_model(&op, WEIGHTS_SEED).map_err(|source| model_error(&op.key(), source))?;
    Ok(Planned::new(op.key(), Level::Op, vec![op], onnx))
}

/// `count` different, uniformly random networks of a space; the same for the same seed.
///
/// # Errors
/// [`SweepError::Spec`] if the space has not so many.
pub fn plan_networks(space: &SearchSpace, count: usize, seed: u64) -> Result<Vec<Planned>, SweepError> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut seen = BTreeSet::new();
    let mut planned = Vec::new();
    for _ in 0..count.saturating_mul(100) {
        if planned.len() == count {
            break;
        }
        let network = space.network("random", &space.random_choices(&mut rng))?;
        if seen.insert(network.key()) {
            planned.push(plan_network(&network)?);
        }
    }
    if planned.len() < count {
        let reason = format!("{count} different networks asked for, {} found", planned.len());
        return Err(SpecError::Choice { space: space.name().to_owned(), reason }.into());
    }
    Ok(planned)
}

/// `count` random networks of these styles, of all where none is named; the same for the same seed. Called as their files are when
/// they are measured from files.
pub fn plan_drawn(count: usize, seed: u64, styles: &[String]) -> Vec<Planned> {
    draw_networks(count, seed, styles).map(plan_drawn_network).collect()
}

fn plan_drawn_network(DrawnNetwork { name, onnx, .. }: DrawnNetwork) -> Planned {
    Planned::new(format!("onnx-{name}"), Level::Network, Vec::new(), onnx)
}

/// The anchors of an earlier session, but for those that are planned already.
///
/// # Errors
/// [`SweepError::Spec`] for one that is no op, or whose ops make no network; [`SweepError::DrawnOtherwise`]; [`SweepError::Model`].
pub fn plan_anchors(anchors: &Anchors, planned: &[Planned]) -> Result<Vec<Planned>, SweepError> {
    let is_new = |anchor: &&Anchor| planned.iter().all(|planned| planned.key != anchor.subject);
    let plan = |anchor: &Anchor| match anchor.level {
        Level::Op => plan_op(anchor.subject.parse()?),
        Level::Network if anchor.subject.starts_with("onnx-") => {
            let drawn = anchor.drawn().map(|(seed, index)| plan_drawn_network(draw_network(seed, index)));
            let same = drawn.filter(|drawn| drawn.key == anchor.subject && has_steps(drawn, &anchor.ops));
            let (subject, session) = (anchor.subject.clone(), anchors.session.clone());
            same.ok_or(SweepError::DrawnOtherwise { subject, session })
        }
        Level::Network => {
            let ops = anchor.ops.split_whitespace().map(str::parse).collect::<Result<Vec<OpSpec>, _>>()?;
            plan_network(&Architecture::new(&anchor.subject, None, ops)?)
        }
    };
    anchors.subjects.iter().filter(is_new).map(plan).collect()
}

/// Whether a network multiplies what was measured: a runtime has nodes of its own beside, and leaves some out that multiply nothing.
fn has_steps(network: &Planned, measured: &str) -> bool {
    let Ok(steps) = steps_of(&network.onnx) else { return false };
    let own = multiplying(steps.iter().map(|(_, step)| step_key(step)));
    let measured = measured.split(' ').map(str::parse::<TracedOp>);
    measured.collect::<Result<Vec<_>, _>>().is_ok_and(|measured| own == multiplying(measured))
}

/// Keys of ops with multiply-accumulates, without what is computed in one go with them, and how many there are of each.
fn multiplying(ops: impl IntoIterator<Item = TracedOp>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for op in ops {
        let macs = match op.layer() {
            TracedLayer::Placed(placed) => placed.macs().0,
            TracedLayer::Other(work) => work.macs,
        };
        if macs > 0 {
            let alone = op.to_string().split('+').next().map(str::to_owned);
            *counts.entry(alone.unwrap_or_default()).or_default() += 1;
        }
    }
    counts
}

fn plan_network(network: &Architecture) -> Result<Planned, SweepError> {
    let onnx = network_model(network, WEIGHTS_SEED).map_err(|source| model_error(&network.key(), source))?;
    Ok(Planned::new(network.key(), Level::Network, network.ops().to_vec(), onnx))
}

fn model_error(key: &str, source: crate::onnx::OnnxError) -> SweepError {
    SweepError::Model { path: key.into(), source }
}
