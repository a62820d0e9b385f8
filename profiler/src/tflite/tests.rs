use super::builtin::Builtin as B;
use super::sample::{Option_ as O, Sample, SampleTensor};
use super::schema::{
    activation, concatenation, conv_2d, depth_to_space, fully_connected, padding, pool_2d, reducer,
    strided_slice, tensor_type,
};
use super::*;
use crate::onnx::steps::{FreeNode, fuse, translate};
use crate::onnx::{InputShapes, ModelGraph, NumberFormat, number_format};

fn conv(pads: i8, stride: i32, active: i8) -> Vec<O> {
    vec![
        O::I8(conv_2d::PADDING.slot, pads),
        O::I32(conv_2d::STRIDE_W.slot, stride),
        O::I32(conv_2d::STRIDE_H.slot, stride),
        O::I8(conv_2d::ACTIVATION.slot, active),
    ]
}

/// Of 4 × 5 × 2: a 3 × 3 convolution with stride 2 into 3 channels, its mean over pairs of rows, flattened, times a matrix.
pub(super) fn network() -> Sample {
    let mut sample = Sample::default();
    let input = sample.value(&[1, 4, 5, 2]);
    let weights: Vec<f32> = (0..54).map(|i| ((i * 7) % 11) as f32 / 10.0 - 0.4).collect();
    let (weights, biases) = (sample.floats(&[3, 3, 3, 2], &weights), sample.floats(&[3], &[0.5, -0.25, 1.0]));
    let options = conv(padding::SAME, 2, activation::RELU6);
    let map = sample.node(B::CONV_2D, &[input, weights, biases], &[1, 2, 3, 3], (conv_2d::TAG, &options));
    let pool = [
        O::I8(pool_2d::PADDING.slot, padding::VALID),
        O::I32(pool_2d::STRIDE_W.slot, 1),
        O::I32(pool_2d::STRIDE_H.slot, 1),
        O::I32(pool_2d::FILTER_W.slot, 1),
        O::I32(pool_2d::FILTER_H.slot, 2),
    ];
    let row = sample.node(B::AVERAGE_POOL_2D, &[map], &[1, 1, 3, 3], (pool_2d::TAG, &pool));
    let matrix: Vec<f32> = (0..18).map(|i| ((i * 5) % 7) as f32 / 3.0 - 1.0).collect();
    let matrix = sample.floats(&[2, 9], &matrix);
    let options = [O::I8(fully_connected::ACTIVATION.slot, activation::NONE)];
    let product =
        sample.node(B::FULLY_CONNECTED, &[row, matrix, -1], &[1, 2], (fully_connected::TAG, &options));
    (sample.inputs, sample.outputs) = (vec![input], vec![product]);
    sample
}

/// The same in 8-bit integers: input and map in halves around 10, weights with a scale for each filter.
pub(super) fn integers() -> Sample {
    let mut sample = Sample::default();
    let int8 = |dims: &[i32]| SampleTensor {
        dims: dims.to_vec(),
        data_type: tensor_type::INT8,
        scales: vec![0.5],
        zeros: vec![10],
        ..SampleTensor::default()
    };
    let input = sample.tensor(int8(&[1, 4, 4, 1]));
    let weights = sample.tensor(SampleTensor {
        data: vec![1; 18],
        scales: vec![0.1, 0.2],
        zeros: vec![0, 0],
        ..int8(&[2, 3, 3, 1])
    });
    let biases = sample.tensor(SampleTensor {
        data_type: tensor_type::INT32,
        data: vec![0; 8],
        scales: vec![0.05, 0.1],
        zeros: vec![0, 0],
        ..int8(&[2])
    });
    let output = sample.tensor(int8(&[1, 4, 4, 2]));
    let options = conv(padding::SAME, 1, activation::RELU);
    sample.give(B::CONV_2D.code(), "", &[input, weights, biases], &[output], (conv_2d::TAG, &options));
    (sample.inputs, sample.outputs) = (vec![input], vec![output]);
    sample
}

/// Checks that all sizes that follow from the translation are those that the file declares; the graph, and its steps as text.
pub(super) fn checked(bytes: &[u8]) -> (ModelGraph, Vec<String>, Vec<FreeNode>) {
    let graph = ModelGraph::read(&to_onnx(bytes).unwrap()).unwrap();
    // What operators give, without what the file says.
    let bare = ModelGraph { declared: Vec::new(), ..graph.clone() };
    let is_foreign = |name: &str| {
        let gives = graph.nodes.iter().find(|node| node.outputs.iter().any(|output| output == name));
        gives.is_none_or(|node| node.operator.contains('.'))
    };
    let is_all_known = graph.nodes.iter().all(|node| !node.operator.contains('.'));
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    let told = if is_all_known { bare.shapes(&InputShapes::new()).unwrap() } else { shapes.clone() };
    for value in graph.declared.iter().filter(|value| !is_foreign(&value.name)) {
        let declared = crate::onnx::Declared::floats("", &told[&value.name].dims).sides;
        assert_eq!(value.sides, declared, "`{}`", value.name);
    }
    let (mut steps, free) = translate(&graph, &shapes).unwrap();
    fuse(&mut steps);
    let keys = steps.iter().map(|(_, step)| crate::onnx::steps::step_key(step).to_string());
    (graph.clone(), keys.collect(), free)
}

