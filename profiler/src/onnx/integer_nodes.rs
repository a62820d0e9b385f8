//! Operators on 8-bit integers as those on floats that they stand for: models in QOperator format, and dynamic quantization.
//!
//! Source: ONNX's Operators.md (operator set 24); ONNX Runtime's ContribOperators.md.

use super::{AttributeValue, ModelNode};

/// Places of the inputs that the operator on floats has: a unit and a zero point follow each of them.
const ONE: &[usize] = &[0];
const TWO: &[usize] = &[0, 3];

/// An operator on integers, the one on floats, and where its inputs stand.
const KNOWN: [(&str, &str, &[usize]); 20] = [
    ("QLinearConv", "Conv", &[0, 3, 8]),
    ("com.microsoft.QLinearConv", "Conv", &[0, 3, 8]),
    ("ConvInteger", "Conv", &[0, 1]),
    ("QLinearMatMul", "MatMul", TWO),
    ("MatMulInteger", "MatMul", &[0, 1]),
    ("com.microsoft.MatMulIntegerToFloat", "MatMul", &[0, 1]),
    ("com.microsoft.DynamicQuantizeMatMul", "MatMul", &[0, 1]),
    ("com.microsoft.QGemm", "Gemm", &[0, 3, 6]),
    ("com.microsoft.QLinearAdd", "Add", TWO),
    ("com.microsoft.QLinearMul", "Mul", TWO),
    ("com.microsoft.QLinearWhere", "Where", &[0, 1, 4]),
    ("com.microsoft.QLinearAveragePool", "AveragePool", ONE),
    ("com.microsoft.QLinearGlobalAveragePool", "GlobalAveragePool", ONE),
    ("com.microsoft.QLinearReduceMean", "ReduceMean", ONE),
    ("com.microsoft.QLinearLeakyRelu", "LeakyRelu", ONE),
    ("com.microsoft.QLinearSigmoid", "Sigmoid", ONE),
    ("com.microsoft.QLinearSoftmax", "Softmax", ONE),
    ("com.microsoft.QuantizeLinear", "QuantizeLinear", &[0, 1, 2]),
    ("com.microsoft.DequantizeLinear", "DequantizeLinear", &[0, 1, 2]),
    ("com.microsoft.QLinearConcat", "Concat", &[]),
];

/// The node as one on floats, said to compute in integers; others as they are.
pub(super) fn on_floats(mut node: ModelNode) -> ModelNode {
    let Some((_, operator, places)) = KNOWN.iter().find(|(name, ..)| *name == node.operator) else {
        return node;
    };
    // Another order of sides, which the operator on floats has not.
    if node.attributes.get("channels_last") == Some(&AttributeValue::Int(1)) {
        return node;
    }
    let inputs = std::mem::take(&mut node.inputs);
    node.inputs = if *operator == "Concat" {
        // Its output's unit and zero point stand first.
        inputs.into_iter().skip(2).step_by(3).collect()
    } else {
        places.iter().filter_map(|place| inputs.get(*place).cloned()).collect()
    };
    node.is_integer = !["QuantizeLinear", "DequantizeLinear"].contains(operator);
    (*operator).clone_into(&mut node.operator);
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(operator: &str, inputs: &[&str]) -> ModelNode {
        let inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        ModelNode { operator: operator.to_owned(), inputs, ..ModelNode::default() }
    }

    #[test]
    fn units_and_zero_points_are_left_out() {
        let inputs = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
        let found = on_floats(node("QLinearConv", &inputs));
        assert_eq!((found.operator.as_str(), found.is_integer), ("Conv", true));
        assert_eq!(found.inputs, ["x", "w", "b"]);
        // Without biases.
        assert_eq!(on_floats(node("QLinearConv", &inputs[..8])).inputs, ["x", "w"]);
        let found =
            on_floats(node("com.microsoft.QLinearConcat", &["ys", "yz", "a", "as", "az", "b", "bs", "bz"]));
        assert_eq!((found.operator.as_str(), found.inputs), ("Concat", vec!["a".to_owned(), "b".to_owned()]));
        let found = on_floats(node("com.microsoft.DequantizeLinear", &["x", "xs", "xz"]));
        assert_eq!((found.operator.as_str(), found.is_integer), ("DequantizeLinear", false));
        let last = ("channels_last".to_owned(), AttributeValue::Int(1));
        let pool = ModelNode {
            attributes: [last].into(),
            ..node("com.microsoft.QLinearAveragePool", &["x", "xs", "xz", "ys", "yz"])
        };
        assert_eq!(on_floats(pool.clone()), pool);
        assert_eq!(on_floats(node("Conv", &["x", "w"])), node("Conv", &["x", "w"]));
    }
}
