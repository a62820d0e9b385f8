//! Steps of small networks.

use super::*;
use crate::onnx::{
    AttributeValue, Biases, Constant, Curve, Declared, Filters, InputShapes, ModelGraph, ModelNode, Sketch,
    Sketched, Weights,
};
use crate::spec::Activation;

/// The model's graph, and its steps as they are measured in place.
fn read(sketch: Sketch, output: &Sketched) -> (ModelGraph, Steps) {
    let graph = ModelGraph::read(&sketch.finish("net", output)).unwrap();
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    let (mut steps, _) = translate(&graph, &shapes).unwrap();
    fuse(&mut steps);
    (graph, in_place(&steps))
}

fn keys(steps: &Steps) -> Vec<String> {
    steps.iter().map(|(_, step)| step_key(step).to_string()).collect()
}

const RELU: Curve = Curve::Known(Activation::Relu);

#[test]
fn sums_and_activations_belong_to_the_convolution_before_them() {
    let (mut sketch, image) = Sketch::new(3, 16, Weights::Seeded(0));
    let stem = sketch.conv(&image, Filters::square(8, 3, 2));
    let stem = sketch.act(&stem, Curve::Known(Activation::Relu6));
    let first = sketch.conv(&stem, Filters::square(8, 3, 1));
    let first = sketch.act(&first, Curve::Known(Activation::Swish));
    let second = sketch.conv(&first, Filters::depthwise(8, 5, 1));
    let sum = sketch.add(&stem, &second);
    let sum = sketch.act(&sum, RELU);
    // What reads a sum of two convolutions is a part of the later one.
    let left = sketch.conv(&sum, Filters::pointwise(16));
    let right = sketch.conv(&sum, Filters { groups: 4, ..Filters::square(16, 3, 1) });
    let both = sketch.add(&left, &right);
    let pooled = sketch.global_pool(&both);
    let flat = sketch.flatten(&pooled);
    let hidden = sketch.linear(&flat, 32);
    let hidden = sketch.act(&hidden, RELU);
    let (graph, steps) = read(sketch, &hidden);
    let expected = [
        "stem@conv-16x16x3-8x8x8-k3-s2-g1+relu6",
        "conv@conv-8x8x8-8x8x8-k3-s1-g1+swish",
        "depthwise@conv-8x8x8-8x8x8-k5-s1-g8+add+relu",
        "pointwise@conv-8x8x8-8x8x16-k1-s1-g1",
        "grouped@conv-8x8x8-8x8x16-k3-s1-g4+add",
        "gpool@gpool-8x8x16",
        "linear@linear-1x1x16-1x1x32+relu",
    ];
    assert_eq!(keys(&steps), expected);
    // Every node has a home, the flattening one that of the pooling before it.
    let homes = steps.homes();
    assert_eq!(homes.len(), graph.nodes.len());
    let home_of = |operator: &str| {
        let position = graph.nodes.iter().position(|node| node.operator == operator).unwrap();
        steps.get(homes[&position]).unwrap().operator()
    };
    assert_eq!([home_of("Flatten"), home_of("Sigmoid")], ["GlobalAveragePool", "Conv"]);
}

#[test]
fn a_sum_whose_other_term_comes_later_stays_by_itself() {
    let (mut sketch, image) = Sketch::new(8, 8, Weights::Seeded(0));
    let conv = sketch.conv(&image, Filters::square(8, 3, 1));
    let pooled = sketch.max_pool(&image, 3, 1);
    let sum = sketch.add(&conv, &pooled);
    let (_, steps) = read(sketch, &sum);
    let expected = ["conv@conv-8x8x8-8x8x8-k3-s1-g1", "maxpool@maxpool-8x8x8-8x8x8-k3", "add@add-8x8x8"];
    assert_eq!(keys(&steps), expected);
}

