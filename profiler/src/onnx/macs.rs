//! Multiply-accumulates of the nodes of any ONNX model, from the shapes of what they read and give.

use std::collections::{BTreeMap, HashMap};

use prost::Message;

use super::{
    OnnxError,
    proto::{Model, Node},
    work::full_name,
};

/// Multiply-accumulates by position of the node, of every node that multiplies and whose shapes are known.
///
/// `shapes` are those of values by name; those of weights are the model's own. A node that is missing in the result is not
/// known; nodes that do not multiply have no entry either. Recurrent layers count their two matrices in every step.
///
/// # Errors
/// [`OnnxError`] for bytes that are no ONNX model or hold no graph.
pub fn macs_by_shape(
    onnx: &[u8],
    shapes: &HashMap<String, Vec<u64>>,
) -> Result<BTreeMap<usize, u64>, OnnxError> {
    let graph = Model::decode(onnx)?.graph.ok_or(OnnxError::NoGraph)?;
    let mut known = shapes.clone();
    for tensor in graph.initializer {
        let dims = tensor.dims.iter().map(|dim| u64::try_from(*dim)).collect::<Result<Vec<_>, _>>();
        known.extend(dims.ok().map(|dims| (tensor.name, dims)));
    }
    let macs = |(index, node): (usize, &Node)| Some((index, node_macs(node, &known)?));
    Ok(graph.node.iter().enumerate().filter_map(macs).collect())
}

fn node_macs(node: &Node, shapes: &HashMap<String, Vec<u64>>) -> Option<u64> {
    let input = |place: usize| shapes.get(node.input.get(place)?);
    let output = || shapes.get(node.output.first()?);
    let flag = |name: &str| node.attribute.iter().any(|a| a.name == name && a.i != 0);
    match full_name(&node.domain, node.op_type.clone()).as_str() {
        // Every output element: a kernel over its group's input channels. Weights are [out, in / groups, k..].
        "Conv" | "ConvInteger" | "com.microsoft.FusedConv" => {
            product(&[elements(output()?)?, elements(input(1)?.get(1..)?)?])
        }
        "QLinearConv" | "com.microsoft.QLinearConv" => {
            product(&[elements(output()?)?, elements(input(3)?.get(1..)?)?])
        }
        // Every input element: a kernel into its group's output channels. Weights are [in, out / groups, k..].
        "ConvTranspose" => product(&[elements(input(0)?)?, elements(input(1)?.get(1..)?)?]),
        "Gemm" | "com.microsoft.FusedGemm" | "com.microsoft.QGemm" => {
            product(&[elements(output()?)?, *input(0)?.get(usize::from(!flag("transA")))?])
        }
        // Its first input may come transposed: [.., k, m].
        "com.microsoft.FusedMatMul" if flag("transA") => {
            let dims = input(0)?;
            product(&[elements(output()?)?, *dims.get(dims.len().checked_sub(2)?)?])
        }
        "com.microsoft.FusedMatMul" if flag("transBatchA") => None,
        // [.., m, k] times [.., k, n]: k per output element.
        "MatMul"
        | "MatMulInteger"
        | "QLinearMatMul"
        | "com.microsoft.FusedMatMul"
        | "com.microsoft.MatMulNBits"
        | "com.microsoft.MatMulIntegerToFloat"
        | "com.microsoft.DynamicQuantizeMatMul" => product(&[elements(output()?)?, *input(0)?.last()?]),
        "Einsum" => einsum(node, input(0)?, input(1)?),
        // Input [steps, batch, features]; matrices [directions, gates · hidden, features] and [.., hidden].
        "LSTM" | "GRU" | "RNN" => {
            let steps = elements(input(0)?.get(..2)?)?;
            product(&[steps, elements(input(1)?)?.checked_add(elements(input(2)?)?)?])
        }
        _ => None,
    }
}

