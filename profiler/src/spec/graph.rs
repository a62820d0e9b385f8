//! A small directed acyclic graph of layers: what an op or a network computes.

use super::{Activation, Conv, FeatureMap, Layer, Macs, SpecError};

/// A tensor inside a [`Graph`]: 0 is the input, `i + 1` the output of node `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value(usize);

impl Value {
    /// Position: 0 is the graph's input, `i + 1` the output of node `i`.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A layer in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it computes.
    pub layer: Layer,
    /// What it reads.
    pub inputs: Vec<Value>,
    /// The shape of (each of) its inputs.
    pub input: FeatureMap,
    /// The shape it gives.
    pub output: FeatureMap,
}

impl Node {
    /// Its multiply-accumulates.
    #[must_use]
    pub fn macs(&self) -> Macs {
        self.layer.macs(self.input, self.output)
    }

    /// Its weights, biases not counted.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.layer.weights(self.input)
    }
}

/// Layers in an order in which they can run; one input, one output (the last value).
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: FeatureMap,
    nodes: Vec<Node>,
    output: Value,
}

impl Graph {
    /// Shape of the input.
    #[must_use]
    pub fn input(&self) -> FeatureMap {
        self.input
    }

    /// Shape of the output.
    #[must_use]
    pub fn output(&self) -> FeatureMap {
        self.shape(self.output)
    }

    /// The value that is the output.
    #[must_use]
    pub fn output_value(&self) -> Value {
        self.output
    }

    /// The nodes, in running order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Multiply-accumulates of all nodes.
    #[must_use]
    pub fn macs(&self) -> Macs {
        self.nodes.iter().map(Node::macs).sum()
    }

    /// Parameters as trained: weights, two per convolution channel (scale and shift of its batch normalization, which
    /// folding turns into one bias), and the biases of linear layers.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| {
                let per_channel = if matches!(node.layer, Layer::Conv(_)) { 2 } else { 1 };
                node.weights() + per_channel * node.layer.biases()
            })
            .sum()
    }

    fn shape(&self, value: Value) -> FeatureMap {
        value.0.checked_sub(1).map_or(self.input, |node| self.nodes[node].output)
    }
}

/// Builds a [`Graph`] layer by layer, checking shapes as it goes.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
}

impl GraphBuilder {
    /// An empty graph over an input of this shape.
    #[must_use]
    pub fn new(input: FeatureMap) -> Self {
        Self { graph: Graph { input, nodes: Vec::new(), output: Value(0) } }
    }

    /// The graph's input.
    #[must_use]
    pub fn input(&self) -> Value {
        Value(0)
    }

    /// Shape of a value.
    #[must_use]
    pub fn shape(&self, value: Value) -> FeatureMap {
        self.graph.shape(value)
    }

    /// Adds a layer with one input.
    ///
    /// # Errors
    /// [`SpecError`] when the layer cannot take an input of that shape.
    pub fn push(&mut self, layer: Layer, input: Value) -> Result<Value, SpecError> {
        self.push_node(layer, vec![input])
    }

    /// Adds a convolution and, if there is one, its activation.
    ///
    /// # Errors
    /// [`SpecError`] when the convolution cannot take an input of that shape.
    pub fn push_conv(
        &mut self,
        conv: Conv,
        activation: Option<Activation>,
        input: Value,
    ) -> Result<Value, SpecError> {
        let value = self.push(Layer::Conv(conv), input)?;
        activation.map_or(Ok(value), |activation| self.push(Layer::Activation(activation), value))
    }

    /// Adds the sum of two values.
    ///
    /// # Errors
    /// [`SpecError::Shape`] when their shapes differ.
    pub fn push_add(&mut self, left: Value, right: Value) -> Result<Value, SpecError> {
        if self.shape(left) != self.shape(right) {
            let (layer, input) = (Layer::Add.to_string(), self.shape(right));
            return Err(SpecError::Shape { layer, input, reason: "both inputs must have one shape" });
        }
        self.push_node(Layer::Add, vec![left, right])
    }

    /// The graph whose output is `output`.
    #[must_use]
    pub fn finish(mut self, output: Value) -> Graph {
        self.graph.output = output;
        self.graph
    }

    fn push_node(&mut self, layer: Layer, inputs: Vec<Value>) -> Result<Value, SpecError> {
        let input = self.shape(inputs[0]);
        let output = layer.output(input)?;
        self.graph.nodes.push(Node { layer, inputs, input, output });
        Ok(Value(self.graph.nodes.len()))
    }
}
