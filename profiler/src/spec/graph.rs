//! A small directed acyclic graph of layers: what an op or a network computes.

use super::{Activation, Conv, FeatureMap, Layer, Macs, PlacedLayer, SpecError};

/// A tensor inside a [`Graph`]: 0 is the input, `i + 1` the output of node `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Value(usize);

impl Value {
    /// Position: 0 is the graph's input, `i + 1` the output of node `i`.
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
    /// The shape of its first input, or of itself for an input of the graph.
    pub input: FeatureMap,
    /// The shape it gives.
    pub output: FeatureMap,
}

impl Node {
    /// The layer with its shapes.
    pub fn placed(&self) -> PlacedLayer {
        PlacedLayer { layer: self.layer, input: self.input, output: self.output }
    }

    /// Its multiply-accumulates.
    pub fn macs(&self) -> Macs {
        self.placed().macs()
    }

    /// Its weights, biases not counted.
    pub fn weights(&self) -> u64 {
        self.placed().weights()
    }
}

/// Layers in an order in which they can run; one output, one input, and one more for each [`Layer::Input`].
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    input: FeatureMap,
    nodes: Vec<Node>,
    output: Value,
}

impl Graph {
    /// Shape of the (first) input.
    pub fn input(&self) -> FeatureMap {
        self.input
    }

    /// Shape of the output.
    pub fn output(&self) -> FeatureMap {
        self.shape(self.output)
    }

    /// The value that is the output.
    pub fn output_value(&self) -> Value {
        self.output
    }

    /// The nodes, in running order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The layers with their shapes, in running order; where further inputs come from is no layer.
    pub fn layers(&self) -> impl Iterator<Item = PlacedLayer> {
        self.nodes.iter().filter(|node| !matches!(node.layer, Layer::Input(_))).map(Node::placed)
    }

    /// Multiply-accumulates of all nodes.
    pub fn macs(&self) -> Macs {
        self.nodes.iter().map(Node::macs).sum()
    }

    /// Parameters as trained: weights, two per convolution channel (scale and shift of its batch normalization, which
    /// folding turns into one bias; counted for squeeze-excite too), and the biases of linear layers.
    pub fn parameters(&self) -> u64 {
        self.nodes
            .iter()
            .map(|node| {
                let per_channel = if matches!(node.layer, Layer::Conv(_)) { 2 } else { 1 };
                node.weights() + per_channel * node.layer.biases()
            })
            .sum()
    }

    /// The node of the ReLU that alone reads what node `index` gives, where runtimes make both one.
    pub fn relu_behind(&self, index: usize) -> Option<usize> {
        match self.nodes.get(index)?.layer {
            Layer::Conv(_) | Layer::Linear { .. } | Layer::Add | Layer::Mul | Layer::Scale => {}
            Layer::Input(_)
            | Layer::Activation(_)
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Upsample { .. }
            | Layer::Softmax => return None,
        }
        let reads = |(_, node): &(usize, &Node)| node.inputs.contains(&Value(index + 1));
        let mut readers = self.nodes.iter().enumerate().filter(reads);
        let (reader, node) = readers.next()?;
        let is_relu = matches!(node.layer, Layer::Activation(Activation::Relu | Activation::Relu6));
        (is_relu && readers.next().is_none() && self.output != Value(index + 1)).then_some(reader)
    }

    /// Shape of a value.
    pub fn shape(&self, value: Value) -> FeatureMap {
        value.0.checked_sub(1).map_or(self.input, |node| self.nodes[node].output)
    }
}

/// Builds a [`Graph`] layer by layer, checking shapes as it goes.
#[derive(Debug)]
pub struct GraphBuilder {
    graph: Graph,
    weights: u64,
}

/// Most weights of a network: an ONNX file holds 2 GiB, four bytes each, with what else is in it.
const MOST_WEIGHTS: u64 = 536_000_000;

impl GraphBuilder {
    /// An empty graph over an input of this shape.
    pub fn new(input: FeatureMap) -> Self {
        Self { graph: Graph { input, nodes: Vec::new(), output: Value(0) }, weights: 0 }
    }

    /// The graph's input.
    pub fn input(&self) -> Value {
        Value(0)
    }

    /// Shape of a value.
    pub fn shape(&self, value: Value) -> FeatureMap {
        self.graph.shape(value)
    }

    /// Adds a further input of the graph.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] for an absurd shape.
    pub fn push_input(&mut self, map: FeatureMap) -> Result<Value, SpecError> {
        self.push_node(Layer::Input(map), Vec::new())
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
        self.check_right(Layer::Add, right, "both inputs must have one shape", |right| {
            right == self.shape(left)
        })?;
        self.push_node(Layer::Add, vec![left, right])
    }

    /// Adds the product of two values; `right` may be `[1, 1, c]`.
    ///
    /// # Errors
    /// [`SpecError::Shape`] when their shapes do not go together.
    pub fn push_mul(&mut self, left: Value, right: Value) -> Result<Value, SpecError> {
        let map = self.shape(left);
        let reason = "both inputs must have one shape, or the second 1x1xC with the first's channels";
        let fits = |right| right == map || right == FeatureMap { height: 1, width: 1, ..map };
        let layer = if self.shape(right) == map { Layer::Mul } else { Layer::Scale };
        self.check_right(layer, right, reason, fits)?;
        self.push_node(layer, vec![left, right])
    }

    /// Adds the channels of two values behind each other.
    ///
    /// # Errors
    /// [`SpecError::Shape`] when their heights or widths differ.
    pub fn push_concat(&mut self, left: Value, right: Value) -> Result<Value, SpecError> {
        let (map, more_channels) = (self.shape(left), self.shape(right).channels);
        let layer = Layer::Concat { parts: 2, more_channels };
        let reason = "both inputs must have one height and width";
        self.check_right(layer, right, reason, |right| {
            right == FeatureMap { channels: more_channels, ..map }
        })?;
        self.push_node(layer, vec![left, right])
    }

    /// The graph whose output is `output`.
    pub fn finish(mut self, output: Value) -> Graph {
        self.graph.output = output;
        self.graph
    }

    fn check_right(
        &self,
        layer: Layer,
        right: Value,
        reason: &'static str,
        fits: impl Fn(FeatureMap) -> bool,
    ) -> Result<(), SpecError> {
        let input = self.shape(right);
        if fits(input) { Ok(()) } else { Err(SpecError::Shape { layer: layer.to_string(), input, reason }) }
    }

    fn push_node(&mut self, layer: Layer, inputs: Vec<Value>) -> Result<Value, SpecError> {
        let input = if let Layer::Input(map) = layer { map } else { self.shape(inputs[0]) };
        let output = layer.output(input)?;
        let node = Node { layer, inputs, input, output };
        self.weights = self.weights.saturating_add(node.weights());
        if self.weights > MOST_WEIGHTS {
            let (what, value) = ("number of weights", self.weights);
            let expected = "at most 536000000: an ONNX file holds 2 GiB";
            return Err(SpecError::OutOfRange { what, value, expected });
        }
        self.graph.nodes.push(node);
        Ok(Value(self.graph.nodes.len()))
    }
}