#[test]
fn a_network_is_read_as_its_ops_with_channels_second() {
    let (graph, keys, free) = checked(&network().bytes());
    let nodes: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(
        nodes,
        [
            "CONV_2D_0",
            "CONV_2D_0/Clip",
            "AVERAGE_POOL_2D_1",
            "FULLY_CONNECTED_2/layout",
            "FULLY_CONNECTED_2/shape",
            "FULLY_CONNECTED_2"
        ]
    );
    // 2 channels are few.
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(keys[0].contains("stem") && keys[0].contains("relu6"), "{keys:?}");
    let free: Vec<_> = free.iter().map(|free| free.reason).collect();
    assert_eq!(free, ["the runtime has the sides in this order", "another shape for the same memory"]);
    // 3 · 2 · 3 outputs of 2 · 9; 2 of 9.
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    assert_eq!(graph.macs(&shapes).into_values().collect::<Vec<_>>(), [324, 18]);
}

#[test]
fn same_padding_puts_the_odd_position_behind() {
    let graph = ModelGraph::read(&to_onnx(&network().bytes()).unwrap()).unwrap();
    // Of 4 rows at stride 2 come 2, which reach over 5: one behind. Of 5 columns 3, over 7: one on either side.
    let pads = &graph.nodes[0].attributes["pads"];
    assert_eq!(*pads, crate::onnx::AttributeValue::Ints(vec![0, 1, 1, 1]));
}

