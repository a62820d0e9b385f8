//! A guess at ops of which nothing was measured, for those who ask for one.

use std::collections::BTreeMap;

use profiler::onnx::steps::Step;
use profiler::spec::{OpSpec, Precision, TracedLayer, TracedOp};

use crate::interval::{Flag, GuessBasis, LogNormal, NORMAL_90};
use crate::op::{GuessInterval, Measured, OpEstimate, OpModel, precision_of};
use crate::work::{OpEntry, OpFeatures};

/// Half-width on log scale of a guess by what an op moves and multiplies where too few kinds tell it: a factor of eight
/// either way.
const MOVED_ASSUMED: f64 = 2.08;
/// What the interval of a measured op has, about: all beyond it counts as not known.
const USUAL_LOG_HALF_WIDTH: f64 = 0.1;

/// An op of which nothing was measured.
#[derive(Clone, Debug)]
pub(super) struct Unmeasured {
    pub(super) features: Option<OpFeatures>,
    pub(super) precision: Precision,
    /// What it reads in all, and what it gives.
    pub(super) elements: u64,
    /// Its weights, as far as they are known.
    pub(super) weights: u64,
    /// Its multiply-accumulates, if they are known.
    pub(super) macs: Option<u64>,
}

impl Unmeasured {
    /// An op of the profiler's.
    pub(super) fn of(op: &OpSpec) -> Self {
        Self {
            features: Some(OpFeatures::of(op)),
            precision: op.precision(),
            elements: op.input().elements() + op.output().elements(),
            weights: weights(op),
            macs: Some(op.macs().0),
        }
    }

    /// A step as it runs inside of a network.
    pub(super) fn of_step(step: &Step, op: &OpEntry) -> Self {
        let read: u64 = step.reads.iter().map(|read| read.map.elements()).sum();
        Self {
            features: Some(op.features.clone()),
            precision: precision_of(&op.kind),
            elements: read + step.written,
            weights: step.weights,
            macs: step.macs,
        }
    }

    /// An op that was traced inside of a network.
    fn of_traced(op: &TracedOp) -> Self {
        let (elements, weights, macs) = match op.layer() {
            TracedLayer::Placed(placed) => {
                let elements = placed.input.elements() + placed.output.elements();
                (elements, placed.weights(), Some(placed.macs().0))
            }
            TracedLayer::Other(work) => {
                (work.read.saturating_add(work.written), work.constants, Some(work.macs))
            }
        };
        let OpEntry { kind, features, .. } = OpEntry::from(op);
        Self { features: Some(features), precision: precision_of(&kind), elements, weights, macs }
    }

    fn moved(&self) -> f64 {
        (self.elements + self.weights) as f64
    }
}

/// A guess: by the work of all measured kinds, where they have such work; else by elements moved and
/// multiply-accumulates, whichever takes longer at the median pace of the measured ops. Nothing where no op was measured
/// by its key.
pub(super) fn guess(ops: &OpModel, op: &Unmeasured) -> Option<OpEstimate> {
    let by_work = op.features.as_ref().and_then(|features| ops.pooled(features, op.precision));
    let (ms, band, basis) = match by_work {
        Some((ms, band)) => (ms, band, GuessBasis::OtherKinds),
        None => {
            let (ms, band) = by_pace(ops, op)?;
            (ms, band, GuessBasis::Moved)
        }
    };
    let GuessInterval { log_half_width, kinds } = band;
    let combined = LogNormal { ms, deviation: log_half_width / NORMAL_90, log_half_width };
    let widened = log_half_width / USUAL_LOG_HALF_WIDTH;
    let uncounted = op.macs.is_none().then_some(Flag::Uncounted);
    let flags = [Flag::Guessed { basis, kinds }].into_iter().chain(uncounted).collect();
    Some(OpEstimate { combined, model_ms: ms, measured: None, network_deviation: 0.0, widened, flags })
}

/// A measured op as paces see it.
struct Paced {
    kind: String,
    latency_ms: f64,
    moved: f64,
    macs: f64,
}

impl Paced {
    fn all(ops: &OpModel) -> Vec<Self> {
        let paced = |(key, measured): (&str, &Measured)| {
            let (kind, op) = if key.contains(TracedOp::SIGN) {
                let op = key.parse::<TracedOp>().ok()?;
                (format!("{}{}", TracedOp::SIGN, op.kernel()), Unmeasured::of_traced(&op))
            } else {
                let op = key.parse::<OpSpec>().ok()?;
                (op.kind(), Unmeasured::of(&op))
            };
            let (latency_ms, macs) = (measured.latency_ms, op.macs.unwrap_or(0) as f64);
            Some(Self { kind, latency_ms, moved: op.moved().max(1.0), macs })
        };
        ops.measured().filter_map(paced).collect()
    }
}

/// Milliseconds of what is moved and multiplied, whichever takes longer at the median pace of some ops.
fn at_median_pace(known: &[&Paced], moved: f64, macs: f64) -> Option<f64> {
    let mut per_element: Vec<f64> = known.iter().map(|op| op.latency_ms / op.moved).collect();
    let multiplying = known.iter().filter(|op| op.macs > 0.0);
    let mut per_mac: Vec<f64> = multiplying.map(|op| op.latency_ms / op.macs).collect();
    let multiplied = median(&mut per_mac).map_or(0.0, |pace| pace * macs);
    Some((moved * median(&mut per_element)?).max(multiplied))
}

fn by_pace(ops: &OpModel, op: &Unmeasured) -> Option<(f64, GuessInterval)> {
    let all = Paced::all(ops);
    let mut errors: BTreeMap<&str, Vec<f64>> = all.iter().map(|op| (op.kind.as_str(), Vec::new())).collect();
    for (kind, errors) in &mut errors {
        let (own, others): (Vec<&Paced>, Vec<&Paced>) = all.iter().partition(|op| op.kind == *kind);
        let error = |op: &&Paced| Some((op.latency_ms / at_median_pace(&others, op.moved, op.macs)?).ln());
        errors.extend(own.iter().filter_map(error));
    }
    let ms = at_median_pace(&all.iter().collect::<Vec<_>>(), op.moved(), op.macs.unwrap_or(0) as f64)?;
    Some((ms, GuessInterval::of(&errors, MOVED_ASSUMED)))
}

fn weights(op: &OpSpec) -> u64 {
    op.graph().nodes().iter().map(profiler::spec::Node::weights).sum()
}

/// The upper of two in the middle.
fn median(list: &mut [f64]) -> Option<f64> {
    list.sort_by(f64::total_cmp);
    list.get(list.len() / 2).copied()
}
