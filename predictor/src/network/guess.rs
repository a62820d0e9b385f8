//! A guess at ops of which nothing was measured, for those who ask for one.

use profiler::spec::{OpSpec, Precision};

use crate::{
    OpEstimate, OpFeatures, OpModel,
    prediction::{Flag, GuessBasis, LogNormal},
};

/// Half-width on log scale of a guess by the work of other kinds: a factor of three either way. An assumption: how far
/// kinds differ is not known of one that was never measured.
const WORK_LOG_HALF_WIDTH: f64 = 1.1;
/// The least half-width of a guess by what an op moves and multiplies: a factor of eight either way.
const MOVED_LOG_HALF_WIDTH: f64 = 2.08;
/// What the interval of a measured op has, about: all beyond it counts as not known.
const USUAL_LOG_HALF_WIDTH: f64 = 0.1;
/// Standard deviations in the half-width of a 90 % interval.
const NORMAL_90: f64 = 1.645;

/// An op of which nothing was measured.
#[derive(Clone, Debug)]
pub(super) struct Unmeasured {
    pub(super) features: Option<OpFeatures>,
    pub(super) is_int8: bool,
    /// What it reads in all, and what it gives.
    pub(super) elements: u64,
    /// Its weights and multiply-accumulates, as far as they are known.
    pub(super) weights: u64,
    pub(super) macs: u64,
}

impl Unmeasured {
    /// An op of the profiler's.
    pub(super) fn of(op: &OpSpec) -> Self {
        Self {
            features: Some(OpFeatures::of(op)),
            is_int8: op.precision() == Precision::Int8,
            elements: op.input().elements() + op.output().elements(),
            weights: weights(op),
            macs: op.macs().0,
        }
    }

    fn moved(&self) -> f64 {
        (self.elements + self.weights) as f64
    }
}

/// A guess: by the work of all measured kinds, where they have such work; else by elements moved and
/// multiply-accumulates, whichever takes longer at the median pace of the measured ops. Nothing where no op was measured
/// by its key.
pub(super) fn guess(ops: &OpModel, op: &Unmeasured) -> Option<OpEstimate> {
    let by_work = op.features.as_ref().and_then(|features| ops.pooled_ms(features, op.is_int8));
    let (ms, log_half_width, basis) = match by_work {
        Some(ms) => (ms, WORK_LOG_HALF_WIDTH, GuessBasis::OtherKinds),
        None => {
            let (ms, log_half_width) = by_pace(ops, op)?;
            (ms, log_half_width, GuessBasis::Moved)
        }
    };
    let combined = LogNormal { ms, deviation: log_half_width / NORMAL_90, log_half_width };
    let widened = log_half_width / USUAL_LOG_HALF_WIDTH;
    Some(OpEstimate { combined, model_ms: ms, measured: None, widened, flags: vec![Flag::Guessed { basis }] })
}

fn by_pace(ops: &OpModel, op: &Unmeasured) -> Option<(f64, f64)> {
    let mut per_element = Vec::new();
    let mut per_mac = Vec::new();
    for (key, measured) in ops.measured() {
        let Ok(known) = key.parse::<OpSpec>() else { continue };
        let macs = known.macs().0;
        let of_known = Unmeasured::of(&known);
        per_element.push(measured.latency_ms / of_known.moved().max(1.0));
        if macs > 0 {
            per_mac.push(measured.latency_ms / macs as f64);
        }
    }
    let moved = op.moved() * quantile(&mut per_element, 0.5)?;
    let multiplied = quantile(&mut per_mac, 0.5).map_or(0.0, |pace| pace * op.macs as f64);
    let spread = (quantile(&mut per_element, 0.95)? / quantile(&mut per_element, 0.05)?).ln() / 2.0;
    Some((moved.max(multiplied), spread.max(MOVED_LOG_HALF_WIDTH)))
}

fn weights(op: &OpSpec) -> u64 {
    op.graph().nodes().iter().map(profiler::spec::Node::weights).sum()
}

/// The element at a fraction of the sorted list; the list is not long, and sorted again each time.
fn quantile(list: &mut [f64], fraction: f64) -> Option<f64> {
    list.sort_by(f64::total_cmp);
    let last = list.len().checked_sub(1)?;
    list.get((last as f64 * fraction).round() as usize).copied()
}