#[cfg(feature = "tract")]
#[test]
fn a_network_computes_what_the_file_says() {
    use crate::backend::{Backend, Model, Tract};
    let onnx = to_onnx(&network().bytes()).unwrap();
    let mut model = Tract.prepare(Model::whole("sample", &onnx), 1).unwrap();
    let value = |row: usize, column: usize, channel: usize| {
        ((row * 31 + column * 17 + channel * 5) % 23) as f32 / 7.0
    };
    let input: Vec<f32> =
        (0..2).flat_map(|c| (0..4).flat_map(move |y| (0..5).map(move |x| value(y, x, c)))).collect();
    let found = model.outputs(&input).unwrap();
    // By the book, in the file's order.
    let weight = |o: usize, y: usize, x: usize, c: usize| {
        ((((o * 3 + y) * 3 + x) * 2 + c) * 7 % 11) as f32 / 10.0 - 0.4
    };
    let map = |y: usize, x: usize, o: usize| {
        let mut sum = [0.5, -0.25, 1.0][o];
        for (dy, dx, c) in (0..18).map(|i| (i / 6, i / 2 % 3, i % 2)) {
            let (row, column) = (2 * y + dy, (2 * x + dx).wrapping_sub(1));
            if row < 4 && column < 5 {
                sum += weight(o, dy, dx, c) * value(row, column, c);
            }
        }
        sum.clamp(0.0, 6.0)
    };
    let flat: Vec<f32> = (0..9).map(|i| (map(0, i / 3, i % 3) + map(1, i / 3, i % 3)) / 2.0).collect();
    for (row, found) in found.iter().enumerate() {
        let matrix = |i: usize| ((row * 9 + i) * 5 % 7) as f32 / 3.0 - 1.0;
        let expected: f32 = flat.iter().enumerate().map(|(i, value)| matrix(i) * value).sum();
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
    assert_eq!(found.len(), 2);
}

#[test]
fn integers_are_read_as_qdq() {
    let bytes = integers().bytes();
    assert_eq!(number_format(&to_onnx(&bytes).unwrap()), NumberFormat::Integer);
    let (graph, keys, _) = checked(&bytes);
    assert_eq!(keys.len(), 1);
    assert!(keys[0].contains("int8") && keys[0].contains("relu"), "{keys:?}");
    let quantizes: Vec<&str> = graph.nodes.iter().map(|node| node.operator.as_str()).collect();
    let dequantize = "DequantizeLinear";
    assert_eq!(quantizes, [dequantize, dequantize, dequantize, "Conv", "Relu", "QuantizeLinear"]);
}

#[test]
fn custom_operators_keep_their_names() {
    let mut sample = Sample::default();
    let (input, output) = (sample.value(&[1, 2, 2, 3]), sample.value(&[1, 4]));
    sample.give(B::CUSTOM.code(), "My.Op", &[input], &[output], (0, &[]));
    (sample.inputs, sample.outputs) = (vec![input], vec![output]);
    let (graph, keys, _) = checked(&sample.bytes());
    assert_eq!((graph.nodes[0].operator.as_str(), graph.nodes[0].name.as_str()), ("tflite.My_Op", "My_Op_0"));
    assert!(keys[0].contains("tflite_my_op"), "{keys:?}");
}

/// Of 1 × 4 × 6 × 4, what moves, reduces and takes parts, one node after another, each with what it gives.
#[test]
fn what_moves_reduces_and_takes_parts_gives_what_the_file_says() {
    let mut s = Sample::default();
    let input = s.value(&[1, 4, 6, 4]);
    let none: (u8, &[O]) = (0, &[]);
    let pads = s.integers(&[4, 2], &[0, 0, 1, 0, 0, 2, 0, 0]);
    let padded = s.node(B::PAD, &[input, pads], &[1, 5, 8, 4], none);
    let [starts, ends, steps] =
        [[0, 0, 1, 0], [1, 0, 7, -1], [1, 1, 2, 1]].map(|list| s.integers(&[4], &list));
    // Of the second side the end is open, the last one loses its last.
    let masks = [O::I32(strided_slice::END_MASK.slot, 0b10)];
    let part =
        s.node(B::STRIDED_SLICE, &[padded, starts, ends, steps], &[1, 5, 3, 3], (strided_slice::TAG, &masks));
    let turn = s.integers(&[4], &[0, 2, 1, 3]);
    let turned = s.node(B::TRANSPOSE, &[part, turn], &[1, 3, 5, 3], none);
    let axes = s.integers(&[1], &[2]);
    let options = [O::Bool(reducer::KEEP_DIMS.slot)];
    let kept = s.node(B::MEAN, &[turned, axes], &[1, 3, 1, 3], (reducer::TAG, &options));
    let column = s.node(B::MEAN, &[kept, axes], &[1, 3, 3], none);
    let matrix = s.floats(&[3, 5], &[0.5; 15]);
    let product = s.node(B::BATCH_MATMUL, &[column, matrix], &[1, 3, 5], none);
    let softmax = s.node(B::SOFTMAX, &[product], &[1, 3, 5], none);
    // A list of numbers for the last side of a map.
    let slopes = s.floats(&[1, 1, 4], &[0.1; 4]);
    let sloped = s.node(B::PRELU, &[input, slopes], &[1, 4, 6, 4], none);
    let blocks = [O::I32(depth_to_space::BLOCK_SIZE.slot, 2)];
    let wide = s.node(B::DEPTH_TO_SPACE, &[sloped], &[1, 8, 12, 1], (depth_to_space::TAG, &blocks));
    let size = s.integers(&[2], &[16, 24]);
    let large = s.node(B::RESIZE_BILINEAR, &[wide, size], &[1, 16, 24, 1], none);
    let (side, halves) = (s.integers(&[], &[1]), [s.value(&[1, 8, 24, 1]), s.value(&[1, 8, 24, 1])]);
    s.give(B::SPLIT.code(), "", &[side, large], &halves, none);
    let options = [O::I32(concatenation::AXIS.slot, 3)];
    let both = s.node(B::CONCATENATION, &halves, &[1, 8, 24, 2], (concatenation::TAG, &options));
    (s.inputs, s.outputs) = (vec![input], vec![softmax, both]);
    let (graph, keys, _) = checked(&s.bytes());
    // 3 rows of 3 by 3 × 5.
    let shapes = graph.shapes(&InputShapes::new()).unwrap();
    assert_eq!(graph.macs(&shapes).into_values().sum::<u64>(), 45);
    assert!(keys.iter().any(|key| key.starts_with("concat")), "{keys:?}");
}

fn error(sample: &Sample) -> String {
    to_onnx(&sample.bytes()).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_named() {
    assert!(to_onnx(b"text").unwrap_err().to_string().contains("TFL3"));
    let bytes = network().bytes();
    assert!(to_onnx(&bytes[..bytes.len() / 2]).unwrap_err().to_string().contains("cut off"));
    let mut open = network();
    open.tensors[0].signature = vec![-1, -1, 5, 2];
    assert!(error(&open).contains("input `t0` is ?x?x5x2"), "{}", error(&open));
    let mut short = network();
    short.tensors[1].data.truncate(200);
    assert_eq!(
        error(&short),
        "the TensorFlow Lite file is damaged: tensor `t1`: it has 200 bytes, expected 216 of [3, 3, 3, 2]"
    );
    let mut late = network();
    late.outputs = vec![0, 99];
    assert!(error(&late).contains("tensor 99, of "), "{}", error(&late));
    let mut strange = Sample::default();
    let input = strange.value(&[1, 4, 4, 1]);
    let weights = strange.floats(&[1, 1, 1, 1], &[1.0]);
    let output = strange.node(B::CONV_2D, &[input, weights], &[1, 4, 4, 1], (0, &[]));
    (strange.inputs, strange.outputs) = (vec![input], vec![output]);
    assert!(error(&strange).contains("node CONV_2D_0: a stride or dilation is no positive number"));
}

#[test]
#[ignore = "needs TensorFlow Lite files in the folder TAILOR_TFLITE; ./test.sh sets it up"]
fn tflite_files_have_the_sizes_that_they_declare() {
    let folder = std::env::var("TAILOR_TFLITE").unwrap();
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tflite") {
            let (_, keys, _) = checked(&std::fs::read(&path).unwrap());
            println!("{}: {} steps", path.display(), keys.len());
            count += 1;
        }
    }
    assert!(count > 0);
}
