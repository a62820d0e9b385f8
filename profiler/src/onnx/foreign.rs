//! Writing a model of any nodes: what networks in other formats are translated into.

use prost::Message;

use super::proto::{
    Attribute, Dimension, FLOAT_ATTRIBUTE, FLOATS, Graph, INT, INTS, Model, Node, OperatorSet, STRING, Shape,
    Tensor, TensorType, Type, ValueInfo,
};
use super::{AttributeValue, layout::layout_entry};

/// The operator set of ONNX's own operators.
const OPSET: i64 = 14;

/// A model that is being written.
#[derive(Default)]
pub(crate) struct ForeignModel {
    graph: Graph,
    layout: Vec<String>,
}

/// Attributes by name.
pub(crate) type Attributes = Vec<(&'static str, AttributeValue)>;

impl ForeignModel {
    /// Adds a node; its operator has a domain before it where that is not ONNX's own: `com.microsoft.Gelu`.
    pub(crate) fn node(
        &mut self,
        name: &str,
        operator: &str,
        inputs: Vec<String>,
        outputs: Vec<String>,
        attributes: Attributes,
    ) {
        let (domain, op_type) = operator.rsplit_once('.').unwrap_or(("", operator));
        self.graph.node.push(Node {
            input: inputs,
            output: outputs,
            name: name.to_owned(),
            op_type: op_type.to_owned(),
            attribute: attributes.into_iter().map(|(name, value)| attribute(name, value)).collect(),
            domain: domain.to_owned(),
        });
    }

    /// Says that a node only tells in which order the sides of a tensor are given: see [`layout`](super::layout).
    pub(crate) fn only_layout(&mut self, node: &str) {
        self.layout.push(node.to_owned());
    }

    /// Adds a constant, its elements in little-endian order.
    pub(crate) fn constant(&mut self, name: &str, data_type: i32, dims: &[u64], elements: Vec<u8>) {
        self.graph.initializer.push(Tensor {
            dims: dims.iter().map(|&side| side as i64).collect(),
            data_type,
            name: name.to_owned(),
            raw_data: elements,
            ..Tensor::default()
        });
    }

    /// Adds an input.
    pub(crate) fn input(&mut self, name: &str, data_type: i32, dims: &[u64]) {
        self.graph.input.push(value_info(name, data_type, dims));
    }

    /// Adds an output.
    pub(crate) fn output(&mut self, name: &str, data_type: i32, dims: &[u64]) {
        self.graph.output.push(value_info(name, data_type, dims));
    }

    /// Says of which sides a value inside is.
    pub(crate) fn declare(&mut self, name: &str, data_type: i32, dims: &[u64]) {
        self.graph.value_info.push(value_info(name, data_type, dims));
    }

    /// The model's bytes.
    pub(crate) fn encode(mut self, name: &str) -> Vec<u8> {
        name.clone_into(&mut self.graph.name);
        let mut domains: Vec<&str> = self.graph.node.iter().map(|node| node.domain.as_str()).collect();
        domains.push("");
        domains.sort_unstable();
        domains.dedup();
        let version = |domain: &str| if domain.is_empty() { OPSET } else { 1 };
        let set = |domain: &str| OperatorSet { domain: domain.to_owned(), version: version(domain) };
        let model = Model {
            ir_version: 8,
            producer_name: "tailor".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            opset_import: domains.into_iter().map(set).collect(),
            metadata_props: Vec::from_iter(layout_entry(&self.layout)),
            graph: Some(self.graph),
        };
        model.encode_to_vec()
    }
}

fn value_info(name: &str, data_type: i32, dims: &[u64]) -> ValueInfo {
    let dim = |&side: &u64| Dimension { dim_value: side as i64, dim_param: String::new() };
    let shape = Some(Shape { dim: dims.iter().map(dim).collect() });
    let tensor_type = Some(TensorType { elem_type: data_type, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}

fn attribute(name: &str, value: AttributeValue) -> Attribute {
    let of = |r#type| Attribute { name: name.to_owned(), r#type, ..Attribute::default() };
    match value {
        AttributeValue::Int(i) => Attribute { i, ..of(INT) },
        AttributeValue::Float(f) => Attribute { f, ..of(FLOAT_ATTRIBUTE) },
        AttributeValue::Text(text) => Attribute { s: text.into_bytes(), ..of(STRING) },
        AttributeValue::Ints(ints) => Attribute { ints, ..of(INTS) },
        AttributeValue::Floats(floats) => Attribute { floats, ..of(FLOATS) },
        AttributeValue::Tensor(_) | AttributeValue::Graph(_) | AttributeValue::Other => of(0),
    }
}
