//! Multiply-accumulates of the nodes of any ONNX model, from the shapes of what they read and give.

use std::collections::{BTreeMap, HashMap};

use super::shape_rules::{int, text};
use super::{ModelGraph, ModelNode, Tensor, Work, work};

impl ModelGraph {
    /// Multiply-accumulates by position of the node, of every node that multiplies and whose shapes are known.
    ///
    /// A node that is missing in the result is not known; nodes that do not multiply have no entry either.
    pub fn macs(&self, shapes: &HashMap<String, Tensor>) -> BTreeMap<usize, u64> {
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| work(&node.operator) == Work::Counted);
        nodes.filter_map(|(index, node)| Some((index, node_macs(node, shapes)?))).collect()
    }
}

/// Multiply-accumulates of a node, padding counted: 0 where it does not multiply, nothing where nobody knows how much.
/// Recurrent layers count their two matrices in every step.
pub fn node_macs(node: &ModelNode, shapes: &HashMap<String, Tensor>) -> Option<u64> {
    match work(&node.operator) {
        Work::Nothing => Some(0),
        Work::Unknown => None,
        Work::Counted => counted(node, shapes),
    }
}

fn counted(node: &ModelNode, shapes: &HashMap<String, Tensor>) -> Option<u64> {
    let dims = |name: Option<&String>| shapes.get(name?).map(|tensor| tensor.dims.as_slice());
    let input = |place: usize| dims(node.inputs.get(place));
    let output = || dims(node.outputs.first());
    let flag = |name: &str| int(node, name).is_some_and(|value| value != 0);
    match node.operator.as_str() {
        // Every output element: a kernel over its group's input channels. Weights are [out, in / groups, k..].
        "Conv" | "ConvInteger" | "com.microsoft.FusedConv" => {
            product(&[product(output()?)?, product(input(1)?.get(1..)?)?])
        }
        "QLinearConv" | "com.microsoft.QLinearConv" => {
            product(&[product(output()?)?, product(input(3)?.get(1..)?)?])
        }
        // Every input element: a kernel into its group's output channels. Weights are [in, out / groups, k..].
        "ConvTranspose" => product(&[product(input(0)?)?, product(input(1)?.get(1..)?)?]),
        "Gemm" | "com.microsoft.FusedGemm" | "com.microsoft.QGemm" => {
            product(&[product(output()?)?, *input(0)?.get(usize::from(!flag("transA")))?])
        }
        // Its first input may come transposed: [.., k, m].
        "com.microsoft.FusedMatMul" if flag("transA") => {
            let dims = input(0)?;
            product(&[product(output()?)?, *dims.get(dims.len().checked_sub(2)?)?])
        }
        "com.microsoft.FusedMatMul" if flag("transBatchA") => None,
        // [.., m, k] times [.., k, n]: k per output element.
        "MatMul"
        | "MatMulInteger"
        | "QLinearMatMul"
        | "com.microsoft.FusedMatMul"
        | "com.microsoft.MatMulNBits"
        | "com.microsoft.MatMulIntegerToFloat"
        | "com.microsoft.DynamicQuantizeMatMul" => product(&[product(output()?)?, *input(0)?.last()?]),
        "Einsum" => einsum(node, input(0)?, input(1)?),
        // Input [steps, batch, features]; matrices [directions, gates · hidden, features] and [.., hidden].
        "LSTM" | "GRU" | "RNN" | "com.microsoft.DynamicQuantizeLSTM" => {
            let steps = product(input(0)?.get(..2)?)?;
            product(&[steps, product(input(1)?)?.checked_add(product(input(2)?)?)?])
        }
        _ => None,
    }
}

/// Product of the lengths of all indices, of two operands whose indices are single letters.
fn einsum(node: &ModelNode, a: &[u64], b: &[u64]) -> Option<u64> {
    let equation = text(node, "equation")?.replace(' ', "");
    let operands = equation.split("->").next()?;
    let [first, second] = operands.split(',').collect::<Vec<_>>().try_into().ok()?;
    let mut lengths: HashMap<char, u64> = HashMap::new();
    for (letters, shape) in [(first, a), (second, b)] {
        let (letters, shape): (&str, &[u64]) = (letters, shape);
        if letters.chars().count() != shape.len() || !letters.chars().all(char::is_alphabetic) {
            return None;
        }
        for (letter, length) in letters.chars().zip(shape) {
            // A dimension of one is spread over the other's.
            let known = lengths.entry(letter).or_insert(1);
            *known = (*known).max(*length);
        }
    }
    product(&lengths.into_values().collect::<Vec<_>>())
}

