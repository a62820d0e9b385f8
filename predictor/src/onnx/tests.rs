use profiler::onnx::{AttributeValue, Constant, InputShapes, Side, network_model};

use super::{drawn_model::Drawn, *};
use crate::device::{
    FitOptions, LatencyModel,
    test_rows::{fitted, law_ms, measurements, op_row, small_space},
};
use crate::interval::Flag;

/// A model of ops of these keys, measured by the law.
fn model_of(keys: &[&str]) -> LatencyModel {
    let rows = keys.iter().map(|key| op_row(key, law_ms(&key.parse().unwrap()))).collect();
    LatencyModel::fit(&measurements(rows), &FitOptions::default()).unwrap()
}

/// Ops of most kinds.
fn layers_model() -> LatencyModel {
    let mut keys = Vec::new();
    for c in [8, 16, 32] {
        keys.extend(["relu6", "hswish", "relu"].map(|a| format!("conv-14x14x{c}-o{c}-k3-s1-{a}")));
        keys.push(format!("conv-14x14x{c}-o{c}-k3-s1-g{c}-relu6"));
        keys.push(format!("conv-14x14x{c}-o24-k1-s1"));
        keys.push(format!("add-14x14x{c}"));
        keys.push(format!("gpool-14x14x{c}"));
        keys.push(format!("linear-1x1x{c}-o10"));
        keys.push(format!("act-14x14x{c}-hswish"));
    }
    model_of(&keys.iter().map(String::as_str).collect::<Vec<_>>())
}

fn ops(model: &LatencyModel, network: &OnnxNetwork) -> Vec<String> {
    let report = model.predict_onnx(network, Unknown::Refuse).unwrap();
    report.layers.into_iter().map(|layer| layer.op).collect()
}

#[test]
fn our_own_export_is_found_op_by_op() {
    let model = fitted(0.02, 20);
    let network = small_space().baseline().unwrap();
    let bytes = network_model(&network, 0).unwrap();
    let read = OnnxNetwork::read("net", &bytes, &InputShapes::new()).unwrap();
    let report = model.predict_onnx(&read, Unknown::Refuse).unwrap();
    let found: Vec<String> = report.layers.iter().map(|layer| layer.op.clone()).collect();
    let expected: Vec<String> = network.ops().iter().map(|op| op.key()).collect();
    assert_eq!(found, expected);
    // The same ops give the same latency, to the bit.
    let whole = model.predict_architecture(&network).unwrap();
    assert_eq!(report.prediction.latency.ms().to_bits(), whole.latency.ms().to_bits());
    assert_eq!((report.macs, report.prediction.flags), (network.macs().0, whole.flags));
}

#[test]
fn unfolded_normalization_and_activations_in_any_form_are_one_op_with_their_convolution() {
    let model = layers_model();
    let mut drawn = Drawn::new(&[1, 8, 14, 14]);
    // BN and Clip(0, 6).
    let mut x = drawn.conv("x", [16, 8, 3], 1);
    x = drawn.normalized(&x, 16);
    x = drawn.relu6(&x);
    // x · HardSigmoid(x).
    x = drawn.conv(&x, [16, 16, 3], 1);
    x = drawn.normalized(&x, 16);
    let gate = drawn.node("HardSigmoid", &[&x], &[]);
    x = drawn.node("Mul", &[&gate, &x], &[]);
    // x · relu6(x + 3) / 6.
    x = drawn.conv(&x, [16, 16, 3], 1);
    let (three, six) = (drawn.number(3.0), drawn.number(6.0));
    let add = drawn.node("Add", &[&x, &three], &[]);
    let clip = drawn.relu6(&add);
    let product = drawn.node("Mul", &[&x, &clip], &[]);
    x = drawn.node("Div", &[&product, &six], &[]);
    // x · (relu6(x + 3) / 6).
    x = drawn.conv(&x, [16, 16, 3], 1);
    let add = drawn.node("Add", &[&three, &x], &[]);
    let clip = drawn.relu6(&add);
    let gate = drawn.node("Div", &[&clip, &six], &[]);
    x = drawn.node("Mul", &[&x, &gate], &[]);
    // A bias added behind it.
    x = drawn.conv(&x, [16, 16, 3], 1);
    let bias = drawn.weights(&[1, 16, 1, 1]);
    x = drawn.node("Add", &[&x, &bias], &[]);
    x = drawn.node("Relu", &[&x], &[]);
    let hswish = "conv-14x14x16-o16-k3-s1-hswish";
    let expected = ["conv-14x14x8-o16-k3-s1-relu6", hswish, hswish, hswish, "conv-14x14x16-o16-k3-s1-relu"];
    assert_eq!(ops(&model, &drawn.network(&x)), expected);
}

