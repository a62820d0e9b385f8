//! In which numbers a model computes.

use super::{AttributeValue, ModelGraph, ModelNode};

/// The coarsest numbers of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// Floats of 32 bits or more.
    Float,
    /// Floats of 16 bits, at least in part.
    Half,
    /// Quantized integers, at least in part.
    Integer,
}

/// Of a model; floats for bytes that are none.
pub fn number_format(onnx: &[u8]) -> NumberFormat {
    let Ok(graph) = ModelGraph::read(onnx) else { return NumberFormat::Float };
    if graph.nodes.iter().any(is_quantized) {
        NumberFormat::Integer
    } else if graph.constants.values().any(|constant| is_half(constant.data_type))
        || graph.nodes.iter().any(casts_to_half)
    {
        NumberFormat::Half
    } else {
        NumberFormat::Float
    }
}

/// `QuantizeLinear`, `QLinearConv`, `MatMulInteger`, `DynamicQuantizeMatMul`, `MatMulNBits` and their like.
fn is_quantized(node: &ModelNode) -> bool {
    ["Quantize", "QLinear", "Integer", "NBits", "QGemm", "QAttention"]
        .iter()
        .any(|part| node.operator.contains(part))
}

/// f16 and bfloat16.
fn is_half(data_type: i32) -> bool {
    [10, 16].contains(&data_type)
}

fn casts_to_half(node: &ModelNode) -> bool {
    let to = node.attributes.get("to");
    node.operator == "Cast" && matches!(to, Some(AttributeValue::Int(to)) if is_half(*to as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{chain_model, op_model};

    #[test]
    fn the_coarsest_numbers_count() {
        assert_eq!(number_format(&chain_model(2)), NumberFormat::Float);
        assert_eq!(number_format(b"nonsense"), NumberFormat::Float);
        let op: crate::spec::OpSpec = "conv-8x8x8-o8-k3-s1-int8".parse().unwrap();
        assert_eq!(number_format(&op_model(&op, 0).unwrap()), NumberFormat::Integer);
        let cast = |to: i64| ModelNode {
            operator: "Cast".to_owned(),
            attributes: [("to".to_owned(), AttributeValue::Int(to))].into(),
            ..ModelNode::default()
        };
        assert!(casts_to_half(&cast(10)) && !casts_to_half(&cast(1)));
    }
}
