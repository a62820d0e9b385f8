//! The references: small models that every session times in between, so that what the machine's speed does to ops is known at every
//! moment.

use super::{Planned, SweepError};
use crate::backend::Backend;
use crate::measure::{History, Protocol, ReferenceLevel, Speed, Subject, reference_levels, speeds};
use crate::onnx::network_model;
use crate::record::{Level, Reference, SpeedReport};
use crate::spec::{Architecture, OpSpec};

use super::loaded::Loaded;

/// Name and ops of each. Ops of one reference run one after the other.
///
/// Each takes a tenth of a millisecond or so on a server's core, and is slowed by something else: a convolution that is all
/// arithmetic, a classifier that is all memory (2 MB of weights), a depthwise convolution, and a dozen calls that compute next to
/// nothing.
const REFERENCES: [(&str, &[&str], usize); 4] = [
    ("arithmetic", &["conv-14x14x32-o64-k3-s1-relu6"], 1),
    ("memory", &["linear-1x1x1024-o512"], 1),
    ("depthwise", &["conv-28x28x32-o32-k3-s1-g32-relu6"], 1),
    ("calls", &["conv-4x4x8-o8-k1-s1-relu6"], 12),
];
const WEIGHTS_SEED: u64 = 0;

/// What they are called, in order.
pub(super) fn reference_names() -> impl Iterator<Item = &'static str> {
    REFERENCES.iter().map(|(name, ..)| *name)
}

/// All of them, with the models that are timed.
///
/// # Errors
/// [`SweepError::Spec`], [`SweepError::Model`].
pub(super) fn plan_references() -> Result<Vec<Planned>, SweepError> {
    let plan = |(name, keys, times): &(&str, &[&str], usize)| {
        let ops = keys.repeat(*times).into_iter().map(str::parse).collect::<Result<Vec<OpSpec>, _>>()?;
        let network = Architecture::new(name, None, ops.clone())?;
        let key = format!("reference-{name}");
        let onnx = network_model(&network, WEIGHTS_SEED)
            .map_err(|source| SweepError::Model { path: key.clone().into(), source })?;
        Ok(Planned::new(key, Level::Network, ops, onnx))
    };
    REFERENCES.iter().map(plan).collect()
}

/// All of them, loaded; none on an emulated clock, where nothing is ever slower.
///
/// # Errors
/// [`SweepError::Model`], [`SweepError::Backend`].
pub fn load_references(backend: &dyn Backend, threads: usize) -> Result<Vec<Box<dyn Subject>>, SweepError> {
    if backend.emulated_clock().is_some() {
        return Ok(Vec::new());
    }
    let load = |planned: Planned| {
        let runnable = backend.prepare(planned.model(), threads)?;
        Ok(Box::new(Loaded { runnable, model_bytes: planned.bytes() }) as Box<dyn Subject>)
    };
    plan_references()?.into_iter().map(load).collect()
}

/// What a session says of its machine's speeds.
pub(super) fn speed_report(history: &History, protocol: &Protocol) -> SpeedReport {
    let at = |speed| reference_levels(history, speed, REFERENCES.len());
    let (fast, sustained) = (at(Speed::Fast), at(Speed::Sustained));
    let reference = |((name, ..), (fast, sustained)): (&(&str, _, _), (Option<ReferenceLevel>, _))| {
        let name = (*name).to_owned();
        fast.map(|fast| Reference { name, fast, sustained })
    };
    let references = REFERENCES.iter().zip(fast.into_iter().zip(sustained)).filter_map(reference);
    SpeedReport { speeds: protocol.speeds.clone(), modes: speeds(history), references: references.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_models_of_known_work() {
        let planned = plan_references().unwrap();
        assert_eq!(planned.len(), REFERENCES.len());
        let macs = |index: usize| planned[index].ops.iter().map(|op| op.macs().0).sum::<u64>();
        // 14·14·32·64·9; 1024·512; 28·28·32·9; 12 · 4·4·8·8.
        assert_eq!([0, 1, 2, 3].map(macs), [3_612_672, 524_288, 225_792, 12_288]);
        assert_eq!(planned[3].ops.len(), 12);
    }
}