#[test]
fn an_activation_that_something_else_reads_too_stays_by_itself() {
    let model = layers_model();
    let mut drawn = Drawn::new(&[1, 8, 14, 14]);
    let conv = drawn.conv("x", [8, 8, 3], 1);
    let swish = drawn.node("HardSwish", &[&conv], &[]);
    let sum = drawn.node("Add", &[&conv, &swish], &[]);
    let report = model.predict_onnx(&drawn.network(&sum), Unknown::Refuse).unwrap();
    let found: Vec<_> = report.layers.iter().map(|layer| layer.op.as_str()).collect();
    assert_eq!(found, ["conv-14x14x8-o8-k3-s1", "act-14x14x8-hswish", "add-14x14x8"]);
}

#[test]
fn padding_nodes_and_classifiers_of_other_tools_are_understood() {
    let model = layers_model();
    for (pool, classifier) in
        [("GlobalAveragePool", "Gemm"), ("ReduceMean", "MatMul"), ("AveragePool", "Gemm")]
    {
        let mut drawn = Drawn::new(&[1, 8, 28, 28]);
        // Padding behind the map only, as TensorFlow has it, then a convolution without: 29 → 14.
        let pads = drawn.constant(Constant::integers(&[0, 0, 0, 0, 0, 0, 1, 1]));
        let padded = drawn.node("Pad", &["x", &pads], &[]);
        let weights = drawn.weights(&[16, 8, 3, 3]);
        let mut x = drawn.node("Conv", &[&padded, &weights], &[("strides", &[2, 2])]);
        x = drawn.node("Relu", &[&x], &[]);
        x = match pool {
            "ReduceMean" => drawn.node(pool, &[&x], &[("axes", &[-1, -2]), ("keepdims", &[0])]),
            "AveragePool" => drawn.node(pool, &[&x], &[("kernel_shape", &[14, 14])]),
            _ => drawn.node(pool, &[&x], &[]),
        };
        if pool != "ReduceMean" {
            // The shape that older exporters compute: x.view(x.size(0), -1).
            let shape = drawn.node("Shape", &[&x], &[]);
            let zero = drawn.constant(Constant { dims: vec![], ..Constant::integers(&[0]) });
            let batch = drawn.node("Gather", &[&shape, &zero], &[("axis", &[0])]);
            let batch = drawn.node("Unsqueeze", &[&batch], &[("axes", &[0])]);
            let rest = drawn.constant(Constant::integers(&[-1]));
            let wanted = drawn.node("Concat", &[&batch, &rest], &[("axis", &[0])]);
            x = drawn.node("Reshape", &[&x, &wanted], &[]);
        }
        let bias = drawn.weights(&[10]);
        x = if classifier == "Gemm" {
            let weights = drawn.weights(&[10, 16]);
            drawn.node("Gemm", &[&x, &weights, &bias], &[("transB", &[1])])
        } else {
            let weights = drawn.weights(&[16, 10]);
            let product = drawn.node("MatMul", &[&x, &weights], &[]);
            drawn.node("Add", &[&bias, &product], &[])
        };
        let network = drawn.network(&x);
        let report = model.predict_onnx(&network, Unknown::Refuse).unwrap();
        let found: Vec<_> = report.layers.iter().map(|layer| layer.op.as_str()).collect();
        let expected = ["conv-28x28x8-o16-k3-s2-relu", "gpool-14x14x16", "linear-1x1x16-o10"];
        assert_eq!(found, expected, "{pool}, {classifier}");
        assert!(report.free.iter().all(|node| !node.reason.is_empty()));
        let free: Vec<_> = report.free.iter().map(|node| node.operator.as_str()).collect();
        let shaping = ["Shape", "Gather", "Unsqueeze", "Concat", "Reshape"];
        assert_eq!(free, if pool == "ReduceMean" { &[][..] } else { &shaping[..] });
    }
}

