//! Networks as other exporters write them: sums of two, integers in QOperator format and by dynamic quantization, shapes by inputs.

#![allow(clippy::unwrap_used)]

#[path = "../../profiler/tests/foreign/mod.rs"]
mod foreign;
mod program;

use std::fmt::Write as _;

use foreign::{
    F32, I64, Parts, attribute_graph, attribute_int, attribute_ints, bytes, floats, graph, model, node,
    value, weights,
};
use profiler::spec::OpSpec;
use program::Folder;
use serde_json::Value;

/// `TensorProto.DataType`.
const U8: u64 = 2;
const I8: u64 = 3;

/// A model of convolutions in floats and integers and of sums, by a law: `m.json`.
fn fitted() -> Folder {
    let folder = Folder::new();
    let mut table = "key,latency_ms\n".to_owned();
    for side in [4, 8, 16, 32] {
        for channels in [4, 8, 16] {
            let map = format!("{side}x{side}x{channels}");
            for key in [
                format!("conv-{map}-o{channels}-k3-s1"),
                format!("conv-{map}-o{channels}-k3-s1-int8"),
                format!("add-{map}"),
            ] {
                let op: OpSpec = key.parse().unwrap();
                let ms = 0.01 + op.macs().millions() + 1e-6 * op.output().elements() as f64;
                writeln!(table, "{key},{ms}").unwrap();
            }
        }
    }
    folder.write("ops.csv", table);
    let import = ["import", "ops.csv", "--format", "csv", "--kind", "key", "--device", "d", "-o", "t.csv"];
    folder.run(&import).success();
    folder.run(&["fit", "t.csv", "-o", "m.json"]).success();
    folder
}

fn predicted(folder: &Folder, parts: &Parts, arguments: &[&str]) -> Value {
    folder.write("net.onnx", model(parts));
    folder.json(&[&["predict", "m.json", "net.onnx"], arguments].concat())[0].clone()
}

fn ops(found: &Value) -> Vec<&str> {
    found["ops"].as_array().unwrap().iter().map(|op| op["subject"].as_str().unwrap()).collect()
}

/// A residual connection by this operator.
fn residual(operator: &str) -> Parts {
    Parts {
        nodes: vec![
            node("Conv", &["x", "w"], "c", &[attribute_ints("pads", &[1; 4])]),
            node(operator, &["c", "x"], "y", &[]),
        ],
        weights: vec![weights("w", F32, &[8, 8, 3, 3], &floats(576))],
        inputs: vec![value("x", F32, &["1", "8", "16", "16"])],
        outputs: vec![value("y", F32, &["1", "8", "16", "16"])],
    }
}

#[test]
fn a_sum_of_two_is_an_addition() {
    let folder = fitted();
    let found = predicted(&folder, &residual("Sum"), &[]);
    assert_eq!(ops(&found), ["conv-16x16x8-o8-k3-s1", "add-16x16x8"]);
    assert_eq!(found["latency_ms"], predicted(&folder, &residual("Add"), &[])["latency_ms"]);
}

/// Weights and what integers stand for.
fn quantized() -> Vec<Vec<u8>> {
    vec![
        weights("w", I8, &[8, 8, 3, 3], &[1; 576]),
        weights("s", F32, &[], &0.1_f32.to_le_bytes()),
        weights("z", U8, &[], &[128]),
        weights("wz", I8, &[], &[0]),
    ]
}

#[test]
fn integers_in_qoperator_format_are_int8_ops() {
    let folder = fitted();
    let inputs = ["q", "s", "z", "w", "s", "wz", "s", "z"];
    let parts = Parts {
        nodes: vec![
            node("QuantizeLinear", &["x", "s", "z"], "q", &[]),
            node("QLinearConv", &inputs, "c", &[attribute_ints("pads", &[1; 4])]),
            node("DequantizeLinear", &["c", "s", "z"], "y", &[]),
        ],
        weights: quantized(),
        inputs: vec![value("x", F32, &["1", "8", "16", "16"])],
        outputs: vec![value("y", F32, &["1", "8", "16", "16"])],
    };
    let found = predicted(&folder, &parts, &[]);
    // 8·16·16 outputs of 72 products.
    assert_eq!((ops(&found), found["macs"].as_u64()), (vec!["conv-16x16x8-o8-k3-s1-int8"], Some(147_456)));
}

