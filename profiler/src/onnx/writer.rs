//! Writes the nodes of a graph one by one, in f32 or as QDQ.

use super::export::OnnxError;
use super::layers::{Constants, int, operator};
use super::parts::Parts;
use super::proto::{Dimension, FLOAT, INT8, INT32, Shape, TensorType, Type, UINT8, ValueInfo};
use super::quantization::{INPUT, Quantization, quantize_weights};
use super::spread::Spread;
use super::weights::{NodeWeights, WeightSource, checked_weights, weight_shape};
use crate::spec::{Activation, FeatureMap, Graph, Layer, Node, Precision, Value};

/// The parts of a model.
pub(super) struct Written {
    pub(super) parts: Parts,
    pub(super) inputs: Vec<ValueInfo>,
    pub(super) output: ValueInfo,
    /// Of an int8 output.
    pub(super) output_unit: Option<Quantization>,
}

/// A tensor that has been written.
struct Known {
    /// Its name as f32.
    name: String,
    /// Whether it is `[1, c]` rather than `[1, c, 1, 1]`.
    flat: bool,
    /// Its values and integers, in an int8 model.
    spread: Option<Spread>,
    quantization: Option<Quantization>,
}

pub(super) struct Writer<'a> {
    graph: &'a Graph,
    precision: Precision,
    parts: Parts,
    inputs: Vec<ValueInfo>,
    known: Vec<Known>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(graph: &'a Graph, precision: Precision) -> Self {
        Self { graph, precision, parts: Parts::default(), inputs: Vec::new(), known: Vec::new() }
    }

    pub(super) fn write(mut self, source: &mut dyn WeightSource) -> Result<Written, OnnxError> {
        self.input("input", self.graph.input());
        for (index, node) in self.graph.nodes().iter().enumerate() {
            if let Layer::Input(map) = node.layer {
                self.input(&format!("input{index}"), map);
            } else {
                self.node(index, node, source)?;
            }
        }
        let output = &self.known[self.graph.output_value().index()];
        let shape = &dimensions(self.graph.output())[..if output.flat { 2 } else { 4 }];
        Ok(Written {
            output: self.value_info("output", shape),
            output_unit: output.quantization,
            parts: self.parts,
            inputs: self.inputs,
        })
    }

    fn input(&mut self, name: &str, map: FeatureMap) {
        self.inputs.push(self.value_info(name, &dimensions(map)));
        let mut known = Known { name: name.to_owned(), flat: false, spread: None, quantization: None };
        if self.precision == Precision::Int8 {
            known.name = self.parts.dequantize(name, INPUT);
            known.spread = Some(Spread::of_input(map.channels));
            known.quantization = Some(INPUT);
        }
        self.known.push(known);
    }

    fn node(&mut self, index: usize, node: &Node, source: &mut dyn WeightSource) -> Result<(), OnnxError> {
        let flat = self.flat(node);
        let mut inputs: Vec<String> = node
            .inputs
            .iter()
            .enumerate()
            .map(|(place, &value)| self.read(index, place, value, flat))
            .collect();
        let mut weights = None;
        if node.layer.biases() > 0 {
            let tensors = checked_weights(source, index, node)?;
            inputs.extend(self.weights(index, node, &tensors));
            weights = Some(tensors);
        }
        let Some(operator) = operator(node) else { return Ok(()) };
        match operator.constants {
            Constants::None => {}
            Constants::Bounds(low, high) => {
                inputs.push(self.parts.scalar("zero", low));
                inputs.push(self.parts.scalar("six", high));
            }
            Constants::Scales(scales) => {
                inputs.push(String::new());
                inputs.push(self.parts.floats(&format!("scales{index}"), &[4], &scales));
            }
        }
        let spreads: Option<Vec<_>> =
            node.inputs.iter().map(|value| self.known[value.index()].spread.as_ref()).collect();
        let spread = spreads.filter(|_| self.precision == Precision::Int8);
        let spread = spread.map(|inputs| Spread::of(node, &inputs, weights.as_ref()));
        let is_output = index + 1 == self.graph.output_value().index();
        let last = if is_output { "output".to_owned() } else { format!("value{index}") };
        let quantization = spread
            .as_ref()
            // The integers behind a ReLU hold for what comes before it, too.
            .filter(|_| self.graph.relu_behind(index).is_none())
            .map(|spread| Quantization::covering(spread.low, spread.high));
        // Values that are passed on keep their integers, so that nothing has to be computed.
        let passed_on = match node.layer {
            Layer::MaxPool(_) | Layer::Upsample { .. } => true,
            Layer::Input(_)
            | Layer::Conv(_)
            | Layer::Activation(_)
            | Layer::Add
            | Layer::Mul
            | Layer::Scale
            | Layer::Concat { .. }
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Linear { .. }
            | Layer::Softmax => false,
        };
        let input = node.inputs.first().and_then(|value| self.known[value.index()].quantization);
        let quantization = if passed_on { input } else { quantization };
        let real = if quantization.is_some() { format!("real{index}") } else { last.clone() };
        if let Layer::Activation(Activation::Swish) = node.layer {
            let mut gate = format!("sigmoid{index}");
            self.parts.push(operator.name, inputs.clone(), &gate, operator.attributes);
            if self.precision == Precision::Int8 {
                gate = self.parts.quantize(&gate, &format!("gate{index}"), Quantization::covering(0.0, 1.0));
                gate = self.parts.dequantize(&gate, Quantization::covering(0.0, 1.0));
            }
            self.parts.push("Mul", vec![inputs[0].clone(), gate], &real, vec![]);
        } else {
            self.parts.push(operator.name, inputs, &real, operator.attributes);
        }
        let mut name = real;
        if let Some(quantization) = quantization {
            name = self.parts.quantize(&name, &last, quantization);
            if !is_output {
                name = self.parts.dequantize(&name, quantization);
            }
        }
        self.known.push(Known { name, flat, spread, quantization });
        Ok(())
    }

    /// Whether a node's output is `[1, c]`: a linear layer's, and what element-wise layers make of such.
    fn flat(&self, node: &Node) -> bool {
        match node.layer {
            Layer::Linear { .. } => true,
            Layer::Activation(_) | Layer::Softmax => {
                node.inputs.iter().all(|value| self.known[value.index()].flat)
            }
            Layer::Input(_)
            | Layer::Conv(_)
            | Layer::Add
            | Layer::Mul
            | Layer::Scale
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Upsample { .. } => false,
        }
    }

    /// The name of an input in the shape (flat or not) that a node needs it in.
    fn read(&mut self, index: usize, place: usize, value: Value, flat: bool) -> String {
        let known = &self.known[value.index()];
        let name = known.name.clone();
        match (known.flat, flat) {
            (false, true) => {
                let reshaped = format!("flat{index}");
                self.parts.push("Flatten", vec![name], &reshaped, vec![int("axis", 1)]);
                self.requantized(value, reshaped)
            }
            (true, false) => {
                let axes = self.parts.longs("spatial_axes", &[2, 3]);
                let reshaped = format!("map{index}_{place}");
                self.parts.push("Unsqueeze", vec![name, axes], &reshaped, vec![]);
                self.requantized(value, reshaped)
            }
            _ => name,
        }
    }

    /// A reshaped value, quantized as it was, so that the reshaping too happens in integers.
    fn requantized(&mut self, value: Value, name: String) -> String {
        match self.known[value.index()].quantization {
            Some(quantization) => {
                let integers = self.parts.quantize(&name, &format!("{name}_uint8"), quantization);
                self.parts.dequantize(&integers, quantization)
            }
            None => name,
        }
    }

    fn weights(&mut self, index: usize, node: &Node, tensors: &NodeWeights) -> [String; 2] {
        let (weight, bias) = (format!("weight{index}"), format!("bias{index}"));
        let (shape, channels) = (weight_shape(node), node.layer.biases());
        let input = node.inputs.first().and_then(|value| self.known[value.index()].quantization);
        let Some(input) = input else {
            let weight = self.parts.floats(&weight, &shape, &tensors.weights);
            return [weight, self.parts.floats(&bias, &[channels], &tensors.biases)];
        };
        let quantized = quantize_weights(&tensors.weights, &tensors.biases, input.unit);
        let bytes = quantized.weights.iter().map(|&weight| weight as u8).collect();
        let integers = self.parts.initializer(&format!("{weight}_int8"), &shape, INT8, bytes);
        let units = self.parts.floats(&format!("{weight}_units"), &[channels], &quantized.units);
        let zeros =
            self.parts.initializer(&format!("{weight}_zeros"), &[channels], INT8, vec![0; channels as usize]);
        self.parts.push("DequantizeLinear", vec![integers, units, zeros], &weight, vec![int("axis", 0)]);
        let bytes = quantized.biases.iter().flat_map(|bias| bias.to_le_bytes()).collect();
        let integers = self.parts.initializer(&format!("{bias}_int32"), &[channels], INT32, bytes);
        let units = self.parts.floats(&format!("{bias}_units"), &[channels], &quantized.bias_units);
        self.parts.push("DequantizeLinear", vec![integers, units], &bias, vec![int("axis", 0)]);
        [weight, bias]
    }

    fn value_info(&self, name: &str, shape: &[u32]) -> ValueInfo {
        let dim =
            shape.iter().map(|&side| Dimension { dim_value: side.into(), ..Dimension::default() }).collect();
        let elem_type = if self.precision == Precision::Int8 { UINT8 } else { FLOAT };
        let tensor_type = Some(TensorType { elem_type, shape: Some(Shape { dim }) });
        ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
    }
}

fn dimensions(map: FeatureMap) -> [u32; 4] {
    [1, map.channels, map.height, map.width]
}
