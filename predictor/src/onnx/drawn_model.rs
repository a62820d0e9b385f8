//! ONNX models drawn by hand, node by node, as other tools write them.
use profiler::onnx::{AttributeValue, Constant, Declared, InputShapes, ModelGraph, ModelNode};

use super::OnnxNetwork;

/// A model that is being drawn; every method gives the name of what it adds.
pub(crate) struct Drawn {
    pub(crate) graph: ModelGraph,
}

impl Drawn {
    /// A model with the input `x` of these sides.
    pub(crate) fn new(dims: &[u64]) -> Self {
        let mut graph = ModelGraph { opset: 13, ..ModelGraph::default() };
        graph.inputs.push(Declared::floats("x", dims));
        Self { graph }
    }

    pub(crate) fn constant(&mut self, constant: Constant) -> String {
        let name = format!("c{}", self.graph.constants.len());
        self.graph.constants.insert(name.clone(), constant);
        name
    }

    pub(crate) fn weights(&mut self, dims: &[u64]) -> String {
        self.constant(Constant::weights(dims))
    }

    pub(crate) fn number(&mut self, value: f64) -> String {
        self.constant(Constant::floats(&[], &[value]))
    }

    pub(crate) fn node(&mut self, operator: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let name = format!("{}{}", operator.to_lowercase(), self.graph.nodes.len());
        // One integer stands for itself, but for lists.
        let lists = ["pads", "strides", "kernel_shape", "axes", "perm", "dilations"];
        let value = |(name, values): &(&str, &[i64])| match values {
            [value] if !lists.contains(name) => AttributeValue::Int(*value),
            _ => AttributeValue::Ints(values.to_vec()),
        };
        self.graph.nodes.push(ModelNode {
            name: name.clone(),
            operator: operator.to_owned(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            outputs: vec![name.clone()],
            attributes: attributes.iter().map(|a| (a.0.to_owned(), value(a))).collect(),
        });
        name
    }

    /// A convolution with same padding.
    pub(crate) fn conv(&mut self, x: &str, [out, per_group, kernel]: [u64; 3], stride: i64) -> String {
        let weights = self.weights(&[out, per_group, kernel, kernel]);
        let pad = kernel as i64 / 2;
        let group = if per_group == 1 { out as i64 } else { 1 };
        let attributes: [(&str, &[i64]); 3] =
            [("pads", &[pad; 4]), ("strides", &[stride; 2]), ("group", &[group])];
        self.node("Conv", &[x, &weights], &attributes)
    }

    pub(crate) fn normalized(&mut self, x: &str, channels: u64) -> String {
        let [scale, shift, mean, variance] = [0; 4].map(|_| self.weights(&[channels]));
        self.node("BatchNormalization", &[x, &scale, &shift, &mean, &variance], &[])
    }

    /// relu6 as Clip with bounds as inputs.
    pub(crate) fn relu6(&mut self, x: &str) -> String {
        let (low, high) = (self.number(0.0), self.number(6.0));
        self.node("Clip", &[x, &low, &high], &[])
    }

    /// The network that gives `output`.
    pub(crate) fn network(mut self, output: &str) -> OnnxNetwork {
        self.graph.outputs = vec![output.to_owned()];
        OnnxNetwork::of_graph("drawn", &self.graph, &InputShapes::new()).unwrap()
    }
}
