//! Where a model's weights come from.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::OnnxError;
use crate::spec::{Layer, Node};

/// Weights of one convolution or linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeWeights {
    /// `[out, in / groups, k, k]` or `[out, in]`, row-major.
    pub weights: Vec<f32>,
    /// `[out]`.
    pub biases: Vec<f32>,
}

/// Why a node has no weights.
pub type WeightsError = Box<dyn std::error::Error + Send + Sync>;

/// Gives each convolution and linear layer its weights.
pub trait WeightSource {
    /// Weights of node `index` of the graph.
    ///
    /// # Errors
    /// When there are none for it.
    fn weights(&mut self, index: usize, node: &Node) -> Result<NodeWeights, WeightsError>;
}

/// Random weights that keep activations in range; the same for the same seed, node and shape.
///
/// Uniform in ±√(6 / fan-in). Source: He et al., arXiv:1502.01852 (variance 2 / fan-in).
#[derive(Clone, Copy, Debug)]
pub struct SeededWeights {
    /// The seed.
    pub seed: u64,
}

impl WeightSource for SeededWeights {
    fn weights(&mut self, index: usize, node: &Node) -> Result<NodeWeights, WeightsError> {
        let mut rng = Pcg64::seed_from_u64(self.seed ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let outputs = node.layer.biases();
        let fan_in = node.weights().checked_div(outputs).unwrap_or(1).max(1);
        let bound = (6.0 / fan_in as f32).sqrt();
        let weights = (0..node.weights()).map(|_| rng.random_range(-bound..=bound)).collect();
        let small = if matches!(node.layer, Layer::Linear { .. }) { 0.0 } else { 0.1 };
        let biases = (0..outputs).map(|_| rng.random_range(-small..=small)).collect();
        Ok(NodeWeights { weights, biases })
    }
}

/// Weights of node `index` as they should be.
///
/// # Errors
/// [`OnnxError::Weights`] for none, a wrong number of them, and what is not finite.
pub(crate) fn checked_weights(
    source: &mut dyn WeightSource,
    index: usize,
    node: &Node,
) -> Result<NodeWeights, OnnxError> {
    let tensors = source.weights(index, node).and_then(|tensors| check(node, tensors));
    tensors.map_err(|error| {
        let (layer, reason) = (node.layer.to_string(), error.to_string());
        OnnxError::Weights { index, layer, reason }
    })
}

fn check(node: &Node, tensors: NodeWeights) -> Result<NodeWeights, WeightsError> {
    let found = (tensors.weights.len() as u64, tensors.biases.len() as u64);
    let expected = (node.weights(), node.layer.biases());
    if found != expected {
        return Err(format!("{found:?} weights and biases, expected {expected:?}").into());
    }
    match tensors.weights.iter().chain(&tensors.biases).find(|value| !value.is_finite()) {
        Some(value) => Err(format!("{value} is not finite").into()),
        None => Ok(tensors),
    }
}

/// Shape of a node's weights in ONNX.
pub(super) fn weight_shape(node: &Node) -> Vec<u64> {
    let Some(conv) = node.layer.filters() else { return Vec::new() };
    let mut shape = vec![conv.out_channels.into(), (node.input.channels / conv.groups).into()];
    if let Layer::Conv(_) = node.layer {
        shape.extend(conv.kernel.map(u64::from));
    }
    shape
}
