//! Layers of networks whose nodes runtimes name, order and nest in their own ways.

#![allow(clippy::unwrap_used)]

mod foreign;

use std::fs;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use foreign::{
    F32, I64, Parts, attribute_graph, attribute_int, attribute_ints, floats, graph, model, nameless, node,
    value, weights,
};
use profiler::backend::{BackendOptions, open};
use profiler::layers::{LayerTable, TracePlan};
use profiler::measure::{Protocol, Silent};
use profiler::onnx::InputShapes;
use profiler::record::{GivenInputs, ModelInputs};
use profiler::sweep::{CompareWith, NetworkProfile, plan_model};

/// One measurement at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Loaded anew every quarter of a second.
fn layers(parts: &Parts, backend: &str) -> LayerTable {
    layers_with(parts, backend, &[])
}

/// The same with values of inputs.
fn layers_with(parts: &Parts, backend: &str, values: &[&str]) -> LayerTable {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    fs::write(&path, model(parts)).unwrap();
    let library = std::env::var_os("ORT_DYLIB_PATH").map(|path| ("onnxruntime".to_owned(), path.into()));
    let options = BackendOptions { libraries: library.into_iter().collect(), mock: None };
    let backend = open(backend, options).unwrap();
    let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
    let given = GivenInputs::read(InputShapes::new(), &values).unwrap();
    let mut inputs = ModelInputs::read(given, None).unwrap();
    let profile = NetworkProfile {
        network: &plan_model(&path, &mut inputs).unwrap(),
        backend: backend.as_ref(),
        threads: 1,
        cpus: vec![],
        protocol: Protocol { target_half_width: 0.5, budget_ns: 500_000_000, ..Protocol::brief() },
        plan: TracePlan {
            target_half_width: 0.001,
            budget_ns: 3_000_000_000,
            stretch_ns: 250_000_000,
            ..TracePlan::default()
        },
        compare_with: CompareWith::Nothing(""),
        output: None,
    };
    let result = profile.run(&mut Silent, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    result.unwrap().layers
}

/// 32·32·8 outputs of 27 products, 8·32·32 inputs into 32 outputs, and 8·10: none of the nodes has a name.
fn without_names() -> Parts {
    let [pads, strides] =
        [("pads", [1; 4].as_slice()), ("strides", &[2; 2])].map(|(n, v)| attribute_ints(n, v));
    let [one, two] = [3, 2].map(|side| attribute_ints("kernel_shape", &[side; 2]));
    Parts {
        nodes: vec![
            nameless("Conv", &["x", "w"], "c", &[one, pads, strides.clone()]),
            nameless("ConvTranspose", &["c", "v"], "t", &[two, strides]),
            nameless("GlobalAveragePool", &["t"], "g", &[]),
            nameless("Flatten", &["g"], "f", &[]),
            nameless("Gemm", &["f", "u"], "y", &[attribute_int("transB", 1)]),
        ],
        weights: vec![
            weights("w", F32, &[8, 3, 3, 3], &floats(216)),
            weights("v", F32, &[8, 8, 2, 2], &floats(256)),
            weights("u", F32, &[10, 8], &floats(80)),
        ],
        inputs: vec![value("x", F32, &["1", "3", "64", "64"])],
        outputs: vec![value("y", F32, &["1", "10"])],
    }
}

#[test]
fn nodes_without_names_have_their_work_in_tract() {
    assert_eq!(layers(&without_names(), "tract").macs, Some(221_184 + 262_144 + 80));
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn nodes_without_names_have_their_work_in_onnxruntime() {
    let table = layers(&without_names(), "onnxruntime");
    assert_eq!(table.macs, Some(221_184 + 262_144 + 80));
    let names: Vec<&str> = table.layers.iter().filter(|l| l.macs > Some(0)).map(|l| &*l.layer).collect();
    assert_eq!(names, ["c", "t", "y"]);
}

/// Ten blocks, in each a squeeze-excite, a transposed sum, and so changes of layout that may come in any order.
fn blocks() -> Parts {
    let mut parts = Parts {
        inputs: vec![value("x", F32, &["1", "16", "40", "40"])],
        outputs: vec![value("b9_y", F32, &["1", "16", "40", "40"])],
        ..Parts::default()
    };
    let mut input = "x".to_owned();
    for block in 0..10 {
        let v = |name: &str| format!("b{block}_{name}");
        let mut add = |operator: &str, inputs: &[&String], output: &str, attributes: &[Vec<u8>]| {
            let inputs: Vec<&str> = inputs.iter().map(|input| input.as_str()).collect();
            parts.nodes.push(node(operator, &inputs, &v(output), attributes));
        };
        add("Conv", &[&input, &v("w")], "c", &[attribute_ints("pads", &[1; 4])]);
        add("Sigmoid", &[&v("c")], "s", &[]);
        add("Mul", &[&v("c"), &v("s")], "m", &[]);
        add("GlobalAveragePool", &[&v("m")], "g", &[]);
        add("Conv", &[&v("g"), &v("u")], "e", &[]);
        add("HardSigmoid", &[&v("e")], "h", &[]);
        add("Mul", &[&v("m"), &v("h")], "q", &[]);
        add("Transpose", &[&v("q")], "t", &[attribute_ints("perm", &[0, 1, 3, 2])]);
        add("Add", &[&v("t"), &input], "y", &[]);
        parts.weights.push(weights(&v("w"), F32, &[16, 16, 3, 3], &floats(2_304)));
        parts.weights.push(weights(&v("u"), F32, &[16, 16, 1, 1], &floats(256)));
        input = v("y");
    }
    parts
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn nodes_that_are_ordered_and_numbered_anew_at_each_load_are_found() {
    let table = layers(&blocks(), "onnxruntime");
    // Ten times 40·40·16 outputs of 144 products, and 16·16 behind the pooling.
    assert_eq!(table.macs, Some(10 * (25_600 * 144 + 256)));
    // However often it was loaded, each convolution is one layer, and the changes of layout have no numbers.
    let names: Vec<&str> = table.layers.iter().map(|layer| layer.layer.as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "node_b3_c").count(), 1, "{names:?}");
    assert!(names.contains(&"ReorderOutput 1x16x40x40"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("_token_")), "{names:?}");
    // A busy machine has room here; `tests/real_networks` checks closer.
    assert!((0.8..1.2).contains(&table.sum_over_whole), "{}", table.sum_over_whole);
}

/// Twenty nodes in either branch, next to no work in any.
fn branches() -> Parts {
    let branch = |prefix: &str| {
        let value_of = |place: usize| format!("{prefix}{place}");
        let node_of = |place: usize| match place {
            0 => node("Sigmoid", &["x"], &value_of(0), &[]),
            _ => {
                let operator = if place % 2 == 1 { "Neg" } else { "Sigmoid" };
                node(operator, &[&value_of(place - 1)], &value_of(place), &[])
            }
        };
        let nodes = (0..20).map(node_of).collect();
        graph(&Parts { nodes, outputs: vec![value(&value_of(19), F32, &["1", "64"])], ..Parts::default() })
    };
    let attributes =
        [attribute_graph("then_branch", &branch("a")), attribute_graph("else_branch", &branch("b"))];
    Parts {
        nodes: vec![
            node("ReduceSum", &["x"], "s", &[attribute_int("keepdims", 0)]),
            node("Greater", &["s", "zero"], "c", &[]),
            node("If", &["c"], "y", &attributes),
            node("Relu", &["y"], "out", &[]),
        ],
        weights: vec![weights("zero", F32, &[], &[0; 4])],
        inputs: vec![value("x", F32, &["1", "64"])],
        outputs: vec![value("out", F32, &["1", "64"])],
    }
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn what_noting_nodes_within_a_node_costs_is_none_of_its_time() {
    let table = layers(&branches(), "onnxruntime");
    assert_eq!(table.layers.len(), 4);
    // Noting the twenty nodes within takes ten times as long as the network: were it left in, so would be the sum. On a busy machine
    // it was 1.5 times the whole, in quiet 1.0 to 1.3.
    assert!(table.sum_ms < 3.0 * table.whole.latency_ms, "{} of {}", table.sum_ms, table.whole.latency_ms);
    assert!(table.layers.iter().all(|layer| layer.time.latency_ms >= 0.0));
}

/// A convolution in a branch that an input decides about, with one before and one behind it.
fn chosen() -> Parts {
    let branch = |kernel: u64, prefix: &str| {
        let conv = format!("{prefix}c");
        let count = (256 * kernel * kernel) as usize;
        graph(&Parts {
            nodes: vec![
                node("Conv", &["b", "w"], &conv, &[attribute_ints("pads", &[kernel / 2; 4])]),
                node("Relu", &[&conv], &format!("{prefix}r"), &[]),
            ],
            weights: vec![weights("w", F32, &[16, 16, kernel, kernel], &floats(count))],
            outputs: vec![value(&format!("{prefix}r"), F32, &["1", "16", "32", "32"])],
            ..Parts::default()
        })
    };
    let branches =
        [attribute_graph("then_branch", &branch(3, "t")), attribute_graph("else_branch", &branch(1, "e"))];
    Parts {
        nodes: vec![
            node("Equal", &["sr", "high"], "is_high", &[]),
            node("Conv", &["x", "v"], "b", &[]),
            node("If", &["is_high"], "c", &branches),
            node("Conv", &["c", "u"], "y", &[]),
        ],
        weights: vec![
            weights("high", I64, &[], &16_000_i64.to_le_bytes()),
            weights("v", F32, &[16, 16, 1, 1], &floats(256)),
            weights("u", F32, &[8, 16, 1, 1], &floats(128)),
        ],
        inputs: vec![value("x", F32, &["1", "16", "32", "32"]), value("sr", I64, &[])],
        outputs: vec![value("y", F32, &["1", "8", "32", "32"])],
    }
}

/// The layer of the branch is its convolution, with its work and a time of its own.
fn branch_is_a_layer(runtime: &str) {
    let table = layers_with(&chosen(), runtime, &["sr=16000"]);
    // 32·32 positions: 16 · 16, 9 times as many, and 8 · 16.
    assert_eq!(table.macs, Some(1024 * (256 + 2304 + 128)), "{:?}", table.layers);
    let layer = table.layers.iter().find(|layer| layer.macs == Some(1024 * 2304)).unwrap();
    // ONNX Runtime calls it by what the rectifier that it took in gives.
    let is_named = |name: &String| name.contains("tc") || name.contains("tr");
    assert!(layer.runtime_nodes.iter().any(is_named), "{layer:?}");
    assert!(layer.time.latency_ms > 0.0, "{:?}", table.layers);
}

#[test]
fn a_branch_that_given_values_take_has_layers_in_tract() {
    branch_is_a_layer("tract");
}

#[test]
#[ignore = "needs ORT_DYLIB_PATH"]
fn a_branch_that_given_values_take_has_layers_in_onnxruntime() {
    branch_is_a_layer("onnxruntime");
}