/// expand → depthwise → (squeeze-excite) → project, and perhaps the input added.
fn bottleneck(drawn: &mut Drawn, squeeze: Option<u64>) -> String {
    let mut x = drawn.conv("x", [48, 16, 1], 1);
    x = drawn.normalized(&x, 48);
    x = drawn.relu6(&x);
    x = drawn.conv(&x, [48, 1, 3], 1);
    x = drawn.normalized(&x, 48);
    x = drawn.relu6(&x);
    if let Some(squeezed) = squeeze {
        let mut gate = drawn.node("GlobalAveragePool", &[&x], &[]);
        gate = drawn.conv(&gate, [squeezed, 48, 1], 1);
        gate = drawn.node("Relu", &[&gate], &[]);
        gate = drawn.conv(&gate, [48, squeezed, 1], 1);
        gate = drawn.node("HardSigmoid", &[&gate], &[]);
        x = drawn.node("Mul", &[&gate, &x], &[]);
    }
    x = drawn.conv(&x, [16, 48, 1], 1);
    x = drawn.normalized(&x, 16);
    drawn.node("Add", &["x", &x], &[])
}

#[test]
fn bottlenecks_are_one_op_where_the_model_knows_such_and_layers_where_not() {
    let blocks: Vec<String> = [8, 16, 24, 32]
        .iter()
        .flat_map(|c| ["", "-se4"].map(|se| format!("mbconv-14x14x{c}-o{c}-e3-k3-s1{se}-relu6-res")))
        .collect();
    let blocks = model_of(&blocks.iter().map(String::as_str).collect::<Vec<_>>());
    let drawn = |squeeze| {
        let mut drawn = Drawn::new(&[1, 16, 14, 14]);
        let output = bottleneck(&mut drawn, squeeze);
        drawn.network(&output)
    };
    assert_eq!(ops(&blocks, &drawn(None)), ["mbconv-14x14x16-o16-e3-k3-s1-relu6-res"]);
    // 48 / 4 = 12, rounded to 16.
    assert_eq!(ops(&blocks, &drawn(Some(16))), ["mbconv-14x14x16-o16-e3-k3-s1-se3-relu6-res"]);
    // No ratio gives 5: no key, but its work is known.
    let report = blocks.predict_onnx(&drawn(Some(5)), Unknown::Refuse).unwrap();
    assert_eq!(report.layers.len(), 1);
    assert!(
        report.layers[0].op.starts_with("mbconv (14x14x16 to 14x14x16, 48 channels inside"),
        "{report:?}"
    );
    assert!(report.layers[0].estimate.flags.contains(&Flag::ByWork));
    let layers =
        ["conv-14x14x16-o48-k1-s1-relu6", "conv-14x14x48-o48-k3-s1-g48-relu6", "conv-14x14x48-o16-k1-s1"];
    assert_eq!(ops(&layers_model(), &drawn(None)), [&layers[..], &["add-14x14x16"]].concat());
}

