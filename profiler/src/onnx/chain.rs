//! A model that does next to nothing, node after node: what runtimes spend on a node besides its work.

use prost::Message;

use super::proto::{
    Dimension, FLOAT, Graph, Model, Node, OperatorSet, Shape, Tensor, TensorType, Type, ValueInfo,
};

/// A chain of `length` nodes, each the largest of one number and two constants: three inputs of four dimensions, much as
/// a convolution with a bias has.
pub fn chain_model(length: usize) -> Vec<u8> {
    let value = |index: usize| if index == length { "output".to_owned() } else { format!("value{index}") };
    let node = |index: usize| Node {
        input: vec![value(index), "low".to_owned(), "lower".to_owned()],
        output: vec![value(index + 1)],
        name: format!("Max_{index}"),
        op_type: "Max".to_owned(),
        ..Node::default()
    };
    let constant = |name: &str, value: f32| Tensor {
        dims: vec![1; 4],
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: value.to_le_bytes().to_vec(),
        ..Tensor::default()
    };
    let info = |name: String| ValueInfo {
        name,
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: FLOAT,
                shape: Some(Shape { dim: vec![Dimension { dim_value: 1, ..Dimension::default() }; 4] }),
            }),
        }),
    };
    let model = Model {
        ir_version: 8,
        producer_name: "tailor".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(Graph {
            node: (0..length).map(node).collect(),
            name: "chain".to_owned(),
            initializer: vec![constant("low", -8.0), constant("lower", -9.0)],
            input: vec![info(value(0))],
            output: vec![info(value(length))],
            ..Graph::default()
        }),
        opset_import: vec![OperatorSet { domain: String::new(), version: 14 }],
        metadata_props: Vec::new(),
    };
    model.encode_to_vec()
}
