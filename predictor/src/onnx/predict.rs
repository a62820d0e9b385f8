//! The latency of a network from elsewhere, block by block.

use profiler::onnx::{
    InputShapes, OnnxError, network_model,
    steps::{FreeNode, StepNode},
};
use profiler::spec::{Architecture, OpSpec, Precision};

use super::OnnxNetwork;
use super::block::Block;
use super::cover::cover;
use super::guess::{Unmeasured, guess};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::interval::{Flag, Prediction};
use crate::op::OpEstimate;

/// What to do about ops of which nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are an error.
    Refuse,
    /// They are guessed at, with a wide interval.
    Guess,
}

/// A part of a network that is predicted as one op.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPrediction {
    /// Op key, or in words what it is where no key describes it.
    pub op: String,
    /// Its kind.
    pub kind: String,
    /// Names and operators of the model's nodes that it is made of.
    pub nodes: Vec<(String, String)>,
    /// Its latency by itself.
    pub estimate: OpEstimate,
    /// The same as a prediction.
    pub alone: Prediction,
    /// What it adds to the network, in milliseconds.
    pub in_network_ms: f64,
}

/// The latency of a network and of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkReport {
    /// What the network is called.
    pub name: String,
    /// Its latency.
    pub prediction: Prediction,
    /// What every network costs, in milliseconds.
    pub constant_ms: f64,
    /// Its parts in running order; they and the constant sum to the latency.
    pub layers: Vec<LayerPrediction>,
    /// Nodes of which runtimes make nothing.
    pub free: Vec<FreeNode>,
    /// Multiply-accumulates, as far as they are known.
    pub macs: u64,
    /// Parts of which they are not known.
    pub uncounted: usize,
}

impl LatencyModel {
    /// The latency of a network from elsewhere, covered by the largest blocks of which ops were measured.
    ///
    /// # Errors
    /// [`PredictorError::Unmeasured`] naming every op of which nothing was measured, unless they are to be guessed at.
    pub fn predict_onnx(
        &self,
        network: &OnnxNetwork,
        unknown: Unknown,
    ) -> Result<NetworkReport, PredictorError> {
        if let Some(level) = self.in_place() {
            return self.predict_in_place(network, unknown, level);
        }
        let mut layers = Vec::new();
        let mut missing: Vec<(String, String)> = Vec::new();
        for block in cover(&network.steps, self.ops()) {
            let found = self.estimate_block(&block);
            let found = match (found, unknown) {
                (Err(reason), Unknown::Guess) => self.guess_block(network, &block).ok_or(reason),
                (found, _) => found,
            };
            match found {
                Ok(estimate) => layers.push(self.layer(network, &block, estimate)?),
                Err(reason) => {
                    let nodes = block.steps.iter().filter_map(|&step| network.steps.get(step));
                    let nodes = nodes.flat_map(|step| &step.nodes);
                    missing.push((block.key(), network.why_unknown(nodes, reason)));
                }
            }
        }
        if !missing.is_empty() {
            missing.dedup();
            let device = self.device_name();
            return Err(PredictorError::Unmeasured { network: network.name.clone(), device, ops: missing });
        }
        let estimates: Vec<OpEstimate> = layers.iter().map(|layer| layer.estimate.clone()).collect();
        let mut prediction = self.predict_estimates(&estimates)?;
        if network.folded_normalizations > 0 && self.conditions().runtime.name == "tract" {
            prediction.flags.push(Flag::FoldedNormalizations { count: network.folded_normalizations });
        }
        Ok(NetworkReport {
            name: network.name.clone(),
            prediction,
            constant_ms: self.additive().constant_ms(),
            layers,
            free: network.free.clone(),
            macs: network.steps.iter().filter_map(|(_, step)| step.macs).sum(),
            uncounted: network.steps.iter().filter(|(_, step)| step.macs.is_none()).count(),
        })
    }

    /// The latency of an op, guessed at where nothing was measured of it and that is wanted.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] when nothing is known of it, or there is nothing to guess from.
    pub fn predict_layer(&self, op: &OpSpec, unknown: Unknown) -> Result<LayerPrediction, PredictorError> {
        let estimate = self.estimate(op).or_else(|error| match unknown {
            Unknown::Refuse => Err(error),
            Unknown::Guess => guess(self.ops(), &Unmeasured::of(op)).ok_or(error),
        })?;
        Ok(LayerPrediction {
            op: op.key(),
            kind: op.kind(),
            nodes: Vec::new(),
            alone: self.alone(&op.key(), &estimate)?,
            in_network_ms: self.share(&estimate),
            estimate,
        })
    }