#[test]
fn what_is_written_in_many_nodes_is_one_step() {
    let (mut sketch, image) = Sketch::new(8, 8, Weights::Seeded(0));
    let last = sketch.transpose(&image, &[0, 2, 3, 1]);
    let normal = sketch.layer_norm_in_parts(&last);
    let wide = sketch.matmul(&normal, 32);
    let curved = sketch.act(&wide, Curve::Gelu);
    let (_, steps) = read(sketch, &curved);
    let expected = [
        // 8·8·8 = 512 elements; 8 + 8 trained ones, of which ε and the exponent are two.
        "transpose@other-8x8x8-8x8x8-r512-w512-c0-m0",
        "layernormalization@other-8x8x8-8x8x8-r512-w512-c18-m0",
        // 64 positions; 64·8·32 = 16384.
        // With its biases, which are added along the last side.
        "matmul@conv-1x64x8-1x64x32-k1-s1-g1",
        "gelu@other-8x32x8-8x32x8-r2048-w2048-c3-m0",
    ];
    assert_eq!(keys(&steps), expected);
    assert_eq!(steps.iter().filter_map(|(_, step)| step.macs).sum::<u64>(), 16_384);
}

#[test]
fn a_product_of_many_rows_is_of_positions_whatever_operator_writes_it() {
    let (mut sketch, image) = Sketch::new(8, 8, Weights::Seeded(0));
    let rows = sketch.reshape(&image, &[64, 8]);
    let wide = sketch.linear(&rows, 32);
    let (_, steps) = read(sketch, &wide);
    assert_eq!(keys(&steps), ["matmul@conv-1x64x8-1x64x32-k1-s1-g1"]);
}

#[test]
fn rectangles_and_unknown_operators_have_keys() {
    let (mut sketch, image) = Sketch::new(8, 8, Weights::Seeded(0));
    let row = sketch.conv(&image, Filters { kernel: [1, 7], ..Filters::pointwise(8) });
    let [left, right] = sketch.split(&row, 4);
    let joined = sketch.concat(&[&right, &left]);
    let leaky = sketch.act(&joined, Curve::LeakyRelu);
    let last = sketch.conv(&leaky, Filters::pointwise(4));
    let last = sketch.act(&last, Curve::LeakyRelu);
    let (_, steps) = read(sketch, &last);
    let expected = [
        "conv@conv-8x8x8-8x8x8-k1x7-s1-g1",
        // Two constants say where to split.
        "split@other-8x8x8-8x8x4-r512-w512-c2-m0",
        "concat@concat-8x8x4-8x8x8-n2",
        "leakyrelu@other-8x8x8-8x8x8-r512-w512-c0-m0",
        "pointwise@conv-8x8x8-8x8x4-k1-s1-g1+leakyrelu",
    ];
    assert_eq!(keys(&steps), expected);
}

#[test]
fn what_a_product_of_values_reads_in_another_order_is_part_of_it() {
    let (mut sketch, image) = Sketch::new(8, 4, Weights::Seeded(0));
    let flat = sketch.reshape(&image, &[1, 2, 4, 16]);
    // [1, 2, 16, 4] · [1, 2, 4, 16], a tenth of it, softmax, · [1, 2, 16, 4] → [1, 16, 2, 4].
    let query = sketch.transpose(&flat, &[0, 1, 3, 2]);
    let scores = sketch.product(&query, &flat);
    let scores = sketch.times(&scores, 0.1);
    let weights = sketch.softmax(&scores);
    let value = sketch.transpose(&flat, &[0, 1, 3, 2]);
    let mixed = sketch.product(&weights, &value);
    let mixed = sketch.transpose(&mixed, &[0, 2, 1, 3]);
    let sum = sketch.add(&mixed, &mixed);
    let normal = sketch.layer_norm(&sum);
    let (_, steps) = read(sketch, &normal);
    let expected = [
        // 2·16·16 = 512 scores of 4 products each; two terms of 128 elements.
        "batch_matmul@other-4x16x2-16x16x2-r256-w512-c0-m2048",
        "softmax@softmax-16x16x2",
        // 128 results of 16 products each.
        "batch_matmul@other-16x16x2-2x4x16-r640-w128-c0-m2048",
        // The sum is part of the normalization, and reads its term twice.
        "layernormalization@other-2x4x16-2x4x16-r256-w128-c8-m0+add",
    ];
    assert_eq!(keys(&steps), expected);
}

