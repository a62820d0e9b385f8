//! Networks in 8-bit integers: QuantizeLinear and DequantizeLinear around every layer, as onnxruntime.quantization writes them.

use std::collections::HashMap;

use rand::RngExt;

use super::super::proto::{INT8, INT32, UINT8};
use super::super::quantization::Quantization;
use super::Sketch;

/// Operators around which what they read is quantized.
const LAYERS: [&str; 16] = [
    "Conv",
    "ConvTranspose",
    "Gemm",
    "MatMul",
    "Add",
    "Mul",
    "Concat",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "LeakyRelu",
    "Sigmoid",
    "Softmax",
    "Reshape",
    "Transpose",
    "Resize",
];

/// The real number between two neighbouring integers: values are drawn to be within a few units of 0.
const UNIT: f32 = 0.05;
/// As in Tailor's own int8 models: two products stay within 16 bits.
const LARGEST_WEIGHT: i8 = 63;

impl Sketch {
    /// From here on layers read 8-bit integers and weigh them with such.
    pub fn quantize(&mut self) {
        self.integers = Some(HashMap::new());
    }

    /// The name under which a node reads a value.
    pub(super) fn as_read(&mut self, operator: &str, name: &str) -> String {
        let Some(known) = &self.integers else { return name.to_owned() };
        if !LAYERS.contains(&operator) || name.is_empty() || is_constant(name) {
            return name.to_owned();
        }
        if let Some(real) = known.get(name) {
            return real.clone();
        }
        let writer = self.parts.nodes.iter().rfind(|node| node.output.iter().any(|output| output == name));
        let is_positive = writer.is_some_and(|node| ["Relu", "Clip"].contains(&node.op_type.as_str()));
        let quantization = Quantization { unit: UNIT, zero: if is_positive { 0 } else { 128 } };
        let integers = self.parts.quantize(name, &format!("{name}_uint8"), quantization);
        let real = self.parts.dequantize(&integers, quantization);
        self.integers.iter_mut().for_each(|known| drop(known.insert(name.to_owned(), real.clone())));
        real
    }

    /// Random weights between two numbers that are as far from 0, in 8-bit integers.
    pub(super) fn integer_weights(&mut self, dims: &[u64], bound: f32) -> String {
        let [weights, unit, zero] = self.int8_weights(dims, bound, INT8);
        if self.rng.is_none() { weights } else { self.dequantized(&[&weights, &unit, &zero]) }
    }

    /// The same as they are, signed or unsigned, with their unit and zero point.
    pub(super) fn int8_weights(&mut self, dims: &[u64], bound: f32, format: i32) -> [String; 3] {
        let count: u64 = dims.iter().product();
        self.parameters += count;
        let name = self.next_constant();
        let Some(rng) = &mut self.rng else { return [name.clone(), name.clone(), name] };
        let middle: u8 = if format == UINT8 { 128 } else { 0 };
        let one = |_| middle.wrapping_add_signed(rng.random_range(-LARGEST_WEIGHT..=LARGEST_WEIGHT));
        let bytes: Vec<u8> = (0..count).map(one).collect();
        self.parts.initializer(&name, dims, format, bytes);
        let unit = self.number(bound / f32::from(LARGEST_WEIGHT));
        let zero = self.next_constant();
        self.parts.initializer(&zero, &[], format, vec![middle]);
        [name, unit, zero]
    }

    /// Random biases of up to a tenth, in 32-bit integers, of a layer whose weights lie within `bound`.
    pub(super) fn integer_biases(&mut self, count: u64, bound: f32) -> String {
        self.parameters += count;
        let name = self.next_constant();
        let Some(rng) = &mut self.rng else { return name };
        let unit = UNIT * bound / f32::from(LARGEST_WEIGHT);
        let largest = (0.1 / unit) as i32;
        let biases = (0..count).flat_map(|_| rng.random_range(-largest..=largest).to_le_bytes()).collect();
        self.parts.initializer(&name, &[count], INT32, biases);
        let unit = self.number(unit);
        self.dequantized(&[&name, &unit])
    }

    fn dequantized(&mut self, inputs: &[&str]) -> String {
        let real = format!("{}_real", inputs.first().copied().unwrap_or_default());
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        self.parts.push("DequantizeLinear", inputs, &real, vec![]);
        real
    }
}

/// Constants are called `w…`.
fn is_constant(name: &str) -> bool {
    name.starts_with('w')
}
