//! Runtime nodes as steps.

use super::*;
use crate::measure::{Drift, Entry, History, RawNs, Reading};
use crate::onnx::{
    Curve, Filters, InputShapes, ModelGraph, Sketch, Weights,
    steps::{Steps, fuse, in_place, translate},
};
use crate::spec::Activation;

/// stem + relu → layer norm in parts, as a sequence → matmul, gelu; names are `OPERATOR_vN`.
fn network() -> (Outline, Steps) {
    let (mut sketch, image) = Sketch::new(3, 8, Weights::Seeded(0));
    let stem = sketch.conv(&image, Filters::square(8, 3, 2));
    let stem = sketch.act(&stem, Curve::Known(Activation::Relu));
    let flat = sketch.reshape(&stem, &[1, 8, 16]);
    let sequence = sketch.transpose(&flat, &[0, 2, 1]);
    let wide = sketch.matmul(&sequence, 32);
    let curved = sketch.act(&wide, Curve::Gelu);
    let onnx = sketch.finish("net", &curved);
    let graph = ModelGraph::read(&onnx).unwrap();
    let (mut steps, _) = translate(&graph, &graph.shapes(&InputShapes::new()).unwrap()).unwrap();
    fuse(&mut steps);
    (Outline::read(&onnx).unwrap(), in_place(&steps))
}

/// Nodes that take so many microseconds in each of eight rounds, 10 µs between them.
fn traced(nodes: &[(&str, &str, f64)]) -> InPlace {
    let rounds = 8;
    let node = |(name, operator, us): &(&str, &str, f64)| NodeRounds {
        name: (*name).to_owned(),
        operator: (*operator).to_owned(),
        multiply_adds: None,
        is_everywhere: true,
        round_ns: vec![us * 1e3; rounds],
    };
    let whole = nodes.iter().map(|(_, _, us)| us * 1e3).sum::<f64>() + 10e3;
    let mut history = History::default();
    let clock = crate::measure::ClockQuality::of(&FakeClock::new()).unwrap();
    history.push(Entry::Start { clock }).unwrap();
    history.push(Entry::Reading(Reading::of_block(0, RawNs(1.0)))).unwrap();
    InPlace {
        whole_ns: vec![whole; rounds],
        nodes: nodes.iter().map(node).collect(),
        runs: 8,
        dropped_runs: 0,
        is_preempted: false,
        node_cost_ns: 0.0,
        resolution_ns: 1,
        drift: Drift::of(&history).unwrap().unwrap().report(0.15),
        spent_ns: 1,
    }
}

fn found(table: &StepTable) -> Vec<(String, f64)> {
    table.rows.iter().map(|row| (row.key.to_string(), (row.time.latency_ms * 1e6).round() / 1e3)).collect()
}

#[test]
fn runtime_nodes_add_up_to_steps_and_steps_to_the_whole() {
    let (outline, steps) = network();
    let in_place = traced(&[
        // As ONNX Runtime has them: a change of layout, a convolution called by its activation's value, a shape of its own node.
        ("Conv_v0_nchwc", "Conv", 100.0),
        ("ReorderOutput 1x8x4x4", "ReorderOutput", 7.0),
        ("Reshape_v2", "Reshape", 2.0),
        ("Transpose_v3", "Transpose", 5.0),
        ("MatMul_v4", "MatMul", 40.0),
        // What it wrote for five nodes, under a name of its own.
        ("Gelu 1x16x32", "Gelu", 20.0),
    ]);
    let table = StepTable::of(&in_place, &outline, &steps).unwrap();
    let expected = [
        // With the shape that passes on what it gave.
        ("stem@conv-8x8x3-4x4x8-k3-s2-g1+relu", 102.0),
        ("transpose@other-1x8x16-1x16x8-r128-w128-c0-m0", 5.0),
        ("matmul@conv-1x16x8-1x16x32-k1-s1-g1", 40.0),
        ("gelu@other-1x16x32-1x16x32-r512-w512-c3-m0", 20.0),
        ("reorder@other-4x4x8-4x4x8-r128-w128-c0-m0", 7.0),
    ];
    assert_eq!(found(&table), expected.map(|(key, us)| (key.to_owned(), us)));
    let sum: f64 = table.rows.iter().map(|row| row.time.latency_ms).sum();
    assert!((sum + table.rest_ms - table.whole.latency_ms).abs() < 1e-12);
    assert!((table.rest_ms - 0.01).abs() < 1e-12, "{}", table.rest_ms);
    assert_eq!(table.keys.len(), 5);
}

