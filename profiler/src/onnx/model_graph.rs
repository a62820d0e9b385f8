//! Any ONNX model as a graph: nodes with attributes, small constants, inputs with their declared shapes.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::input_values::given_values;
use super::layout::layout_nodes;
use super::proto::{
    self, Attribute, BOOL, DOUBLE, FLOAT, FLOAT_ATTRIBUTE, FLOATS, GRAPH, INT, INT8, INT32, INT64, INTS,
    Model, STRING, TENSOR, TEXT, UINT8, ValueInfo,
};
use super::work::full_name;
use super::{Declared, OnnxError};

/// The oldest operator set that is read: before, broadcasting was by `axis`.
const OLDEST: i64 = 7;

/// Constants of more elements than this (weights) keep no values.
const SMALL: u64 = 1024;

/// A tensor that does not depend on what the network reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Constant {
    /// Its sides; none for a single number.
    pub dims: Vec<u64>,
    /// `TensorProto.data_type`: 1 for f32, 7 for i64, 10 for f16.
    pub data_type: i32,
    /// Its elements; nothing for large ones, and for number formats that are not read.
    pub values: Option<Vec<f64>>,
}

impl Constant {
    /// A constant of 32-bit floats.
    pub fn floats(dims: &[u64], values: &[f64]) -> Self {
        Self { dims: dims.to_vec(), data_type: FLOAT, values: Some(values.to_vec()) }
    }

    /// A list of integers.
    pub fn integers(values: &[i64]) -> Self {
        let elements = values.iter().map(|&value| value as f64).collect();
        Self { dims: vec![values.len() as u64], data_type: INT64, values: Some(elements) }
    }

    /// Weights of these sides, whatever their values.
    pub fn weights(dims: &[u64]) -> Self {
        Self { dims: dims.to_vec(), data_type: FLOAT, values: None }
    }

    /// Its only element.
    pub fn scalar(&self) -> Option<f64> {
        self.values.as_deref().and_then(|values| if let [value] = values { Some(*value) } else { None })
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f32),
    /// A string.
    Text(String),
    /// Integers.
    Ints(Vec<i64>),
    /// Floats.
    Floats(Vec<f32>),
    /// A tensor.
    Tensor(Constant),
    /// A graph inside.
    Graph(Box<ModelGraph>),
    /// Anything else.
    Other,
}

/// A node of a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelNode {
    /// Its name; its first output's where it has none.
    pub name: String,
    /// ONNX operator, with its domain before it where that is not ONNX's own: `com.microsoft.FusedConv`.
    pub operator: String,
    /// Names of the values it reads; empty for those that are left out.
    pub inputs: Vec<String>,
    /// Names of the values it gives.
    pub outputs: Vec<String>,
    /// Attributes by name.
    pub attributes: HashMap<String, AttributeValue>,
}

/// A model without its weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelGraph {
    /// Version of ONNX's own operators.
    pub opset: i64,
    /// Inputs, weights not among them.
    pub inputs: Vec<Declared>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
    /// Nodes in the model's order.
    pub nodes: Vec<ModelNode>,
    /// Weights and other constants by name; those of `Constant` nodes too.
    pub constants: HashMap<String, Constant>,
    /// Sides that the model declares for values inside.
    pub declared: Vec<Declared>,
    /// Values that its metadata give for inputs, by name.
    pub given: HashMap<String, Vec<f64>>,
    /// Names of nodes that only say in which order a tensor's sides are given, in networks translated from another format.
    pub layout: HashSet<String>,
}

impl ModelGraph {
    /// Reads a model.
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no ONNX model or hold no graph, and for operators of before 2017.
    pub fn read(onnx: &[u8]) -> Result<Self, OnnxError> {
        let model = Model::decode(onnx)?;
        let own = model.opset_import.iter().find(|set| is_own(&set.domain)).map(|set| set.version);
        let (given, layout) = (given_values(onnx)?, layout_nodes(&model));
        match own.unwrap_or(OLDEST) {
            opset @ OLDEST.. => {
                Ok(Self { given, layout, ..Self::of_graph(model.graph.ok_or(OnnxError::NoGraph)?, opset) })
            }
            opset => Err(OnnxError::OldOperators { opset, oldest: OLDEST }),
        }
    }

    fn of_graph(graph: proto::Graph, opset: i64) -> Self {
        let mut constants: HashMap<String, Constant> =
            graph.initializer.into_iter().map(|tensor| (tensor.name.clone(), constant(tensor))).collect();
        let read = |(index, node)| read_node(index, node, opset);
        let nodes: Vec<ModelNode> = graph.node.into_iter().enumerate().map(read).collect();
        for node in nodes.iter().filter(|node| node.operator == "Constant") {
            if let (Some(output), Some(value)) = (node.outputs.first(), constant_of(node)) {
                constants.insert(output.clone(), value);
            }
        }
        // Before IR version 4 weights stood among the inputs.
        let is_read = |input: &ValueInfo| !constants.contains_key(&input.name);
        Self {
            opset,
            inputs: graph.input.into_iter().filter(is_read).map(Declared::read).collect(),
            outputs: graph.output.iter().map(|output| output.name.clone()).collect(),
            declared: graph.value_info.into_iter().chain(graph.output).map(Declared::read).collect(),
            nodes,
            constants,
            given: HashMap::new(),
            layout: HashSet::new(),
        }
    }

