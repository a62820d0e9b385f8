use super::file::Set;
use super::*;
use crate::onnx::{chain_model, op_model};
use crate::spec::OpSpec;
use crate::tflite::builtin::Builtin;

fn file(key: &str) -> Result<File, ExportError> {
    let op: OpSpec = key.parse().unwrap();
    let exported = Exported::read(&op_model(&op, 7).unwrap()).unwrap().unwrap();
    Writer::of(&exported).write()
}

/// Operators with the names of what they give.
fn operators(key: &str) -> Vec<(Builtin, String)> {
    let file = file(key).unwrap();
    let name = |output: i32| file.tensors[output as usize].name.clone();
    file.operators.iter().map(|operator| (operator.builtin, name(operator.output))).collect()
}

#[test]
fn relus_are_fused_and_what_pads_before_stands_alone() {
    let named = |expected: &[(Builtin, &str)]| {
        expected.iter().map(|(builtin, name)| (*builtin, (*name).to_owned())).collect::<Vec<_>>()
    };
    // Stride 2 on an even side is padded before, on an odd one evenly.
    let padded = [(Builtin::PAD, "output_padded"), (Builtin::CONV_2D, "output")];
    assert_eq!(operators("conv-8x8x3-o4-k3-s2-relu6"), named(&padded));
    assert_eq!(operators("conv-9x9x3-o4-k3-s2-relu6"), named(&padded[1..]));
    let pooled = [(Builtin::PADV2, "output_padded"), (Builtin::MAX_POOL_2D, "output")];
    assert_eq!(operators("maxpool-8x8x3-k3-s2"), named(&pooled));
    // Squeeze-excite: hard sigmoid is a sum and a product.
    let squeezed = [
        (Builtin::CONV_2D, "value1"),
        (Builtin::DEPTHWISE_CONV_2D, "value3"),
        (Builtin::MEAN, "value4"),
        (Builtin::CONV_2D, "value6"),
        (Builtin::CONV_2D, "value7"),
        (Builtin::ADD, "value8_sum"),
        (Builtin::MUL, "value8"),
        (Builtin::MUL, "value9"),
        (Builtin::CONV_2D, "value10"),
        (Builtin::ADD, "output"),
    ];
    assert_eq!(operators("mbconv-7x7x8-o8-e2-k3-s1-se4-relu-res"), named(&squeezed));
}

#[test]
fn operators_carry_their_options_and_versions() {
    let depthwise = file("conv-9x9x6-o6-k3-s1-g6-d2-relu").unwrap();
    let operator = &depthwise.operators[0];
    assert_eq!((operator.builtin, operator.version), (Builtin::DEPTHWISE_CONV_2D, 2));
    let ints: Vec<i32> = operator.options.fields.iter().filter_map(int).collect();
    // Strides, channel multiplier, dilations.
    assert_eq!(ints, [1, 1, 1, 2, 2]);
    let shapes = |file: &File| operator_inputs(file).map(|tensor| tensor.shape.clone()).collect::<Vec<_>>();
    assert_eq!(shapes(&depthwise), [vec![1, 9, 9, 6], vec![1, 3, 3, 6], vec![6]]);
    let grouped = file("conv-9x9x6-o4-k3-s1-g2").unwrap();
    assert_eq!((grouped.operators[0].builtin, grouped.operators[0].version), (Builtin::CONV_2D, 6));
    assert_eq!(shapes(&grouped), [vec![1, 9, 9, 6], vec![4, 3, 3, 3], vec![4]]);
}

fn int(set: &Set) -> Option<i32> {
    if let Set::Int(_, value) = set { Some(*value) } else { None }
}

fn operator_inputs(file: &File) -> impl Iterator<Item = &super::file::Tensor> {
    file.operators[0].inputs.iter().map(|input| &file.tensors[*input as usize])
}

#[test]
fn what_cannot_be_said_is_named() {
    let error = file("avgpool-8x8x3-k3-s2").unwrap_err().to_string();
    assert!(error.starts_with("`average pool 3x3 stride 2` on 8x8x3 cannot be said in .tflite: "), "{error}");
    assert!(file("avgpool-7x7x3-k3-s2").is_ok() && file("avgpool-8x8x3-k2-s2").is_ok());
    let error = from_onnx(&chain_model(1)).unwrap_err().to_string();
    assert!(error.starts_with("only models that Tailor exported"), "{error}");
    assert!(matches!(from_onnx(b"text"), Err(ExportError::Onnx(_))));
}

#[test]
fn buffers_begin_at_multiples_of_16() {
    let op: OpSpec = "conv-5x5x3-o7-k3-s1+conv-o3-k1-s1".parse().unwrap();
    let onnx = op_model(&op, 7).unwrap();
    let bytes = from_onnx(&onnx).unwrap();
    assert!(crate::tflite::is_tflite(&bytes) && !crate::tflite::is_tflite(&onnx));
    let exported = Exported::read(&onnx).unwrap().unwrap();
    let file = Writer::of(&exported).write().unwrap();
    let constants: Vec<&Vec<u8>> = file.tensors.iter().filter_map(|tensor| tensor.bytes.as_ref()).collect();
    assert_eq!(constants.len(), 4);
    for constant in constants {
        let places = bytes.windows(constant.len()).enumerate();
        let place = places.filter(|(_, window)| window == constant).map(|(place, _)| place).next().unwrap();
        assert_eq!(place % 16, 0, "of {} bytes", bytes.len());
    }
}
