//! Inputs whose values decide how much a network computes, or whether it runs at all: a condition, a length, a divisor.

use std::collections::{BTreeSet, HashMap};

use super::proto::{BFLOAT16, DOUBLE, FLOAT, FLOAT16, TEXT};
use super::shape_rules::int;
use super::{AttributeValue, Declared, ModelGraph, ModelNode, Tensor};

/// An input without given values, and a node that they decide about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDependentInput {
    /// The input's name.
    pub input: String,
    /// The node's name.
    pub node: String,
    /// The node's operator.
    pub operator: String,
}

/// Number formats that are no integers.
pub(super) const FLOATS: [i32; 4] = [FLOAT, DOUBLE, FLOAT16, BFLOAT16];

/// Which inputs a value's elements come from.
type Sources<'a> = HashMap<&'a str, BTreeSet<&'a str>>;

impl ModelGraph {
    /// Inputs of integers and truth values that are not given any, with the nodes they decide about in their order.
    pub fn data_dependent_inputs(&self, known: &HashMap<String, Tensor>) -> Vec<DataDependentInput> {
        let is_float = |input: &Declared| FLOATS.contains(&input.data_type) || input.data_type == TEXT;
        let open =
            self.inputs.iter().filter(|input| !is_float(input) && !self.given.contains_key(&input.name));
        let mut sources: Sources<'_> =
            open.map(|input| (input.name.as_str(), BTreeSet::from([input.name.as_str()]))).collect();
        let mut found = Vec::new();
        if !sources.is_empty() {
            self.trace(known, &mut sources, &mut found);
        }
        found
    }

    fn trace<'a>(
        &'a self,
        known: &HashMap<String, Tensor>,
        sources: &mut Sources<'a>,
        found: &mut Vec<DataDependentInput>,
    ) {
        for node in &self.nodes {
            for place in deciding_places(node, known) {
                for input in
                    node.inputs.get(place).and_then(|name| sources.get(name.as_str())).into_iter().flatten()
                {
                    let (node, operator) = (node.name.clone(), node.operator.clone());
                    found.push(DataDependentInput { input: (*input).to_owned(), node, operator });
                }
            }
            let read = node.inputs.iter().filter_map(|name| sources.get(name.as_str()));
            let mut from: BTreeSet<&str> = read.flatten().copied().collect();
            for value in node.attributes.values() {
                if let AttributeValue::Graph(inside) = value {
                    let inputs = inside.inputs.iter().map(|input| (input.name.as_str(), from.clone()));
                    sources.extend(inputs.collect::<Vec<_>>());
                    inside.trace(known, sources, found);
                    let given = inside.outputs.iter().filter_map(|name| sources.get(name.as_str()));
                    from.extend(given.flatten().copied().collect::<Vec<_>>());
                }
            }
            // A shape is the same whatever the elements are.
            if !from.is_empty() && !["Shape", "Size"].contains(&node.operator.as_str()) {
                sources.extend(node.outputs.iter().map(|name| (name.as_str(), from.clone())));
            }
        }
    }
}

/// The inputs of a node whose values decide about its work or its outputs' sides, or that it may fail on.
fn deciding_places(node: &ModelNode, known: &HashMap<String, Tensor>) -> std::ops::Range<usize> {
    let tensor = |place: usize| known.get(node.inputs.get(place)?);
    match node.operator.as_str() {
        "If" | "ConstantOfShape" | "NonZero" | "Unique" | "HannWindow" | "HammingWindow"
        | "BlackmanWindow" => 0..1,
        "Loop" => 0..2,
        "Range" => 0..3,
        "Reshape" | "Expand" | "Tile" | "Split" | "SplitToSequence" | "TopK" | "OneHot" | "Squeeze"
        | "Unsqueeze" | "Compress" | "CenterCropPad" => 1..2,
        "Pad" => 1..2,
        "Slice" | "Resize" | "Upsample" | "NonMaxSuppression" | "STFT" | "DFT" => 1..5,
        // Of integers, which are not divided by 0.
        "Div" | "Mod" if tensor(1).is_some_and(|by| !FLOATS.contains(&by.data_type)) => 1..2,
        // Filled with 0 and 1, they may point beyond a single one.
        "Gather" | "GatherElements" if axis_side(node, tensor(0)) == Some(1) => 1..2,
        _ => 0..0,
    }
}

