//! The nodes of any ONNX model, and which of Tailor's ops each belongs to.

use std::collections::HashMap;

use super::{ModelGraph, ModelNode, OnnxError, read_ops};
use crate::spec::OpSpec;

/// A node of an ONNX graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineNode {
    /// Its name; its first output's where it has none.
    pub name: String,
    /// ONNX operator, with its domain before it where that is not ONNX's own: `com.microsoft.FusedConv`.
    pub operator: String,
    /// Names of the values it reads, those of weights included.
    pub inputs: Vec<String>,
    /// Names of the values it gives.
    pub outputs: Vec<String>,
    /// Position in [`Outline::ops`] of the op it is a part of.
    pub op: Option<usize>,
}

/// What a model is made of, without its weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Nodes in the model's order.
    pub nodes: Vec<OutlineNode>,
    /// Tailor's ops in order; empty for a model from elsewhere.
    pub ops: Vec<OpSpec>,
}

impl Outline {
    /// Reads a model's outline.
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no ONNX model, hold no graph, or name ops that make no sense.
    pub fn read(onnx: &[u8]) -> Result<Self, OnnxError> {
        let graph = ModelGraph::read(onnx)?;
        let ops = read_ops(onnx)?.unwrap_or_default();
        let of_graph = |ModelNode { name, operator, inputs, outputs, .. }| OutlineNode {
            name,
            operator,
            inputs,
            outputs,
            op: None,
        };
        let mut nodes: Vec<_> = graph.nodes.into_iter().map(of_graph).collect();
        assign_ops(&mut nodes, &ops);
        Ok(Self { nodes, ops })
    }

    /// For each value, the nodes that read it.
    pub fn readers(&self) -> HashMap<&str, Vec<usize>> {
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            for input in node.inputs.iter().filter(|name| !name.is_empty()) {
                readers.entry(input).or_default().push(index);
            }
        }
        readers
    }
}

/// The values that a graph's layers give are called `value0`, `value1`, .. and `output` (see `export.rs`); nodes that
/// give anything else only prepare what a later one reads.
fn assign_ops(nodes: &mut [OutlineNode], ops: &[OpSpec]) {
    let layers: Vec<usize> =
        ops.iter().enumerate().flat_map(|(op, spec)| vec![op; spec.graph().nodes().len()]).collect();
    let layer = |name: &String| match name.strip_prefix("value") {
        Some(index) => index.parse::<usize>().ok(),
        None => (name == "output").then(|| layers.len().wrapping_sub(1)),
    };
    let mut op_of_value: HashMap<String, usize> = HashMap::new();
    // Backwards, so that what a helper prepares is known before the helper is met.
    for node in nodes.iter_mut().rev() {
        let own = node.outputs.iter().find_map(layer).and_then(|layer| layers.get(layer).copied());
        node.op = own.or_else(|| node.outputs.iter().find_map(|name| op_of_value.get(name).copied()));
        let Some(op) = node.op else { continue };
        op_of_value.extend(node.inputs.iter().map(|input| (input.clone(), op)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{onnx::network_model, spec::SpaceFile};

    #[test]
    fn every_node_of_an_exported_network_belongs_to_its_op() {
        let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
        let network = space.baseline().unwrap();
        let outline = Outline::read(&network_model(&network, 0).unwrap()).unwrap();
        assert_eq!(outline.ops, network.ops());
        // Ops run one after the other, so the nodes' ops never go back, and every op has some.
        let ops: Vec<usize> = outline.nodes.iter().map(|node| node.op.unwrap()).collect();
        assert!(ops.is_sorted(), "{ops:?}");
        let distinct: std::collections::BTreeSet<_> = ops.iter().copied().collect();
        assert_eq!(distinct.len(), network.ops().len());
        // Each op has one convolution or product per layer with weights.
        for (index, op) in network.ops().iter().enumerate() {
            let heavy = outline
                .nodes
                .iter()
                .filter(|node| node.op == Some(index) && ["Conv", "Gemm"].contains(&node.operator.as_str()));
            let layers = op.graph().nodes().iter().filter(|node| node.weights() > 0).count();
            assert_eq!(heavy.count(), layers, "{op}");
        }
    }

    #[test]
    fn bytes_without_a_graph_are_refused() {
        assert_eq!(Outline::read(b"").unwrap_err().to_string(), "not an ONNX model: it holds no graph");
        assert!(Outline::read(b"text").is_err());
    }
}
