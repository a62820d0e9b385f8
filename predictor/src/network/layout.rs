//! Changes of layout: nodes that only the runtime knows, which turn what one op gives into the form that another reads.
//!
//! Which there are cannot be told from a model, but they happen at the borders of ops of certain kinds. So each kind is charged
//! for the elements that go in and out of its ops, by what is measured of such nodes in whole networks.

use std::collections::{BTreeMap, HashMap};

use profiler::spec::TracedOp;
use serde::{Deserialize, Serialize};

use super::model::NetworkSample;
use crate::{
    learn::solve_nnls,
    op::OpEstimate,
    rows::Sample,
    work::{OpEntry, OpFeatures},
};

/// What the profiler calls the kernel of a runtime's own change of layout.
const KERNEL: &str = "reorder";
/// Kinds that can be charged, those with most elements; the others hardly have any.
const MOST_KINDS: usize = 48;
/// How much large charges are held against a fit: kinds that go together share theirs.
const PENALTY: f64 = 3e-3;

/// Milliseconds per million elements in and out of an op, by kind; kinds that are not there cost nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layout {
    ms_per_million: BTreeMap<String, f64>,
}

/// Whether an op of a measured network is a change of layout, which no model has.
pub(crate) fn is_layout(op: &OpEntry) -> bool {
    op.kind.strip_prefix(TracedOp::SIGN) == Some(KERNEL)
}

/// Millions of elements that an op reads and gives.
fn elements(op: &OpFeatures) -> f64 {
    let [pixels_in, pixels_out, channels_in, channels_out, ..] = op.sizes;
    ((pixels_in + channels_in).exp() + (pixels_out + channels_out).exp()) / 1e6
}

impl Layout {
    /// Fits to what changes of layout took inside of measured networks; `samples` are all ops measured in place.
    pub(crate) fn fit(networks: &[NetworkSample], samples: &[Sample]) -> Self {
        let changes: HashMap<&str, &Sample> =
            samples.iter().filter(|s| s.key.contains(KERNEL)).map(|s| (s.key.as_str(), s)).collect();
        if changes.is_empty() {
            return Self::default();
        }
        let mut of_kinds: BTreeMap<&str, f64> = BTreeMap::new();
        for op in networks.iter().flat_map(|network| &network.ops).filter(|op| !is_layout(op)) {
            *of_kinds.entry(&op.kind).or_default() += elements(&op.features);
        }
        let mut kinds: Vec<(&str, f64)> = of_kinds.into_iter().collect();
        kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
        kinds.truncate(MOST_KINDS);
        let place = |op: &OpEntry| kinds.iter().position(|(kind, _)| *kind == op.kind);
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for network in networks {
            let mut row = [0.0; MOST_KINDS];
            for op in network.ops.iter().filter(|op| !is_layout(op)) {
                if let Some(place) = place(op) {
                    row[place] += elements(&op.features) / network.latency_ms;
                }
            }
            let own = |sample: &&Sample| {
                let inside = sample.repeats.iter().find(|r| r.group.as_ref() == Some(&network.key));
                inside.map_or(sample.latency_ms, |repeat| repeat.latency_ms)
            };
            let found = network.ops.iter().filter(|op| is_layout(op));
            let found: f64 = found.filter_map(|op| changes.get(op.key.as_str())).map(own).sum();
            rows.push(row);
            targets.push(found / network.latency_ms);
        }
        let charges = solve_nnls(&rows, &targets, PENALTY);
        let named = kinds.iter().zip(charges).filter(|(_, charge)| *charge > 0.0);
        Self { ms_per_million: named.map(|((kind, _), charge)| ((*kind).to_owned(), charge)).collect() }
    }

    /// Whether nothing is charged.
    pub(crate) fn is_empty(&self) -> bool {
        self.ms_per_million.is_empty()
    }

    /// An op with what is charged for changes of layout at its borders.
    pub(crate) fn charged(&self, op: &OpEntry, mut estimate: OpEstimate) -> OpEstimate {
        let charge = self.ms_per_million.get(&op.kind).copied().unwrap_or_default();
        estimate.combined.ms += charge * elements(&op.features);
        estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Repeat;

    #[test]
    fn kinds_are_charged_for_what_happens_at_their_borders() {
        // A change of layout at every softmax, 3 ms per million elements, none at the sums; each is 2 · h · w · c elements.
        let op = |key: String| key.parse::<OpEntry>().unwrap();
        let mut networks = Vec::new();
        let mut repeats = Vec::new();
        for index in 1..=12_u32 {
            let (softmax, add) = (op(format!("softmax@softmax-8x8x{index}")), op(format!("add@add-8x8x{}", 30 / index)));
            let change = op("reorder@other-8x8x8-8x8x8-r512-w512-c0-m0".to_owned());
            let latency_ms = 3.0 * elements(&softmax.features);
            let key = format!("n{index}");
            repeats.push(Repeat { latency_ms, group: Some(key.clone()) });
            let ops = vec![softmax, add, change];
            networks.push(NetworkSample { key, session: String::new(), ops, latency_ms: 1.0 });
        }
        let change = networks[0].ops[2].clone();
        let sample = Sample { repeats, measurements: 12, ..Sample::of(change.clone(), 1.0, 0.01) };
        let layout = Layout::fit(&networks, &[sample]);
        let found = |kind: &str| layout.ms_per_million.get(kind).copied().unwrap_or_default();
        assert!((found("@softmax") - 3.0).abs() < 0.1 && found("@add") < 0.1, "{layout:?}");
        assert!(is_layout(&change) && !is_layout(&networks[0].ops[0]));
        assert!(Layout::fit(&networks, &[]).is_empty());
    }
}