#[test]
fn what_no_node_names_is_one_with_a_neighbour_or_has_no_time() {
    let (outline, steps) = network();
    // The product goes into what follows it; nobody computes the transposition.
    let in_place =
        traced(&[("Relu_v1", "Conv", 50.0), ("Mul_v10", "Custom", 30.0), ("constant", "Source", 1.0)]);
    let table = StepTable::of(&in_place, &outline, &steps).unwrap();
    let (stem, product) = ("stem@conv-8x8x3-4x4x8-k3-s2-g1+relu", "matmul@conv-1x16x8-1x16x32-k1-s1-g1+gelu");
    assert_eq!(found(&table), [(stem, 50.0), (product, 30.0)].map(|(key, us)| (key.to_owned(), us)));
    let keys: Vec<String> = table.keys.iter().map(ToString::to_string).collect();
    assert_eq!(keys, [stem, "transpose@other-1x8x16-1x16x8-r128-w128-c0-m0", product]);
    // What nobody knows stays with the runtime's own time: 10 + 1 µs.
    assert!((table.rest_ms - 0.011).abs() < 1e-12);
}

#[test]
fn nodes_without_a_name_go_to_steps_of_their_size_that_have_none() {
    let (outline, steps) = network();
    let in_place = traced(&[
        ("Conv_v0", "Conv", 50.0),
        // Of another size than any step: nobody's.
        ("Transpose 1x7x7", "Transpose", 3.0),
        ("Transpose 1x16x8", "Transpose", 5.0),
        // The only step of that kind and size has one.
        ("Transpose 1x16x8", "Transpose", 4.0),
        ("MatMul_v4", "MatMul", 40.0),
        ("Mul_v10", "Mul", 20.0),
    ]);
    let table = StepTable::of(&in_place, &outline, &steps).unwrap();
    let transposed: Vec<_> =
        found(&table).into_iter().filter(|(key, _)| key.starts_with("transpose")).collect();
    let expected = [
        ("transpose@other-1x8x16-1x16x8-r128-w128-c0-m0", 5.0),
        ("transpose@other-7x1x7-7x1x7-r49-w49-c0-m0", 3.0),
        ("transpose@other-16x1x8-16x1x8-r128-w128-c0-m0", 4.0),
    ];
    assert_eq!(transposed, expected.map(|(key, us)| (key.to_owned(), us)));
}

#[test]
fn a_product_of_dynamic_quantization_that_was_fused_goes_to_its_step() {
    let (mut sketch, image) = Sketch::new(3, 8, Weights::Seeded(0));
    let flat = sketch.reshape(&image, &[1, 64, 3]);
    let read = sketch.quantize_dynamically(&flat);
    let product = sketch.dynamic_matmul(&read, 16);
    let onnx = sketch.finish("net", &product);
    let graph = ModelGraph::read(&onnx).unwrap();
    let (mut steps, _) = translate(&graph, &graph.shapes(&InputShapes::new()).unwrap()).unwrap();
    fuse(&mut steps);
    let in_place_times = traced(&[("DynamicQuantizeMatMul 1x64x16", "DynamicQuantizeMatMul", 30.0)]);
    let table = StepTable::of(&in_place_times, &Outline::read(&onnx).unwrap(), &in_place(&steps)).unwrap();
    let key = "matmul_dynamic_int8@conv-1x64x3-1x64x16-k1-s1-g1";
    assert_eq!(found(&table), [(key.to_owned(), 30.0)]);
    // What makes the integers has no node of its own.
    assert_eq!(table.keys.len(), 2);
}

#[test]
fn a_product_named_after_the_sum_behind_it_is_its_own_step() {
    let (mut sketch, image) = Sketch::new(3, 8, Weights::Seeded(0));
    let main = sketch.conv(&image, Filters::square(8, 1, 1));
    let shortcut = sketch.conv(&image, Filters::square(8, 1, 1));
    let sum = sketch.add(&main, &shortcut);
    let onnx = sketch.finish("net", &sum);
    let graph = ModelGraph::read(&onnx).unwrap();
    let (mut steps, _) = translate(&graph, &graph.shapes(&InputShapes::new()).unwrap()).unwrap();
    fuse(&mut steps);
    // The model's rules count the sum to the later of both; tract computes the first in a node that bears the sum's name.
    let nodes = [
        ("Conv_v1", "OptMatMul", 30.0),
        ("Conv_v0.pack", "OptMatMulPack", 2.0),
        ("Add_v2", "OptMatMul", 20.0),
    ];
    let mut in_place_times = traced(&nodes);
    for (node, made) in in_place_times.nodes.iter_mut().zip([1536, 0, 1536]) {
        node.multiply_adds = Some(made);
    }
    let table = StepTable::of(&in_place_times, &Outline::read(&onnx).unwrap(), &in_place(&steps)).unwrap();
    let map = "pointwise@conv-8x8x3-8x8x8-k1-s1-g1";
    assert_eq!(found(&table), [(map.to_owned(), 22.0), (format!("{map}+add"), 30.0)]);
}