    /// The elements of an input, where they are given and few.
    pub(super) fn given_elements(&self, input: &str, dims: &[u64]) -> Option<Vec<f64>> {
        let count = dims.iter().fold(1_u64, |product, side| product.saturating_mul(*side));
        match self.given.get(input).filter(|_| count <= SMALL)?.as_slice() {
            [one] => Some(vec![*one; count as usize]),
            all => Some(all.to_vec()).filter(|all| all.len() as u64 == count),
        }
    }
}

fn is_own(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn read_node(index: usize, node: proto::Node, opset: i64) -> ModelNode {
    let first = node.output.iter().find(|name| !name.is_empty()).cloned();
    let name = if node.name.is_empty() { first } else { Some(node.name) };
    let operator = full_name(&node.domain, node.op_type);
    ModelNode {
        name: name.unwrap_or_else(|| format!("{operator}_{index}")),
        operator,
        inputs: node.input,
        outputs: node.output,
        attributes: node.attribute.into_iter().map(|a| (a.name.clone(), attribute(a, opset))).collect(),
    }
}

fn attribute(attribute: Attribute, opset: i64) -> AttributeValue {
    match attribute.r#type {
        INT => AttributeValue::Int(attribute.i),
        FLOAT_ATTRIBUTE => AttributeValue::Float(attribute.f),
        STRING => AttributeValue::Text(String::from_utf8_lossy(&attribute.s).into_owned()),
        INTS => AttributeValue::Ints(attribute.ints),
        FLOATS => AttributeValue::Floats(attribute.floats),
        TENSOR => AttributeValue::Tensor(attribute.t.map(constant).unwrap_or_default()),
        GRAPH => {
            AttributeValue::Graph(Box::new(ModelGraph::of_graph(attribute.g.unwrap_or_default(), opset)))
        }
        _ => AttributeValue::Other,
    }
}

/// The value of a `Constant` node.
fn constant_of(node: &ModelNode) -> Option<Constant> {
    let (name, value) = node.attributes.iter().find(|(name, _)| name.starts_with("value"))?;
    match (name.as_str(), value) {
        ("value", AttributeValue::Tensor(tensor)) => Some(tensor.clone()),
        ("value_float", AttributeValue::Float(value)) => Some(Constant::floats(&[], &[f64::from(*value)])),
        ("value_int", AttributeValue::Int(value)) => {
            Some(Constant { dims: vec![], ..Constant::integers(&[*value]) })
        }
        ("value_ints", AttributeValue::Ints(values)) => Some(Constant::integers(values)),
        ("value_string", _) => Some(Constant { data_type: TEXT, ..Constant::default() }),
        ("value_floats", AttributeValue::Floats(values)) => {
            let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
            Some(Constant::floats(&[values.len() as u64], &values))
        }
        _ => None,
    }
}

fn constant(tensor: proto::Tensor) -> Constant {
    let dims: Vec<u64> = tensor.dims.iter().map(|&side| u64::try_from(side).unwrap_or(0)).collect();
    let elements = dims.iter().fold(1_u64, |product, side| product.saturating_mul(*side));
    let values = (elements <= SMALL).then(|| values(&tensor)).flatten();
    Constant {
        values: values.filter(|values| values.len() as u64 == elements),
        dims,
        data_type: tensor.data_type,
    }
}

/// The elements of a small tensor, raw or not.
pub(super) fn values(tensor: &proto::Tensor) -> Option<Vec<f64>> {
    fn raw<const N: usize>(bytes: &[u8], read: fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.chunks_exact(N).filter_map(|chunk| chunk.try_into().ok()).map(read).collect()
    }
    let bytes = &tensor.raw_data;
    Some(match (tensor.data_type, bytes.is_empty()) {
        (FLOAT, true) => tensor.float_data.iter().copied().map(f64::from).collect(),
        (FLOAT, false) => raw(bytes, |b| f32::from_le_bytes(b).into()),
        (INT64, true) => tensor.int64_data.iter().map(|&value| value as f64).collect(),
        (INT64, false) => raw(bytes, |b| i64::from_le_bytes(b) as f64),
        (DOUBLE, true) => tensor.double_data.clone(),
        (DOUBLE, false) => raw(bytes, f64::from_le_bytes),
        (INT32 | INT8 | UINT8 | BOOL, true) => tensor.int32_data.iter().copied().map(f64::from).collect(),
        (INT32, false) => raw(bytes, |b| i32::from_le_bytes(b).into()),
        (INT8, false) => raw(bytes, |b| i8::from_le_bytes(b).into()),
        (UINT8 | BOOL, false) => raw(bytes, |b| u8::from_le_bytes(b).into()),
        _ => return None,
    })
}
