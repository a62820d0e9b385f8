use super::*;
use crate::onnx::{AttributeValue, Constant, Declared, model_graph::ModelNode};

/// The sides that one node gives for an input `x` and constants.
fn sides(
    operator: &str,
    x: &[u64],
    constants: &[Constant],
    attributes: &[(&str, AttributeValue)],
) -> Result<Vec<u64>, String> {
    let mut graph = ModelGraph { opset: 13, ..ModelGraph::default() };
    graph.inputs.push(Declared { name: "x".to_owned(), dims: x.iter().copied().map(Some).collect() });
    let mut inputs = vec!["x".to_owned()];
    for (index, constant) in constants.iter().enumerate() {
        inputs.push(format!("c{index}"));
        graph.constants.insert(format!("c{index}"), constant.clone());
    }
    graph.nodes.push(ModelNode {
        name: "n".to_owned(),
        operator: operator.to_owned(),
        inputs,
        outputs: vec!["y".to_owned()],
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        is_integer: false,
    });
    graph
        .shapes(&InputShapes::new())
        .map(|shapes| shapes["y"].dims.clone())
        .map_err(|error| error.to_string())
}

fn ints(values: &[i64]) -> AttributeValue {
    AttributeValue::Ints(values.to_vec())
}

#[test]
fn windows_give_the_sides_of_a_hand_count() {
    let weights = [Constant::weights(&[8, 3, 3, 3])];
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    for (attributes, expected) in [
        // (15 + 2 - 3) / 2 + 1 = 8 rows, 15 - 3 + 1 = 13 without padding.
        (vec![("pads", ints(&[1, 1, 1, 1])), ("strides", ints(&[2, 2]))], [1, 8, 8, 8]),
        (vec![], [1, 8, 13, 13]),
        (vec![("auto_pad", text("SAME_UPPER")), ("strides", ints(&[2, 1]))], [1, 8, 8, 15]),
        (vec![("auto_pad", text("VALID"))], [1, 8, 13, 13]),
        // A dilated 3 reaches over 5.
        (vec![("dilations", ints(&[2, 2]))], [1, 8, 11, 11]),
    ] {
        assert_eq!(sides("Conv", &[1, 3, 15, 15], &weights, &attributes), Ok(expected.to_vec()));
    }
    let window = |ceil: i64| {
        [
            ("kernel_shape", ints(&[3, 3])),
            ("strides", ints(&[2, 2])),
            ("ceil_mode", AttributeValue::Int(ceil)),
        ]
    };
    // (14 - 3) / 2 = 5.5 steps beyond the first.
    assert_eq!(sides("MaxPool", &[1, 3, 14, 14], &[], &window(0)), Ok(vec![1, 3, 6, 6]));
    assert_eq!(sides("MaxPool", &[1, 3, 14, 14], &[], &window(1)), Ok(vec![1, 3, 7, 7]));
    // (14 - 1) · 2 + 4 - 1 - 1 = 28.
    let up = [("strides", ints(&[2, 2])), ("pads", ints(&[1, 1, 1, 1]))];
    assert_eq!(
        sides("ConvTranspose", &[1, 3, 14, 14], &[Constant::weights(&[3, 5, 4, 4])], &up),
        Ok(vec![1, 5, 28, 28])
    );
    let error = sides("Conv", &[1, 4, 15, 15], &weights, &[]).unwrap_err();
    assert!(error.contains("node `n` (Conv)") && error.contains("[1, 4, 15, 15]"), "{error}");
    assert!(sides("Conv", &[1, 3, 2, 2], &weights, &[]).is_err());
}

#[test]
fn moving_and_joining_gives_the_sides_of_a_hand_count() {
    let list = |values: &[i64]| Constant::integers(values);
    for (operator, constants, attributes, expected) in [
        ("Reshape", vec![list(&[0, -1])], vec![], Ok(vec![2, 60])),
        ("Reshape", vec![list(&[7, -1])], vec![], Err(())),
        ("Squeeze", vec![list(&[0])], vec![], Ok(vec![3, 4, 5])),
        ("Unsqueeze", vec![list(&[0, -1])], vec![], Ok(vec![1, 2, 3, 4, 5, 1])),
        ("Transpose", vec![], vec![("perm", ints(&[0, 2, 3, 1]))], Ok(vec![2, 4, 5, 3])),
        ("Flatten", vec![], vec![("axis", AttributeValue::Int(2))], Ok(vec![6, 20])),
        ("Pad", vec![list(&[0, 0, 1, 2, 0, 0, 3, 0])], vec![], Ok(vec![2, 3, 8, 7])),
        ("Slice", vec![list(&[1]), list(&[i64::MAX]), list(&[3]), list(&[2])], vec![], Ok(vec![2, 3, 4, 2])),
        ("Gather", vec![list(&[0, 2])], vec![("axis", AttributeValue::Int(1))], Ok(vec![2, 2, 4, 5])),
        (
            "ReduceMean",
            vec![],
            vec![("axes", ints(&[-1])), ("keepdims", AttributeValue::Int(0))],
            Ok(vec![2, 3, 4]),
        ),
        ("Add", vec![Constant::weights(&[7, 1, 1])], vec![], Err(())),
        ("Mul", vec![Constant::weights(&[3, 1, 1])], vec![], Ok(vec![2, 3, 4, 5])),
        ("MatMul", vec![Constant::weights(&[5, 9])], vec![], Ok(vec![2, 3, 4, 9])),
        ("NonsenseOp", vec![], vec![], Err(())),
    ] {
        // Squeeze takes a side of 1 away; here the first is squeezed whatever it is, as in a wrong model.
        let found = sides(operator, &[2, 3, 4, 5], &constants, &attributes);
        assert_eq!(found.clone().map_err(|_| ()), expected, "{operator}: {found:?}");
    }
}

#[test]
fn a_written_model_is_read_back_with_its_shapes() {
    let op: crate::spec::OpSpec = "mbconv-14x14x16-o24-e6-k5-s2-se4-hswish".parse().unwrap();
    let graph = ModelGraph::read(&crate::onnx::op_model(&op, 0).unwrap()).unwrap();
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    assert_eq!(shapes["input"].dims, [1, 16, 14, 14]);
    assert_eq!(shapes["output"].dims, [1, 24, 7, 7]);
    assert!(ModelGraph::read(b"").is_err() && ModelGraph::read(b"text").is_err());
}
