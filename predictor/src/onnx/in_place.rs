//! The latency of a network from what was measured inside of networks: step by step, as the profiler measures them there.

use profiler::onnx::steps::{FreeNode, Step, StepNode, in_place, step_key};

use super::OnnxNetwork;
use super::block::Block;
use super::guess::{Unmeasured, guess};
use super::predict::{LayerPrediction, NetworkReport, Unknown};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::interval::Flag;
use crate::network::NetworkModel;
use crate::op::{OpEstimate, OpModel};
use crate::work::OpEntry;

impl LatencyModel {
    /// The latency of a network by a model of ops and networks as they were measured in place.
    ///
    /// # Errors
    /// As [`Self::predict_onnx`].
    pub(super) fn predict_in_place(
        &self,
        network: &OnnxNetwork,
        unknown: Unknown,
        (ops, networks): (&OpModel, &NetworkModel),
    ) -> Result<NetworkReport, PredictorError> {
        let (mut layers, mut free) = (Vec::new(), network.free.clone());
        let mut missing: Vec<(String, String)> = Vec::new();
        let steps = in_place(&network.steps);
        for (index, step) in steps.iter() {
            let op = OpEntry::from(&step_key(step));
            if networks.layout.leaves_out(&op) {
                let node = |node: &StepNode| FreeNode {
                    node: node.name.clone(),
                    operator: node.operator.clone(),
                    reason: "the runtime has never had a node of its own for such",
                };
                free.extend(step.nodes.iter().map(node));
                continue;
            }
            let found = ops.estimate_keyed(&op).map_err(String::from);
            let found = found.or_else(|reason| self.estimate_alone(index, step, networks).ok_or(reason));
            let found = found.or_else(|reason| match unknown {
                Unknown::Refuse => Err(reason),
                Unknown::Guess => guess(ops, &Unmeasured::of_step(step, &op)).ok_or(reason),
            });
            match found {
                Ok(estimate) => {
                    let alone = self.alone(&op.key, &estimate)?;
                    let estimate = networks.layout.charged(&op, estimate);
                    let node = |node: &StepNode| (node.name.clone(), node.operator.clone());
                    layers.push(LayerPrediction {
                        nodes: step.nodes.iter().map(node).collect(),
                        alone,
                        in_network_ms: networks.coefficients.inside_ms(estimate.combined.ms),
                        op: op.key,
                        kind: op.kind,
                        estimate,
                    });
                }
                Err(reason) => missing.push((op.key, network.why_unknown(&step.nodes, reason))),
            }
        }
        if !missing.is_empty() {
            missing.dedup();
            let device = self.device_name();
            return Err(PredictorError::Unmeasured { network: network.name.clone(), device, ops: missing });
        }
        let estimates: Vec<OpEstimate> = layers.iter().map(|layer| layer.estimate.clone()).collect();
        Ok(NetworkReport {
            name: network.name.clone(),
            prediction: self.predict_at(&estimates, networks)?,
            constant_ms: networks.coefficients.constant_ms,
            layers,
            free,
            macs: network.steps.iter().filter_map(|(_, step)| step.macs).sum(),
            uncounted: network.steps.iter().filter(|(_, step)| step.macs.is_none()).count(),
        })
    }

    /// A step of which nothing was measured in place, by ops that were measured by themselves: what such a one adds to a network
    /// of theirs.
    fn estimate_alone(&self, index: usize, step: &Step, networks: &NetworkModel) -> Option<OpEstimate> {
        self.in_place.as_ref()?;
        let mut estimate = self.estimate_block(&Block::of_step(index, step)).ok()?;
        estimate.combined.ms =
            self.networks.coefficients.inside_ms(estimate.combined.ms) / networks.coefficients.scale;
        estimate.flags.push(Flag::MeasuredAlone);
        Some(estimate)
    }
}