fn product(factors: &[u64]) -> Option<u64> {
    factors.iter().try_fold(1u64, |product, factor| product.checked_mul(*factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::AttributeValue;

    fn macs(
        operator: &str,
        inputs: &[&[u64]],
        output: &[u64],
        attributes: &[(&str, AttributeValue)],
    ) -> Option<u64> {
        let names: Vec<String> = (0..inputs.len()).map(|index| format!("x{index}")).collect();
        let tensor = |dims: &[u64]| Tensor { dims: dims.to_vec(), ..Tensor::default() };
        let inputs = inputs.iter().map(|dims| tensor(dims));
        let mut shapes: HashMap<String, Tensor> = names.iter().cloned().zip(inputs).collect();
        shapes.insert("y".to_owned(), tensor(output));
        let node = ModelNode {
            name: String::new(),
            operator: operator.to_owned(),
            inputs: names,
            outputs: vec!["y".to_owned()],
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        };
        node_macs(&node, &shapes)
    }

    #[test]
    fn macs_match_hand_counts() {
        // 5·4·4 outputs, each 3 channels · 9.
        assert_eq!(macs("Conv", &[&[1, 3, 8, 8], &[5, 3, 3, 3]], &[1, 5, 4, 4], &[]), Some(2_160));
        // Depthwise: 6·4·4 outputs, each 9.
        assert_eq!(macs("ConvInteger", &[&[1, 6, 4, 4], &[6, 1, 3, 3]], &[1, 6, 4, 4], &[]), Some(864));
        let quantized: [&[u64]; 4] = [&[1, 3, 8, 8], &[], &[], &[5, 3, 3, 3]];
        assert_eq!(macs("QLinearConv", &quantized, &[1, 5, 4, 4], &[]), Some(2_160));
        // 3·4·4 inputs, each into 5 channels · 4; the output's size (stride 2) does not matter.
        assert_eq!(macs("ConvTranspose", &[&[1, 3, 4, 4], &[3, 5, 2, 2]], &[1, 5, 8, 8], &[]), Some(960));
        // [2, 7] · [7, 3].
        assert_eq!(macs("Gemm", &[&[2, 7], &[7, 3]], &[2, 3], &[]), Some(42));
        assert_eq!(
            macs("Gemm", &[&[7, 2], &[7, 3]], &[2, 3], &[("transA", AttributeValue::Int(1))]),
            Some(42)
        );
        // A batch of four.
        assert_eq!(macs("MatMul", &[&[4, 2, 7], &[7, 3]], &[4, 2, 3], &[]), Some(168));
        // [2, 7] · [7, 3], the first one transposed.
        let transposed = [("transA", AttributeValue::Int(1))];
        assert_eq!(macs("com.microsoft.FusedMatMul", &[&[7, 2], &[7, 3]], &[2, 3], &transposed), Some(42));
        assert_eq!(macs("com.microsoft.FusedMatMul", &[&[2, 7], &[7, 3]], &[2, 3], &[]), Some(42));
        // b 4, i 2, k 7, j 3.
        let equation = |text: &str| [("equation", AttributeValue::Text(text.to_owned()))];
        assert_eq!(
            macs("Einsum", &[&[4, 2, 7], &[7, 3]], &[4, 2, 3], &equation("bik, kj -> bij")),
            Some(168)
        );
        // 10 steps, batch 2: 20 · (4·8·5 + 4·8·8).
        let lstm: [&[u64]; 3] = [&[10, 2, 5], &[1, 32, 5], &[1, 32, 8]];
        assert_eq!(macs("LSTM", &lstm, &[10, 1, 2, 8], &[]), Some(8_320));
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        assert_eq!(macs("Conv", &[&[1, 3, 8, 8]], &[1, 5, 4, 4], &[]), None);
        let equation = [("equation", AttributeValue::Text("...i,...i".to_owned()))];
        assert_eq!(macs("Einsum", &[&[4], &[4]], &[], &equation), None);
        // Another's operator of the same name may be anything.
        assert_eq!(macs("my.own.Conv", &[&[1, 3, 8, 8], &[5, 3, 3, 3]], &[1, 5, 4, 4], &[]), None);
        assert_eq!(macs("Attention", &[&[4, 4], &[4, 4]], &[4, 4], &[]), None);
        // More than 64 bits hold.
        assert_eq!(macs("MatMul", &[&[1 << 33, 1 << 33], &[1 << 33, 1]], &[1 << 33, 1 << 33], &[]), None);
    }
}
