use super::*;
use crate::onnx::{AttributeValue, Constant, Declared, Side, model_graph::ModelNode};

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, AttributeValue)]) -> ModelNode {
    ModelNode {
        name: "n".to_owned(),
        operator: operator.to_owned(),
        inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
        outputs: vec![output.to_owned()],
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

fn graph(opset: i64, x: &[u64], constants: &[(&str, Constant)], nodes: Vec<ModelNode>) -> ModelGraph {
    ModelGraph {
        opset,
        inputs: vec![Declared::floats("x", x)],
        constants: constants.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        outputs: nodes.last().unwrap().outputs.clone(),
        nodes,
        ..ModelGraph::default()
    }
}

/// The sides of the last node's output.
fn last(graph: &ModelGraph) -> Result<Vec<u64>, String> {
    let shapes = graph.shapes(&InputShapes::new()).map_err(|error| error.to_string())?;
    Ok(shapes[&graph.outputs[0]].dims.clone())
}

/// The sides that one node gives for an input `x` and constants.
fn sides(
    operator: &str,
    x: &[u64],
    constants: &[Constant],
    attributes: &[(&str, AttributeValue)],
) -> Result<Vec<u64>, String> {
    let names: Vec<String> = (0..constants.len()).map(|index| format!("c{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let constants: Vec<(&str, Constant)> = names.iter().copied().zip(constants.iter().cloned()).collect();
    let inputs = [&["x"], names.as_slice()].concat();
    last(&graph(13, x, &constants, vec![node(operator, &inputs, "y", attributes)]))
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
        // Its first side is not 1.
        ("Squeeze", vec![list(&[0])], vec![], Err(())),
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
        let found = sides(operator, &[2, 3, 4, 5], &constants, &attributes);
        assert_eq!(found.clone().map_err(|_| ()), expected, "{operator}: {found:?}");
    }
    let hidden = [("hidden_size", AttributeValue::Int(16))];
    assert_eq!(sides("com.microsoft.DynamicQuantizeLSTM", &[7, 2, 8], &[], &hidden), Ok(vec![7, 1, 2, 16]));
}

#[test]
fn transposed_windows_of_the_same_size_multiply_the_sides() {
    // 5 · 2; the second side as (5 - 1) · 2 + 3 would be 11 by itself.
    let same = [("auto_pad", AttributeValue::Text("SAME_UPPER".to_owned())), ("strides", ints(&[2, 2]))];
    assert_eq!(
        sides("ConvTranspose", &[1, 8, 5, 5], &[Constant::weights(&[8, 4, 3, 3])], &same),
        Ok(vec![1, 4, 10, 10])
    );
    assert_eq!(
        sides("ConvTranspose", &[1, 8, 5, 5], &[Constant::weights(&[8, 4, 3, 3])], &same[1..]),
        Ok(vec![1, 4, 11, 11])
    );
}

#[test]
fn scales_are_multiplied_as_runtimes_do() {
    // In 32 bits 0.7 · 10 is 7, though 0.7 itself lies a little below.
    let scales = |scales: &[f64]| Constant::floats(&[scales.len() as u64], scales);
    let roi = Constant::floats(&[0], &[]);
    let all = scales(&[1.0, 1.0, f64::from(0.7_f32), 2.0]);
    let expected = Ok(vec![1, 3, 7, 20]);
    assert_eq!(sides("Resize", &[1, 3, 10, 10], &[roi.clone(), all.clone()], &[]), expected);
    assert_eq!(sides("Upsample", &[1, 3, 10, 10], &[all], &[]), expected);
    let of_set_7 = [("scales", AttributeValue::Floats(vec![1.0, 1.0, 0.7, 2.0]))];
    assert_eq!(sides("Upsample", &[1, 3, 10, 10], &[], &of_set_7), expected);
    // Since set 18, of these axes alone; so Pad, whose axes are its fourth input.
    let last_two = [("axes", ints(&[2, -1]))];
    assert_eq!(
        sides("Resize", &[1, 3, 10, 10], &[roi, scales(&[0.5, 3.0])], &last_two),
        Ok(vec![1, 3, 5, 30])
    );
    let pads =
        [Constant::integers(&[1, 2, 0, 3]), Constant::floats(&[], &[0.0]), Constant::integers(&[2, 3])];
    assert_eq!(sides("Pad", &[1, 3, 14, 14], &pads, &[]), Ok(vec![1, 3, 15, 19]));
}

#[test]
fn shapes_that_models_compute_are_followed() {
    let one = |value: i64| Constant::integers(&[value]);
    let int = AttributeValue::Int;
    // Of set 9: bounds of Slice as attributes. [1, 8 · 4 · 4].
    let of_set_9 = vec![
        node("Shape", &["x"], "shape", &[]),
        node(
            "Slice",
            &["shape"],
            "batch",
            &[("starts", ints(&[0])), ("ends", ints(&[1])), ("axes", ints(&[0]))],
        ),
        node("Concat", &["batch", "rest"], "to", &[("axis", int(0))]),
        node("Reshape", &["x", "to"], "y", &[]),
    ];
    assert_eq!(last(&graph(9, &[1, 8, 4, 4], &[("rest", one(-1))], of_set_9)), Ok(vec![1, 128]));
    // Since set 15: a part of the shape.
    let part = |start: i64, end: i64| {
        let bounds = [("start", int(start)), ("end", int(end))];
        let nodes = vec![
            node("Shape", &["x"], "batch", &bounds),
            node("Concat", &["batch", "rest"], "to", &[("axis", int(0))]),
            node("Reshape", &["x", "to"], "y", &[]),
        ];
        last(&graph(18, &[2, 16, 32], &[("rest", one(-1))], nodes))
    };
    assert_eq!(part(0, 1), Ok(vec![2, 512]));
    assert_eq!(part(-2, 9), Ok(vec![16, 32, 2]));
    // As tensors are expanded by exporters: -1 stands for the side that is there.
    let expand = vec![
        node("Equal", &["to", "minus"], "is_open", &[]),
        node("ConstantOfShape", &["count"], "ones", &[("value", AttributeValue::Tensor(one(1)))]),
        node("Where", &["is_open", "ones", "to"], "whole", &[]),
        node("Expand", &["x", "whole"], "y", &[]),
    ];
    let constants = [("to", Constant::integers(&[5, -1, -1])), ("minus", one(-1)), ("count", one(3))];
    assert_eq!(last(&graph(17, &[1, 1, 32], &constants, expand)), Ok(vec![5, 1, 32]));
    // As exporters write borders: pairs of the last side first, turned round and over.
    let border = vec![
        node("Clip", &["open", "", "four"], "borders", &[]),
        node("Reshape", &["borders", "in_pairs"], "pairs", &[]),
        node("Slice", &["pairs", "minus", "least", "zero", "minus"], "turned", &[]),
        node("Transpose", &["turned"], "over", &[("perm", ints(&[1, 0]))]),
        node("Reshape", &["over", "minus"], "flat", &[]),
        node("Pad", &["x", "flat"], "y", &[]),
    ];
    let constants = [
        ("open", Constant::integers(&[1, 2, 3, 9, 0, 0, 0, 0])),
        ("four", Constant::integers(&[4])),
        ("in_pairs", Constant::integers(&[-1, 2])),
        ("minus", one(-1)),
        ("least", one(-9_223_372_036_854_775_807)),
        ("zero", one(0)),
    ];
    assert_eq!(last(&graph(17, &[1, 3, 10, 20], &constants, border)), Ok(vec![1, 3, 17, 23]));
    // Floats are divided with a rest: 7 / 2 = 3.5, upwards 4; integers without: 3.
    let half = |divided: &str, by: Constant| {
        let nodes = vec![
            node("Shape", &["x"], "integers", &[]),
            node("Cast", &["integers"], "floats", &[("to", int(1))]),
            node("Div", &[divided, "two"], "half", &[]),
            node("Ceil", &["half"], "up", &[]),
            node("Cast", &["up"], "to", &[("to", int(7))]),
            node("ConstantOfShape", &["to"], "y", &[]),
        ];
        last(&graph(17, &[7], &[("two", by)], nodes))
    };
    assert_eq!(half("floats", Constant::floats(&[], &[2.0])), Ok(vec![4]));
    assert_eq!(half("integers", Constant::integers(&[2])), Ok(vec![3]));
}

#[test]
fn what_the_file_declares_stands_in_for_what_cannot_be_told() {
    let mut of_file = graph(17, &[1, 4], &[], vec![node("my.own.Op", &["x"], "", &[])]);
    of_file.nodes[0].outputs.push("h".to_owned());
    of_file.nodes.push(node("my.own.Op", &["h"], "y", &[]));
    of_file.outputs = vec!["y".to_owned()];
    assert!(last(&of_file).unwrap_err().contains("its output's shape is not known"));
    // What is left out needs no shape; a batch that is left open is 1.
    of_file.declared = vec![Declared::floats("h", &[2, 3]), Declared::floats("y", &[5, 5])];
    of_file.declared[1].sides.as_mut().unwrap()[0] = Side::Named("batch".to_owned());
    assert_eq!(last(&of_file), Ok(vec![1, 5]));
    let dangling = graph(17, &[1, 4], &[], vec![node("Add", &["x", "z"], "y", &[])]);
    assert!(last(&dangling).unwrap_err().contains("nothing before it gives `z`"));
}

#[test]
fn graphs_inside_are_followed() {
    let inside = |inputs: &[&str], outputs: &[&str], nodes: Vec<ModelNode>| {
        AttributeValue::Graph(Box::new(ModelGraph {
            opset: 17,
            inputs: inputs
                .iter()
                .map(|name| Declared { sides: None, ..Declared::floats(name, &[]) })
                .collect(),
            outputs: outputs.iter().map(|&name| name.to_owned()).collect(),
            nodes,
            ..ModelGraph::default()
        }))
    };
    // Both branches give [3, 2]; when one is known to be taken, the other may give anything.
    let moved = || inside(&[], &["t"], vec![node("Transpose", &["x"], "t", &[])]);
    let plain = || inside(&[], &["p"], vec![node("Relu", &["x"], "p", &[])]);
    let choice = |x: &[u64], condition: Option<f64>| {
        let values = condition.map(|value| vec![value]);
        let condition = Constant { dims: vec![], data_type: 9, values };
        let branches = [("then_branch", moved()), ("else_branch", plain())];
        last(&graph(17, x, &[("c", condition)], vec![node("If", &["c"], "y", &branches)]))
    };
    assert_eq!(choice(&[3, 3], None), Ok(vec![3, 3]));
    assert_eq!(choice(&[2, 3], Some(1.0)), Ok(vec![3, 2]));
    assert_eq!(choice(&[2, 3], Some(0.0)), Ok(vec![2, 3]));
    assert!(choice(&[2, 3], None).is_err());
    // Ten turns, each of which gives a [2, 3].
    let turns = || {
        let nodes = vec![node("Identity", &["on"], "still", &[]), node("Relu", &["s"], "r", &[])];
        inside(&["i", "on", "s"], &["still", "r", "r"], nodes)
    };
    let mut run = node("Loop", &["ten", "", "x"], "end", &[("body", turns())]);
    run.outputs.push("y".to_owned());
    let mut looped =
        graph(17, &[2, 3], &[("ten", Constant { dims: vec![], ..Constant::integers(&[10]) })], vec![run]);
    assert_eq!(last(&looped), Ok(vec![2, 3]));
    looped.outputs = vec!["y".to_owned()];
    assert_eq!(last(&looped), Ok(vec![10, 2, 3]));
    // Column by column of [2, 3], stacked as rows.
    let scan = [
        ("body", inside(&["s"], &["r"], vec![node("Relu", &["s"], "r", &[])])),
        ("num_scan_inputs", AttributeValue::Int(1)),
        ("scan_input_axes", ints(&[1])),
    ];
    assert_eq!(last(&graph(17, &[2, 3], &[], vec![node("Scan", &["x"], "y", &scan)])), Ok(vec![3, 2]));
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
