//! Changes of layout: nodes that only the runtime knows, which turn what one op gives into the form that another reads.
//!
//! Which there are cannot be told from a model, but they happen at the borders of ops of certain kinds. So each kind is charged
//! for the elements that go in and out of its ops, by what is measured of such nodes in whole networks.

use std::collections::{BTreeMap, HashMap};

use profiler::spec::TracedOp;
use serde::{Deserialize, Serialize};

use super::model::NetworkSample;
use crate::learn::solve_nnls;
use crate::op::OpEstimate;
use crate::rows::Sample;
use crate::work::{OpEntry, OpFeatures};

/// What the profiler calls the kernel of a runtime's own change of layout.
const KERNEL: &str = "reorder";
/// Place of the logarithm of multiply-accumulates among an op's sizes.
const LOG_MACS: usize = 6;
/// The least share of its time that an op that is run sometimes is taken for.
const LEAST_SHARE: f64 = 0.05;
/// Kinds that can be charged, those with most elements; the others hardly have any.
const MOST_KINDS: usize = 48;
/// How much large charges are held against a fit: kinds that go together share theirs.
const PENALTY: f64 = 3e-3;

/// What a runtime makes of a network beside computing its ops.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Milliseconds per million elements in and out of an op, by kind; kinds that are not there cost nothing.
    ms_per_million: BTreeMap<String, f64>,
    /// Share of the ops of a kind that the runtime runs at all, where it does without some: as parts of others, or not at all.
    runs: BTreeMap<String, f64>,
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
        let runs = runs(networks, samples);
        let changes: HashMap<&str, &Sample> =
            samples.iter().filter(|s| s.key.contains(KERNEL)).map(|s| (s.key.as_str(), s)).collect();
        if changes.is_empty() {
            return Self { runs, ..Self::default() };
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
        let charges = charges(rows, targets, pace(changes.values()));
        let named = kinds.iter().zip(charges).filter(|(_, charge)| *charge > 0.0);
        let ms_per_million = named.map(|((kind, _), charge)| ((*kind).to_owned(), charge)).collect();
        Self { ms_per_million, runs }
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.ms_per_million.is_empty() && self.runs.is_empty()
    }

    /// Whether an op is one that runtimes have no node for: a change of layout is none of the model's, and others are never run.
    pub(crate) fn leaves_out(&self, op: &OpEntry) -> bool {
        is_layout(op) || self.runs.get(&op.kind).is_some_and(|share| *share <= 0.0)
    }

    /// An op as what it is expected to add to a network: the share of such that are run, and what is charged for changes of layout
    /// at its borders.
    pub(crate) fn charged(&self, op: &OpEntry, mut estimate: OpEstimate) -> OpEstimate {
        estimate.combined.ms *= self.runs.get(&op.kind).map_or(1.0, |share| share.max(LEAST_SHARE));
        let charge = self.ms_per_million.get(&op.kind).copied().unwrap_or_default();
        estimate.combined.ms += charge * elements(&op.features);
        estimate
    }
}

/// Milliseconds per million elements that changes of layout take: one at every border of an op costs its elements this much.
fn pace<'a>(changes: impl Iterator<Item = &'a &'a Sample> + Clone) -> f64 {
    let ms: f64 = changes.clone().map(|sample| sample.latency_ms).sum();
    // Read and written.
    2.0 * ms / changes.map(|sample| elements(&sample.features)).sum::<f64>()
}

/// Charges that make the targets of the rows, each at least 0 and at most `most`: kinds that go together could not be told apart,
/// and one would stand for the others with what it cannot cost by itself.
fn charges(mut rows: Vec<[f64; MOST_KINDS]>, mut targets: Vec<f64>, most: f64) -> [f64; MOST_KINDS] {
    let mut bounded = [false; MOST_KINDS];
    loop {
        let mut found = solve_nnls(&rows, &targets, PENALTY);
        let beyond: Vec<usize> = (0..MOST_KINDS).filter(|&kind| found[kind] > most).collect();
        for (kind, _) in bounded.iter().enumerate().filter(|(_, bounded)| **bounded) {
            found[kind] = most;
        }
        if beyond.is_empty() {
            return found;
        }
        for kind in beyond {
            bounded[kind] = true;
            for (row, target) in rows.iter_mut().zip(&mut targets) {
                *target -= most * std::mem::take(&mut row[kind]);
            }
        }
    }
}

