//! ONNX models as others write them, made byte by byte: field numbers are those of onnx.proto.

#![allow(dead_code, reason = "every test binary uses a part")]

/// `TensorProto.DataType`.
pub(crate) const F32: u64 = 1;
pub(crate) const I64: u64 = 7;
pub(crate) const BOOL: u64 = 9;
pub(crate) const F16: u64 = 10;

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

pub(crate) fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

pub(crate) fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn text(field: u64, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

/// An input or output; sides are numbers, names, or "?" for nothing.
pub(crate) fn value(name: &str, element: u64, sides: &[&str]) -> Vec<u8> {
    let side = |side: &&str| match (side.parse(), *side) {
        (Ok(size), _) => bytes(1, &number(1, size)),
        (Err(_), "?") => bytes(1, &[]),
        (Err(_), name) => bytes(1, &text(2, name)),
    };
    let shape: Vec<u8> = sides.iter().flat_map(side).collect();
    let tensor = [number(1, element), bytes(2, &shape)].concat();
    [text(1, name), bytes(2, &bytes(1, &tensor))].concat()
}

pub(crate) fn weights(name: &str, element: u64, dims: &[u64], raw: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|side| number(1, *side)).collect();
    [dims, number(2, element), text(8, name), bytes(9, raw)].concat()
}

/// Weights that lie in another file.
pub(crate) fn outside(name: &str, dims: &[u64], file: &str, offset: usize, length: usize) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|side| number(1, *side)).collect();
    let entry = |key: &str, value: &str| bytes(13, &[text(1, key), text(2, value)].concat());
    let entries =
        [entry("location", file), entry("offset", &offset.to_string()), entry("length", &length.to_string())];
    [dims, number(2, F32), text(8, name), entries.concat(), number(14, 1)].concat()
}

/// Small floats, all different.
pub(crate) fn floats(count: usize) -> Vec<u8> {
    (0..count).flat_map(|index| ((index as f32 * 0.618).fract() - 0.5).to_le_bytes()).collect()
}

/// The same as 16-bit floats of the kind 1.xx · 2⁻³: sign and exponent fixed, ten bits of fraction.
pub(crate) fn halves(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|index| (0x3000 | (index * 37 % 1024) as u16 | ((index % 2) as u16) << 15).to_le_bytes())
        .collect()
}

pub(crate) fn attribute_int(name: &str, value: u64) -> Vec<u8> {
    bytes(5, &[text(1, name), number(3, value), number(20, 2)].concat())
}

pub(crate) fn attribute_graph(name: &str, graph: &[u8]) -> Vec<u8> {
    bytes(5, &[text(1, name), bytes(6, graph), number(20, 5)].concat())
}

pub(crate) fn attribute_ints(name: &str, values: &[u64]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| number(8, *value)).collect();
    bytes(5, &[text(1, name), values, number(20, 7)].concat())
}

/// A node; an operator of another domain is written `domain.Operator`.
pub(crate) fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    [nameless(operator, inputs, output, attributes), text(3, &format!("node_{output}"))].concat()
}

/// The same without a name.
pub(crate) fn nameless(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let (domain, operator) = operator.rsplit_once('.').unwrap_or(("", operator));
    let inputs: Vec<u8> = inputs.iter().flat_map(|input| text(1, input)).collect();
    let attributes = attributes.concat();
    [inputs, text(2, output), text(4, operator), attributes, text(7, domain)].concat()
}

#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) nodes: Vec<Vec<u8>>,
    pub(crate) weights: Vec<Vec<u8>>,
    pub(crate) inputs: Vec<Vec<u8>>,
    pub(crate) outputs: Vec<Vec<u8>>,
}

pub(crate) fn graph(parts: &Parts) -> Vec<u8> {
    let all =
        |field: u64, list: &[Vec<u8>]| list.iter().flat_map(|part| bytes(field, part)).collect::<Vec<u8>>();
    let (nodes, weights) = (all(1, &parts.nodes), all(5, &parts.weights));
    [nodes, text(2, "foreign"), weights, all(11, &parts.inputs), all(12, &parts.outputs)].concat()
}

pub(crate) fn model(parts: &Parts) -> Vec<u8> {
    let opset = |domain: &str, version: u64| bytes(8, &[text(1, domain), number(2, version)].concat());
    let opsets = [opset("", 17), opset("com.microsoft", 1), opset("my.own", 1)];
    [number(1, 8), text(2, "somebody"), bytes(7, &graph(parts)), opsets.concat()].concat()
}
