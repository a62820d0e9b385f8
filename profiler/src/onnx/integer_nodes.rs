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

/// The node as one on floats, if it is of those on integers.
pub fn on_floats(node: &ModelNode) -> Option<ModelNode> {
    let (_, operator, places) = KNOWN.iter().find(|(name, ..)| *name == node.operator)?;
    // Another order of sides, which the operator on floats has not.
    if node.attributes.get("channels_last") == Some(&AttributeValue::Int(1)) {
        return None;
    }
    let inputs = if *operator == "Concat" {
        // Its output's unit and zero point stand first.
        node.inputs.iter().skip(2).step_by(3).cloned().collect()
    } else {
        places.iter().filter_map(|place| node.inputs.get(*place).cloned()).collect()
    };
    Some(ModelNode { operator: (*operator).to_owned(), inputs, ..node.clone() })
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
        let found = |operator: &str, inputs: &[&str]| {
            on_floats(&node(operator, inputs)).map(|node| (node.operator, node.inputs.join(" ")))
        };
        let expected = |operator: &str, inputs: &str| Some((operator.to_owned(), inputs.to_owned()));
        assert_eq!(found("QLinearConv", &inputs), expected("Conv", "x w b"));
        // Without biases.
        assert_eq!(found("QLinearConv", &inputs[..8]), expected("Conv", "x w"));
        let parts = ["ys", "yz", "a", "as", "az", "b", "bs", "bz"];
        assert_eq!(found("com.microsoft.QLinearConcat", &parts), expected("Concat", "a b"));
        let found_one = found("com.microsoft.DequantizeLinear", &["x", "xs", "xz"]);
        assert_eq!(found_one, expected("DequantizeLinear", "x xs xz"));
        assert_eq!(found("Conv", &["x", "w"]), None);
        let last = ("channels_last".to_owned(), AttributeValue::Int(1));
        let pool = node("com.microsoft.QLinearAveragePool", &["x", "xs", "xz", "ys", "yz"]);
        assert!(on_floats(&pool).is_some());
        assert_eq!(on_floats(&ModelNode { attributes: [last].into(), ..pool }), None);
    }
}
