//! The law by which the mock backend costs: physical work, no clock.

use std::collections::HashMap;

use super::Planned;
use crate::backend::CostModel;
use crate::record::Level;
use crate::spec::{Graph, OpSpec, PlacedLayer, Precision};

/// Nanoseconds per unit of work. A network costs `network_base_ns + network_share · Σ ops`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MockLaw {
    /// Per layer.
    pub layer_ns: f64,
    /// Per multiply-accumulate of convolutions in groups, as depthwise ones are.
    pub depthwise_mac_ns: f64,
    /// Per multiply-accumulate of all other convolutions and of linear layers.
    pub dense_mac_ns: f64,
    /// Per element that a layer writes.
    pub written_ns: f64,
    /// Of what an f32 op costs, for an int8 op.
    pub int8_share: f64,
    /// Per network.
    pub network_base_ns: f64,
    /// Of the sum of the network's ops.
    pub network_share: f64,
}

impl Default for MockLaw {
    fn default() -> Self {
        Self {
            layer_ns: 1_500.0,
            depthwise_mac_ns: 0.6,
            dense_mac_ns: 0.05,
            written_ns: 0.2,
            int8_share: 0.4,
            network_base_ns: 20_000.0,
            network_share: 0.95,
        }
    }
}

impl MockLaw {
    /// Nanoseconds of a graph of layers.
    pub fn graph_ns(&self, graph: &Graph) -> f64 {
        let layer_ns = |placed: PlacedLayer| {
            let grouped = placed.layer.filters().is_some_and(|conv| conv.groups > 1);
            let mac_ns = if grouped { self.depthwise_mac_ns } else { self.dense_mac_ns };
            self.layer_ns
                + mac_ns * placed.macs().0 as f64
                + self.written_ns * placed.output.elements() as f64
        };
        graph.layers().map(layer_ns).sum()
    }

    /// Nanoseconds of an op.
    pub fn op_ns(&self, op: &OpSpec) -> f64 {
        let share = if op.precision() == Precision::Int8 { self.int8_share } else { 1.0 };
        share * self.graph_ns(&op.graph())
    }

    /// Nanoseconds of a whole network of these ops.
    pub fn network_ns(&self, ops: &[OpSpec]) -> f64 {
        let sum: f64 = ops.iter().map(|op| self.op_ns(op)).sum();
        self.network_base_ns + self.network_share * sum
    }
}

/// What each subject costs; networks from elsewhere have no cost and are refused by name.
pub fn mock_costs(subjects: &[Planned], law: MockLaw) -> CostModel {
    let cost = |subject: &Planned| match subject.level {
        Level::Op => subject.ops.iter().map(|op| law.op_ns(op)).sum(),
        Level::Network => law.network_ns(&subject.ops),
    };
    let known = subjects.iter().filter(|subject| !subject.ops.is_empty());
    let costs: HashMap<String, f64> = known.map(|subject| (subject.key.clone(), cost(subject))).collect();
    Box::new(move |key| costs.get(key).copied())
}