#[test]
fn what_follows_a_normalization_is_part_of_it() {
    let (mut sketch, image) = Sketch::new(8, 4, Weights::Seeded(0));
    let normal = sketch.batch_norm(&image);
    let active = sketch.act(&normal, RELU);
    let (_, steps) = read(sketch, &active);
    assert_eq!(keys(&steps), ["batchnorm@other-4x4x8-4x4x8-r128-w128-c32-m0+relu"]);
}

#[test]
fn outputs_may_be_left_out() {
    let floats = |name: &str, dims: &[u64]| Declared::floats(name, dims);
    let recurrent = ModelNode {
        name: "lstm".to_owned(),
        operator: "LSTM".to_owned(),
        inputs: ["x", "w", "r"].map(str::to_owned).to_vec(),
        outputs: vec![String::new(), "h".to_owned()],
        attributes: [("hidden_size".to_owned(), AttributeValue::Int(16))].into(),
    };
    let weights = [("w", [1, 64, 8]), ("r", [1, 64, 16])];
    let graph = ModelGraph {
        opset: 17,
        inputs: vec![floats("x", &[1, 1, 8])],
        outputs: vec!["h".to_owned()],
        nodes: vec![recurrent],
        constants: weights.map(|(name, dims)| (name.to_owned(), Constant::weights(&dims))).into(),
        declared: vec![floats("h", &[1, 1, 16])],
        ..ModelGraph::default()
    };
    let (steps, _) = translate(&graph, &graph.shapes(&InputShapes::new()).unwrap()).unwrap();
    // 64 · 8 + 64 · 16.
    assert_eq!(steps.iter().map(|(_, step)| step.macs).collect::<Vec<_>>(), [Some(1536)]);
}

#[test]
fn products_by_dynamic_quantization_are_one_step_and_convolutions_are_not() {
    let (mut sketch, image) = Sketch::new(8, 4, Weights::Seeded(0));
    let read_once = sketch.quantize_dynamically(&image);
    let map = sketch.dynamic_conv(&read_once, Filters::square(16, 3, 1), Biases::Real);
    let flat = sketch.reshape(&map, &[1, 16, 16]);
    let sequence = sketch.transpose(&flat, &[0, 2, 1]);
    let read_twice = sketch.quantize_dynamically(&sequence);
    let (left, right) = (sketch.dynamic_matmul(&read_twice, 4), sketch.dynamic_matmul(&read_twice, 4));
    let right = sketch.act(&right, RELU);
    let sum = sketch.add(&left, &right);
    let (graph, steps) = read(sketch, &sum);
    let keys = keys(&steps);
    let expected = [
        "dynamicquantizelinear@other-4x4x8-4x4x8-r128-w130-c0-m0",
        "conv_dynamic_int8@conv-4x4x8-4x4x16-k3-s1-g1",
        "cast@other-4x4x16-4x4x16-r256-w256-c0-m0",
        "mul_constant@other-1x1x1-1x1x1-r1-w1-c1-m0",
        "mul@other-4x4x16-4x4x16-r257-w256-c0-m0",
        "add_constant@other-4x4x16-4x4x16-r256-w256-c16-m0",
    ];
    assert_eq!(keys[..6], expected);
    let product = "matmul_dynamic_int8@conv-1x16x16-1x16x4-k1-s1-g1";
    let products: Vec<&String> = keys.iter().filter(|key| key.starts_with("matmul")).collect();
    assert_eq!(products, [product, &format!("{product}+relu")]);
    // Quantization, the two products and their sum behind the change of sides.
    assert_eq!(keys.len(), 6 + 1 + 4);
    assert_eq!(steps.homes().len(), graph.nodes.len());
}