    /// The latency of an architecture and of its ops.
    ///
    /// # Errors
    /// As [`Self::predict_layer`], for every op.
    pub fn report_architecture(
        &self,
        network: &Architecture,
        unknown: Unknown,
    ) -> Result<NetworkReport, PredictorError> {
        if self.ops().is_in_place() {
            let wrong = |e: OnnxError| PredictorError::Network {
                network: network.name().to_owned(),
                reason: profiler::explain(&e),
            };
            let onnx = network_model(network, 0).map_err(wrong)?;
            let network = OnnxNetwork::read(network.name(), &onnx, &InputShapes::new())?;
            return self.predict_onnx(&network, unknown);
        }
        let layers = network.ops().iter().map(|op| self.predict_layer(op, unknown));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let estimates: Vec<OpEstimate> = layers.iter().map(|layer| layer.estimate.clone()).collect();
        Ok(NetworkReport {
            name: network.name().to_owned(),
            prediction: self.predict_estimates(&estimates)?,
            constant_ms: self.additive().constant_ms(),
            layers,
            free: Vec::new(),
            macs: network.macs().0,
            uncounted: 0,
        })
    }

    /// An op's estimate as a prediction of its latency by itself.
    ///
    /// # Errors
    /// [`PredictorError::CannotFit`] when it would be no latency.
    pub(crate) fn alone(&self, op: &str, estimate: &OpEstimate) -> Result<Prediction, PredictorError> {
        let combined = estimate.combined;
        let flags = estimate.flags.iter().cloned().chain(self.emulated()).collect();
        Prediction::new(combined.ms, combined.log_half_width, flags).ok_or_else(|| {
            PredictorError::CannotFit(format!("the latency of `{op}` would be {} ms", combined.ms))
        })
    }

    pub(super) fn estimate_block(&self, block: &Block) -> Result<OpEstimate, String> {
        if let Some(op) = block.op {
            return Ok(self.ops().estimate(&op)?);
        }
        let never = || format!("no op of kind `{}` was measured", block.kind);
        if !self.ops().kinds().any(|kind| kind.kind == block.kind) {
            return Err(never());
        }
        let features = block.features().ok_or("its layers are of a form that no measured op has")?;
        let mut estimate = self.ops().estimate_as(&block.kind, &block.name, &features)?;
        estimate.flags.push(Flag::ByWork);
        Ok(estimate)
    }

    fn guess_block(&self, network: &OnnxNetwork, block: &Block) -> Option<OpEstimate> {
        let inside: Vec<_> = block.steps.iter().filter_map(|&step| network.steps.get(step)).collect();
        let read: u64 = inside.iter().flat_map(|step| &step.reads).map(|read| read.map.elements()).sum();
        let given: u64 = inside.iter().map(|step| step.output.elements()).sum();
        let weights = inside.iter().map(|step| step.weights).sum();
        let macs = inside.iter().map(|step| step.macs).sum();
        let is_int8 = inside.iter().all(|step| step.is_int8());
        let precision = if is_int8 { Precision::Int8 } else { Precision::F32 };
        let elements = read + given;
        guess(self.ops(), &Unmeasured { features: block.features(), precision, elements, weights, macs })
    }

    fn layer(
        &self,
        network: &OnnxNetwork,
        block: &Block,
        estimate: OpEstimate,
    ) -> Result<LayerPrediction, PredictorError> {
        let steps = block.steps.iter().filter_map(|&step| network.steps.get(step));
        let named = |node: &StepNode| (node.name.clone(), node.operator.clone());
        Ok(LayerPrediction {
            op: block.key(),
            kind: block.kind.clone(),
            nodes: steps.flat_map(|step| &step.nodes).map(named).collect(),
            alone: self.alone(&block.key(), &estimate)?,
            in_network_ms: self.share(&estimate),
            estimate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{
        FitOptions,
        test_rows::{law_ms, measurements, op_row},
    };
    use crate::onnx::drawn_model::Drawn;

    #[test]
    fn what_nobody_can_count_is_no_zero() {
        let keys = ["conv-14x14x8-o8-k3-s1", "conv-14x14x16-o8-k3-s1", "act-14x14x8-relu"];
        let rows = keys.map(|key| op_row(key, law_ms(&key.parse().unwrap()))).to_vec();
        let model = LatencyModel::fit(&measurements(rows), &FitOptions::default()).unwrap();
        let mut drawn = Drawn::new(&[1, 4, 16, 8]);
        let attention = drawn.node("Attention", &["x", "x", "x"], &[]);
        let weights = drawn.weights(&[8, 8]);
        let y = drawn.node("MatMul", &[&attention, &weights], &[]);
        let report = model.predict_onnx(&drawn.network(&y), Unknown::Guess).unwrap();
        // 4 · 16 rows of 8 by 8 · 8 weights.
        assert_eq!((report.macs, report.uncounted), (4 * 16 * 8 * 8, 1));
        let flags = |place: usize| report.layers[place].estimate.flags.contains(&Flag::Uncounted);
        assert!(flags(0) && !flags(1));
    }
}