#[test]
fn pairs_are_taken_where_they_were_measured() {
    let keys = ["14x14x8", "14x14x16", "7x7x8"].map(|map| format!("add-{map}+act-relu"));
    let model = model_of(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    let mut drawn = Drawn::new(&[1, 8, 14, 14]);
    let sum = drawn.node("Add", &["x", "x"], &[]);
    let output = drawn.node("Relu", &[&sum], &[]);
    assert_eq!(ops(&model, &drawn.network(&output)), ["add-14x14x8+act-relu"]);
}

#[test]
fn kinds_that_were_never_measured_are_named_and_only_guessed_at_when_asked() {
    let model = layers_model();
    let mut drawn = Drawn::new(&[1, 8, 14, 14]);
    let mut x = drawn.conv("x", [8, 8, 3], 1);
    x = drawn.node("Relu", &[&x], &[]);
    x = drawn.node("MaxPool", &[&x], &[("kernel_shape", &[2, 2]), ("strides", &[2, 2])]);
    x = drawn.node("Transpose", &[&x], &[("perm", &[0, 2, 3, 1])]);
    let network = drawn.network(&x);
    let error = model.predict_onnx(&network, Unknown::Refuse).unwrap_err();
    let text = error.to_string();
    for part in ["2 of the ops", "`maxpool-14x14x8-k2-s2`", "`transpose (Transpose 7x7x8", "allow guesses"] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    assert!(error.is_input());
    let guess = model.predict_onnx(&network, Unknown::Guess).unwrap();
    let known = model.predict(&"conv-14x14x8-o8-k3-s1-relu".parse().unwrap()).unwrap();
    // Never 0 for what is not known, and never narrow.
    assert!(guess.layers.iter().all(|layer| layer.in_network_ms > 0.0), "{guess:?}");
    let guessed = |layer: &&LayerPrediction| matches!(layer.estimate.flags[..], [Flag::Guessed { .. }]);
    assert_eq!(guess.layers.iter().filter(guessed).count(), 2);
    let width = |p: &crate::interval::Prediction| p.high.ms() / p.latency.ms();
    assert!(width(&guess.layers[1].alone) > 2.9 && width(&guess.layers[2].alone) > 7.9, "{guess:?}");
    assert!(
        guess.prediction.high.ms() - guess.prediction.latency.ms() > known.high.ms() - known.latency.ms()
    );
    assert!(guess.prediction.flags.contains(&Flag::FlaggedOps { ops: 2 }), "{:?}", guess.prediction.flags);
    // Below, no more is open than what was guessed; above, much more.
    let sure = guess.layers[0].in_network_ms;
    let [low, mid, high] = [guess.prediction.low, guess.prediction.latency, guess.prediction.high]
        .map(profiler::spec::Latency::ms);
    assert!(low > 0.4 * sure && high / mid > mid / low, "{sure}: {low} to {high}");
}

#[test]
fn int8_layers_are_int8_ops() {
    let keys: Vec<String> =
        [8, 16, 24].iter().map(|c| format!("conv-14x14x{c}-o{c}-k3-s1-relu-int8")).collect();
    let model = model_of(&keys.iter().map(String::as_str).collect::<Vec<_>>());
    for key in ["conv-14x14x8-o16-k3-s1-relu-int8", "conv-14x14x8-o16-k3-s1-relu"] {
        let bytes = profiler::onnx::op_model(&key.parse().unwrap(), 0).unwrap();
        let network = OnnxNetwork::read("int8", &bytes, &InputShapes::new()).unwrap();
        match model.predict_onnx(&network, Unknown::Refuse) {
            Ok(report) => {
                assert_eq!(report.layers.len(), 1);
                assert_eq!(report.layers[0].op, "conv-14x14x8-o16-k3-s1-relu-int8");
                assert!(report.free.iter().any(|node| node.operator == "QuantizeLinear"));
            }
            Err(error) => {
                assert!(!key.ends_with("int8"), "{error}");
                assert!(error.to_string().contains("no op of kind `conv` was measured"), "{error}");
            }
        }
    }
}

#[test]
fn open_sizes_and_nonsense_are_clear_errors() {
    let mut drawn = Drawn::new(&[1, 8, 14, 14]);
    let conv = drawn.conv("x", [8, 8, 3], 1);
    let mut graph = drawn.graph;
    graph.outputs = vec![conv];
    let read = |graph: &ModelGraph, shapes: &InputShapes| {
        OnnxNetwork::of_graph("net.onnx", graph, shapes).map_err(|error| error.to_string())
    };
    let shapes =
        |name: Option<&str>, dims: &[u64]| InputShapes::from([(name.map(str::to_owned), dims.to_vec())]);
    // An open batch is 1; other open sides are asked for.
    let open = |graph: &mut ModelGraph, place: usize| {
        graph.inputs[0].sides.as_mut().unwrap()[place] = Side::Open;
    };
    open(&mut graph, 0);
    assert!(read(&graph, &InputShapes::new()).is_ok());
    open(&mut graph, 3);
    let error = read(&graph, &InputShapes::new()).unwrap_err();
    assert!(
        error.contains("net.onnx: input `x` is [?, 8, 14, ?]") && error.contains("such as x="),
        "{error}"
    );
    assert!(read(&graph, &shapes(None, &[1, 8, 14, 20])).is_ok());
    assert!(read(&graph, &shapes(Some("x"), &[1, 8, 14, 20])).is_ok());
    assert!(read(&graph, &shapes(Some("y"), &[1, 8, 14, 20])).unwrap_err().contains("`y`"));
    assert!(read(&graph, &shapes(None, &[4, 8, 14, 20])).unwrap_err().contains("a batch of 4"));
    assert!(read(&graph, &shapes(None, &[1, 9, 14, 20])).unwrap_err().contains("8 is fixed in the model"));
    open(&mut graph, 1);
    assert!(read(&graph, &shapes(None, &[1, 9, 14, 20])).unwrap_err().contains("node `conv0` (Conv)"));
    graph.nodes[0].attributes.insert("auto_pad".to_owned(), AttributeValue::Text("SAMEISH".to_owned()));
    assert!(read(&graph, &shapes(None, &[1, 8, 14, 20])).unwrap_err().contains("`SAMEISH`"));
    let error = OnnxNetwork::read("net.onnx", b"nonsense", &InputShapes::new()).unwrap_err();
    assert!(error.to_string().contains("net.onnx: not an ONNX model") && error.is_input(), "{error}");
}