/// Share of the ops of each kind in measured networks that have a time there, where it is not all of them.
fn runs(networks: &[NetworkSample], samples: &[Sample]) -> BTreeMap<String, f64> {
    let known: HashMap<&str, &Sample> = samples.iter().map(|s| (s.key.as_str(), s)).collect();
    let is_timed = |sample: &&Sample, network: &NetworkSample| {
        let is_it = |group: &Option<String>| group.as_ref().is_none_or(|group| *group == network.key);
        if sample.repeats.is_empty() {
            is_it(&sample.group)
        } else {
            sample.repeats.iter().any(|repeat| is_it(&repeat.group))
        }
    };
    let mut counts: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for network in networks {
        // What multiplies always has a time: where it has none, it was not measured.
        let multiplies = |op: &OpEntry| op.features.sizes[LOG_MACS] > 0.0;
        let is_traced =
            |op: &&OpEntry| op.kind.starts_with(TracedOp::SIGN) && !is_layout(op) && !multiplies(op);
        for op in network.ops.iter().filter(is_traced) {
            let timed = known.get(op.key.as_str()).is_some_and(|sample| is_timed(sample, network));
            let count = counts.entry(&op.kind).or_default();
            *count = (count.0 + f64::from(u8::from(timed)), count.1 + 1.0);
        }
    }
    let shares = counts.into_iter().filter(|(_, (timed, all))| timed < all);
    shares.map(|(kind, (timed, all))| (kind.to_owned(), timed / all)).collect()
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
        let (mut repeats, mut samples) = (Vec::new(), Vec::new());
        for index in 1..=12_u32 {
            let (softmax, add) =
                (op(format!("softmax@softmax-8x8x{index}")), op(format!("add@add-8x8x{}", 30 / index)));
            let change = op("reorder@other-8x8x8-8x8x8-r512-w512-c0-m0".to_owned());
            let latency_ms = 3.0 * elements(&softmax.features);
            let key = format!("n{index}");
            repeats.push(Repeat { latency_ms, group: Some(key.clone()) });
            let inside =
                |op: &OpEntry| Sample { group: Some(key.clone()), ..Sample::of(op.clone(), 1.0, 0.01) };
            // Sums are never run.
            samples.push(inside(&softmax));
            let ops = vec![softmax, add, change];
            networks.push(NetworkSample { key, session: String::new(), ops, latency_ms: 1.0 });
        }
        let change = networks[0].ops[2].clone();
        samples.push(Sample { repeats, measurements: 12, ..Sample::of(change.clone(), 1.0, 0.01) });
        let layout = Layout::fit(&networks, &samples);
        let found = |kind: &str| layout.ms_per_million.get(kind).copied().unwrap_or_default();
        assert!((found("@softmax") - 3.0).abs() < 0.1 && found("@add") < 0.1, "{layout:?}");
        let [softmax, add, ..] = &networks[0].ops[..] else { panic!("three ops") };
        assert!(layout.leaves_out(&change) && layout.leaves_out(add) && !layout.leaves_out(softmax));
    }

    #[test]
    fn no_kind_stands_for_more_than_changes_of_layout_can_cost() {
        // The first kind goes along with the second in all rows but one; alone it would cost 5.
        let row = |first: f64, second: f64| {
            let mut row = [0.0; MOST_KINDS];
            (row[0], row[1]) = (first, second);
            row
        };
        let rows = vec![row(1.0, 1.0), row(2.0, 2.0), row(0.0, 3.0)];
        let found = charges(rows.clone(), vec![6.0, 12.0, 3.0], 10.0);
        assert!((found[0] - 5.0).abs() < 0.1 && (found[1] - 1.0).abs() < 0.1, "{found:?}");
        let found = charges(rows, vec![6.0, 12.0, 3.0], 2.0);
        assert!(found[0] == 2.0 && found[1] > 1.0 && found[1] <= 2.0, "{found:?}");
    }
}
