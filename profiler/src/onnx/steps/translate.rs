//! From the nodes of an ONNX model to steps.

use std::collections::{HashMap, HashSet};

use super::attributes::{feature_map, ints};
use super::needed::needed;
use super::step::{Read, Source, Step, StepNode, Steps, Unfused};
use crate::onnx::{ModelGraph, ModelNode, Tensor, node_macs, on_floats};
use crate::spec::{FeatureMap, Layer};

/// A node of which runtimes make nothing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FreeNode {
    /// Its name.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// Why it costs nothing.
    pub reason: &'static str,
}

/// Steps, and the nodes that cost nothing.
pub type Translated = (Steps, Vec<FreeNode>);

/// Operators of dynamic quantization that multiply.
const DYNAMIC: [&str; 4] = [
    "ConvInteger",
    "MatMulInteger",
    "com.microsoft.MatMulIntegerToFloat",
    "com.microsoft.DynamicQuantizeMatMul",
];

/// Translates a model of which all shapes are known; what runtimes fuse is not joined yet.
///
/// # Errors
/// In words, what is absurd.
pub fn translate(graph: &ModelGraph, shapes: &HashMap<String, Tensor>) -> Result<Translated, String> {
    // Those that compute in integers as what they compute, and whether they do.
    let plain = |(position, node): (usize, &ModelNode)| match on_floats(node) {
        Some(plain) => {
            let is_integer = !["QuantizeLinear", "DequantizeLinear"].contains(&plain.operator.as_str());
            (position, plain, is_integer)
        }
        None => (position, node.clone(), false),
    };
    let nodes = graph.nodes.iter().enumerate().filter(|(_, node)| node.operator != "Constant");
    let nodes: Vec<_> = nodes.map(plain).collect();
    let mut translation = Translation {
        shapes,
        layout: &graph.layout,
        known: HashMap::new(),
        steps: Steps::default(),
        free: Vec::new(),
    };
    for (index, input) in graph.inputs.iter().enumerate() {
        let map = translation.map(&input.name)?;
        translation.known.insert(&input.name, Read { source: Source::Input(index), map, is_int8: false });
    }
    let needed = needed(graph);
    for (position, node, is_integer) in &nodes {
        if needed[*position] {
            translation.node(*position, node, *is_integer)?;
        } else {
            let (node, operator) = (node.name.clone(), node.operator.clone());
            translation.free.push(FreeNode { node, operator, reason: "no output needs it" });
        }
    }
    for step in translation.steps.steps.iter_mut().flatten() {
        let operator = step.nodes.first().map(|node| graph.nodes[node.position].operator.as_str());
        step.is_dynamic = operator.is_some_and(|operator| DYNAMIC.contains(&operator));
    }
    let outputs = graph.outputs.iter().filter_map(|name| translation.known.get(name.as_str()));
    translation.steps.outputs = outputs.map(|read| read.source).collect();
    Ok((translation.steps, translation.free))
}

pub(super) struct Translation<'a> {
    shapes: &'a HashMap<String, Tensor>,
    layout: &'a HashSet<String>,
    known: HashMap<&'a str, Read>,
    steps: Steps,
    free: Vec<FreeNode>,
}

impl<'a> Translation<'a> {
    pub(super) fn tensor(&self, name: &str) -> Option<&'a Tensor> {
        self.shapes.get(name).filter(|_| !name.is_empty())
    }

    fn map(&self, name: &str) -> Result<FeatureMap, String> {
        let tensor = self.tensor(name).ok_or_else(|| format!("the shape of `{name}` is not known"))?;
        feature_map(&tensor.dims).ok_or_else(|| format!("`{name}` is {:?}: absurdly large", tensor.dims))
    }

    fn node(&mut self, position: usize, node: &'a ModelNode, is_integer: bool) -> Result<(), String> {
        let free = |reason| FreeNode { node: node.name.clone(), operator: node.operator.clone(), reason };
        let is_constant = |name: &String| self.tensor(name).is_none_or(|tensor| tensor.is_constant);
        if node.outputs.iter().all(is_constant) {
            self.free.push(free("computed before the network runs"));
            return Ok(());
        }
        let read = |name: &String| self.known.get(name.as_str()).copied();
        let of_node = |read: Read| Read { is_int8: read.is_int8 || is_integer, ..read };
        let reads: Vec<Read> = node.inputs.iter().filter_map(read).map(of_node).collect();
        // Recurrent layers may leave their first output out.
        let given = node.outputs.iter().find(|name| !name.is_empty());
        let output = self.map(given.map_or("", String::as_str))?;
        if let (Some(reason), Some(&read)) = (self.reshapes(node), reads.first()) {
            self.free.push(free(reason));
            self.steps.free.insert(position, read.source);
            let is_int8 = match node.operator.as_str() {
                "DequantizeLinear" => true,
                "QuantizeLinear" => false,
                _ => read.is_int8,
            };
            for name in &node.outputs {
                self.known.insert(name, Read { map: output, is_int8, ..read });
            }
            return Ok(());
        }
        let constants = || node.inputs.iter().filter_map(|name| self.tensor(name)).filter(|t| t.is_constant);
        let mut step = Step {
            what: self.what(node, &reads, output).unwrap_or(Unfused::Unknown),
            activation: None,
            activation_nodes: 0,
            called: None,
            joined: Vec::new(),
            reads,
            output,
            nodes: vec![StepNode { position, name: node.name.clone(), operator: node.operator.clone() }],
            is_half: constants().any(Tensor::is_half),
            is_dynamic: false,
            macs: node_macs(node, self.shapes),
            weights: constants().map(Tensor::elements).sum(),
            written: node.outputs.iter().filter_map(|name| self.tensor(name)).map(Tensor::elements).sum(),
        };
        // The map first, the gate second.
        if step.layer() == Some(Layer::Scale) && step.reads[0].map != output {
            step.reads.swap(0, 1);
        }
        let source = Source::Step(self.steps.steps.len());
        self.steps.steps.push(Some(step));
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            let map = self.map(name)?;
            self.known.insert(name, Read { source, map, is_int8: false });
        }
        Ok(())
    }

    /// Why a node costs nothing, if it does.
    fn reshapes(&self, node: &ModelNode) -> Option<&'static str> {
        match node.operator.as_str() {
            "Identity" | "Dropout" => Some("passes its input on"),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" => Some("another shape for the same memory"),
            "QuantizeLinear" | "DequantizeLinear" => Some("part of the int8 layers around it"),
            "Transpose" if self.layout.contains(&node.name) => {
                Some("the runtime has the sides in this order")
            }
            "Transpose" => {
                let dims = &self.tensor(node.inputs.first()?)?.dims;
                let order = ints(node, "perm")?;
                let moved: Vec<_> =
                    order.iter().filter(|&&axis| dims.get(axis as usize) != Some(&1)).collect();
                moved.is_sorted().then_some("moves only sides of 1")
            }
            "Concat" | "Sum" | "Max" | "Min" if node.inputs.len() == 1 => Some("passes its input on"),
            _ => None,
        }
    }
}
