//! Nodes and constants of a model that is being written.

use super::proto::{Attribute, FLOAT, INT64, Node as NodeProto, Tensor, UINT8};
use super::quantization::Quantization;

/// Nodes and initializers so far.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) nodes: Vec<NodeProto>,
    pub(super) initializers: Vec<Tensor>,
}

impl Parts {
    pub(super) fn quantize(&mut self, name: &str, integers: &str, quantization: Quantization) -> String {
        let [unit, zero] = self.quantization(integers, quantization);
        self.push("QuantizeLinear", vec![name.to_owned(), unit, zero], integers, vec![]);
        integers.to_owned()
    }

    pub(super) fn dequantize(&mut self, integers: &str, quantization: Quantization) -> String {
        let [unit, zero] = self.quantization(integers, quantization);
        let name = format!("{integers}_real");
        self.push("DequantizeLinear", vec![integers.to_owned(), unit, zero], &name, vec![]);
        name
    }

    fn quantization(&mut self, integers: &str, quantization: Quantization) -> [String; 2] {
        let (unit, zero) = (format!("{integers}_unit"), format!("{integers}_zero"));
        if !self.has_initializer(&unit) {
            self.floats(&unit, &[], &[quantization.unit]);
            self.initializer(&zero, &[], UINT8, vec![quantization.zero]);
        }
        [unit, zero]
    }

    pub(super) fn push(
        &mut self,
        op_type: &str,
        input: Vec<String>,
        output: &str,
        attribute: Vec<Attribute>,
    ) {
        let name = format!("{op_type}_{output}");
        let (op_type, output) = (op_type.to_owned(), vec![output.to_owned()]);
        self.nodes.push(NodeProto { input, output, name, op_type, attribute, ..NodeProto::default() });
    }

    pub(super) fn floats(&mut self, name: &str, shape: &[u64], values: &[f32]) -> String {
        self.initializer(name, shape, FLOAT, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    pub(super) fn longs(&mut self, name: &str, values: &[i64]) -> String {
        match self.has_initializer(name) {
            true => name.to_owned(),
            false => {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                self.initializer(name, &[values.len() as u64], INT64, bytes)
            }
        }
    }

    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        match self.has_initializer(name) {
            true => name.to_owned(),
            false => self.floats(name, &[], &[value]),
        }
    }

    pub(super) fn initializer(
        &mut self,
        name: &str,
        shape: &[u64],
        data_type: i32,
        raw_data: Vec<u8>,
    ) -> String {
        let dims = shape.iter().map(|&side| side as i64).collect();
        let name = name.to_owned();
        self.initializers.push(Tensor { dims, data_type, name: name.clone(), raw_data, ..Tensor::default() });
        name
    }

    fn has_initializer(&self, name: &str) -> bool {
        self.initializers.iter().any(|tensor| tensor.name == name)
    }
}