#[test]
fn dynamic_quantization_has_its_work_and_may_be_guessed() {
    let folder = fitted();
    let quantize =
        [node("DynamicQuantizeLinear", &["x"], "q", &[]), bytes(2, b"qs"), bytes(2, b"qz")].concat();
    let parts = Parts {
        nodes: vec![
            quantize,
            node("ConvInteger", &["q", "w", "qz", "wz"], "i", &[attribute_ints("pads", &[1; 4])]),
            node("Cast", &["i"], "f", &[attribute_int("to", F32)]),
            node("Mul", &["f", "qs"], "y", &[]),
        ],
        weights: quantized(),
        inputs: vec![value("x", F32, &["1", "8", "16", "16"])],
        outputs: vec![value("y", F32, &["1", "8", "16", "16"])],
    };
    let found = predicted(&folder, &parts, &["--allow-unknown", "--allow-wide"]);
    assert!(ops(&found).contains(&"conv-16x16x8-o8-k3-s1-int8"), "{found}");
    assert_eq!(found["macs"].as_u64(), Some(147_456));
    folder.run(&["predict", "m.json", "net.onnx"]).code(2);
}

#[test]
fn shapes_that_depend_on_an_input_may_be_told() {
    let folder = fitted();
    let parts = Parts {
        nodes: vec![
            node("Reshape", &["x", "shape"], "r", &[]),
            node("Conv", &["r", "w"], "y", &[attribute_ints("pads", &[1; 4])]),
        ],
        weights: vec![weights("w", F32, &[8, 8, 3, 3], &floats(576))],
        inputs: vec![value("x", F32, &["1", "2048"]), value("shape", I64, &["4"])],
        outputs: vec![value("y", F32, &["1", "8", "h", "w"])],
    };
    let found = predicted(&folder, &parts, &["--input", "shape=1,8,32,8"]);
    assert_eq!(ops(&found), ["conv-32x8x8-o8-k3-s1"]);
    let reason = "its output's shape depends on the values of input `shape`, which are not given";
    folder.refused(&["predict", "m.json", "net.onnx"], &[reason, "--input shape=VALUE"]);
    let wrong = ["predict", "m.json", "net.onnx", "--input", "shape=1,8"];
    folder.refused(&wrong, &["net.onnx: values of input `shape`: it takes 4, or one for all, not 2"]);
}

#[test]
fn the_branch_that_given_values_take_is_what_is_predicted() {
    let folder = fitted();
    let branch = |kernel: u64, output: &str| {
        let count = (64 * kernel * kernel) as usize;
        graph(&Parts {
            nodes: vec![node("Conv", &["x", "w"], output, &[attribute_ints("pads", &[kernel / 2; 4])])],
            weights: vec![weights("w", F32, &[8, 8, kernel, kernel], &floats(count))],
            outputs: vec![value(output, F32, &["1", "8", "16", "16"])],
            ..Parts::default()
        })
    };
    let branches =
        [attribute_graph("then_branch", &branch(3, "a")), attribute_graph("else_branch", &branch(5, "b"))];
    let parts = Parts {
        nodes: vec![
            node("Equal", &["sr", "high"], "is_high", &[]),
            node("If", &["is_high"], "c", &branches),
            node("Add", &["c", "c"], "y", &[]),
        ],
        weights: vec![weights("high", I64, &[], &16_000_i64.to_le_bytes())],
        inputs: vec![value("x", F32, &["1", "8", "16", "16"]), value("sr", I64, &[])],
        outputs: vec![value("y", F32, &["1", "8", "16", "16"])],
    };
    let found = |sr: &str| predicted(&folder, &parts, &["--input", sr, "--allow-wide"]);
    assert_eq!(ops(&found("sr=16000")), ["conv-16x16x8-o8-k3-s1", "add-16x16x8"]);
    assert_eq!(ops(&found("sr=8000")), ["conv-16x16x8-o8-k5-s1", "add-16x16x8"]);
    folder.refused(
        &["predict", "m.json", "net.onnx"],
        &["the values of input `sr`, which are not given", "--input"],
    );
}