fn axis_side(node: &ModelNode, data: Option<&Tensor>) -> Option<u64> {
    let (axis, dims) = (int(node, "axis").unwrap_or(0), &data?.dims);
    let axis = if axis < 0 { axis + dims.len() as i64 } else { axis };
    dims.get(usize::try_from(axis).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{Constant, InputShapes};

    fn node(operator: &str, inputs: &[&str], output: &str) -> ModelNode {
        ModelNode {
            name: format!("{operator}_of_{output}"),
            operator: operator.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![output.to_owned()],
            ..ModelNode::default()
        }
    }

    fn integers(name: &str, sizes: &[u64]) -> Declared {
        Declared { data_type: crate::onnx::proto::INT64, ..Declared::floats(name, sizes) }
    }

    /// Inputs and the nodes they decide about.
    fn deciding(graph: &ModelGraph) -> Vec<String> {
        let (known, _) = graph.known_shapes(&InputShapes::new()).unwrap();
        let found = graph.data_dependent_inputs(&known);
        found.into_iter().map(|found| format!("{}: {}", found.input, found.node)).collect()
    }

    #[test]
    fn divisors_conditions_and_lengths_decide() {
        let branch = |output: &str, nodes: Vec<ModelNode>| {
            let outputs = vec![output.to_owned()];
            AttributeValue::Graph(Box::new(ModelGraph { opset: 17, outputs, nodes, ..ModelGraph::default() }))
        };
        let mut choice = node("If", &["is_high"], "chosen");
        choice.attributes = [
            ("then_branch".to_owned(), branch("a", vec![node("Tile", &["x", "n"], "a")])),
            ("else_branch".to_owned(), branch("b", vec![node("Relu", &["x"], "b")])),
        ]
        .into();
        let mut graph = ModelGraph {
            opset: 17,
            inputs: vec![
                Declared::floats("x", &[4, 1]),
                integers("ids", &[1, 8]),
                integers("sr", &[]),
                integers("n", &[2]),
            ],
            outputs: vec!["y".to_owned()],
            nodes: vec![
                node("Equal", &["sr", "high"], "is_high"),
                choice,
                node("Gather", &["table", "ids"], "embedded"),
                node("Gather", &["single", "ids"], "same"),
                node("Shape", &["ids"], "shape"),
                node("Expand", &["x", "shape"], "still"),
                node("Mod", &["high", "sr"], "rest"),
            ],
            constants: [
                ("high".to_owned(), Constant { dims: vec![], ..Constant::integers(&[16_000]) }),
                ("table".to_owned(), Constant::weights(&[100, 8])),
                ("single".to_owned(), Constant::weights(&[1, 8])),
            ]
            .into(),
            ..ModelGraph::default()
        };
        // Embedding looks up no more for other words, and a shape does not depend on them.
        let all = ["sr: If_of_chosen", "n: Tile_of_a", "ids: Gather_of_same", "sr: Mod_of_rest"];
        assert_eq!(deciding(&graph), all);
        let error = graph.shapes(&InputShapes::new()).unwrap_err().to_string();
        assert!(
            error.contains("`If_of_chosen` (If)") && error.contains("the values of input `sr`"),
            "{error}"
        );
        graph.given = HashMap::from([("sr".to_owned(), vec![8000.0]), ("n".to_owned(), vec![1.0])]);
        assert_eq!(deciding(&graph), ["ids: Gather_of_same"]);
    }
}