/// Product of the lengths of all indices, of two operands whose indices are single letters.
fn einsum(node: &Node, a: &[u64], b: &[u64]) -> Option<u64> {
    let equation = node.attribute.iter().find(|attribute| attribute.name == "equation")?;
    let text: String = String::from_utf8(equation.s.clone()).ok()?.replace(' ', "");
    let operands = text.split("->").next()?;
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

fn elements(shape: &[u64]) -> Option<u64> {
    product(shape)
}

fn product(factors: &[u64]) -> Option<u64> {
    factors.iter().try_fold(1u64, |product, factor| product.checked_mul(*factor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::Attribute;

    fn macs(operator: &str, inputs: &[&[u64]], output: &[u64], attributes: Vec<Attribute>) -> Option<u64> {
        let names: Vec<String> = (0..inputs.len()).map(|index| format!("x{index}")).collect();
        let mut shapes: HashMap<String, Vec<u64>> =
            names.iter().cloned().zip(inputs.iter().map(|shape| shape.to_vec())).collect();
        shapes.insert("y".to_owned(), output.to_vec());
        let node = Node {
            input: names,
            output: vec!["y".to_owned()],
            name: String::new(),
            op_type: operator.rsplit('.').next().unwrap().to_owned(),
            attribute: attributes,
            domain: operator.rsplit_once('.').map_or("", |(domain, _)| domain).to_owned(),
        };
        node_macs(&node, &shapes)
    }

    fn attribute(name: &str, i: i64, s: &str) -> Attribute {
        Attribute { name: name.to_owned(), i, s: s.as_bytes().to_vec(), ..Attribute::default() }
    }

    #[test]
    fn macs_match_hand_counts() {
        // 5·4·4 outputs, each 3 channels · 9.
        assert_eq!(macs("Conv", &[&[1, 3, 8, 8], &[5, 3, 3, 3]], &[1, 5, 4, 4], vec![]), Some(2_160));
        // Depthwise: 6·4·4 outputs, each 9.
        assert_eq!(macs("ConvInteger", &[&[1, 6, 4, 4], &[6, 1, 3, 3]], &[1, 6, 4, 4], vec![]), Some(864));
        let quantized: [&[u64]; 4] = [&[1, 3, 8, 8], &[], &[], &[5, 3, 3, 3]];
        assert_eq!(macs("QLinearConv", &quantized, &[1, 5, 4, 4], vec![]), Some(2_160));
        // 3·4·4 inputs, each into 5 channels · 4; the output's size (stride 2) does not matter.
        assert_eq!(macs("ConvTranspose", &[&[1, 3, 4, 4], &[3, 5, 2, 2]], &[1, 5, 8, 8], vec![]), Some(960));
        // [2, 7] · [7, 3].
        assert_eq!(macs("Gemm", &[&[2, 7], &[7, 3]], &[2, 3], vec![]), Some(42));
        assert_eq!(macs("Gemm", &[&[7, 2], &[7, 3]], &[2, 3], vec![attribute("transA", 1, "")]), Some(42));
        // A batch of four.
        assert_eq!(macs("MatMul", &[&[4, 2, 7], &[7, 3]], &[4, 2, 3], vec![]), Some(168));
        // [2, 7] · [7, 3], the first one transposed.
        let transposed = || vec![attribute("transA", 1, "")];
        assert_eq!(macs("com.microsoft.FusedMatMul", &[&[7, 2], &[7, 3]], &[2, 3], transposed()), Some(42));
        assert_eq!(macs("com.microsoft.FusedMatMul", &[&[2, 7], &[7, 3]], &[2, 3], vec![]), Some(42));
        // b 4, i 2, k 7, j 3.
        let equation = || vec![attribute("equation", 0, "bik, kj -> bij")];
        assert_eq!(macs("Einsum", &[&[4, 2, 7], &[7, 3]], &[4, 2, 3], equation()), Some(168));
        // 10 steps, batch 2: 20 · (4·8·5 + 4·8·8).
        let lstm: [&[u64]; 3] = [&[10, 2, 5], &[1, 32, 5], &[1, 32, 8]];
        assert_eq!(macs("LSTM", &lstm, &[10, 1, 2, 8], vec![]), Some(8_320));
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        assert_eq!(macs("Conv", &[&[1, 3, 8, 8]], &[1, 5, 4, 4], vec![]), None);
        assert_eq!(macs("Einsum", &[&[4], &[4]], &[], vec![attribute("equation", 0, "...i,...i")]), None);
        // Another's operator of the same name may be anything.
        assert_eq!(macs("my.own.Conv", &[&[1, 3, 8, 8], &[5, 3, 3, 3]], &[1, 5, 4, 4], vec![]), None);
        assert_eq!(macs("Attention", &[&[4, 4], &[4, 4]], &[4, 4], vec![]), None);
        // More than 64 bits hold.
        assert_eq!(macs("MatMul", &[&[1 << 33, 1 << 33], &[1 << 33, 1]], &[1 << 33, 1 << 33], vec![]), None);
    }
}
