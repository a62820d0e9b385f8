//! Each operator of TensorFlow Lite as ONNX has it. A family of operators is a file.
//!
//! Source: comments of `tensorflow/lite/core/c/builtin_op_data.h` and of the kernels' reference implementations; ONNX's Operators.md.

mod elements;
mod maps;
mod products;
mod shapes;
mod slices;
mod windows;

use super::TfliteError;
use super::builtin::Builtin;
use super::file::{Node, Operator};
use super::order::Order;
use super::translation::{Folded, Translation};

/// Whether a node could be translated.
type Translated = Result<bool, TfliteError>;

/// Adds what a node computes. One that ONNX has no words for, or that is not the schema's, becomes a node of its own name
/// in the domain `tflite`, with what it gives as the file declares it.
pub(super) fn translate(t: &mut Translation<'_>, node: &Node<'_>) -> Result<(), TfliteError> {
    let is_open = node.outputs.iter().any(|&output| t.tensor(output).open.is_some());
    let is_known = !is_open
        && match &node.operator {
            Operator::Builtin(builtin) => known(t, node, *builtin)?,
            Operator::Foreign(name) if name == "Convolution2DTransposeBias" => {
                windows::mediapipe_transposed(t, node)?
            }
            Operator::Foreign(_) => false,
        };
    if is_known { Ok(()) } else { unknown(t, node) }
}

fn known(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    use Builtin as B;
    match builtin {
        B::DEQUANTIZE | B::DENSIFY if folds(t, node, builtin)? => Ok(true),
        B::DEQUANTIZE | B::QUANTIZE => elements::identity(t, node),
        B::CONV_2D => windows::conv(t, node),
        B::DEPTHWISE_CONV_2D => windows::depthwise(t, node),
        B::TRANSPOSE_CONV => windows::transposed(t, node),
        B::AVERAGE_POOL_2D | B::MAX_POOL_2D => windows::pool(t, node, builtin),
        B::FULLY_CONNECTED => products::fully_connected(t, node),
        B::BATCH_MATMUL => products::batch_matmul(t, node),
        B::RESIZE_BILINEAR | B::RESIZE_NEAREST_NEIGHBOR => maps::resize(t, node, builtin),
        B::DEPTH_TO_SPACE | B::SPACE_TO_DEPTH => maps::blocks(t, node, builtin),
        B::PAD | B::PADV2 | B::MIRROR_PAD => maps::pad(t, node, builtin),
        B::MEAN | B::SUM | B::REDUCE_MAX | B::REDUCE_MIN | B::REDUCE_PROD => maps::reduce(t, node, builtin),
        B::SOFTMAX | B::LOG_SOFTMAX | B::L2_NORMALIZATION => maps::normalize(t, node, builtin),
        B::RESHAPE | B::SQUEEZE | B::EXPAND_DIMS => shapes::reshape(t, node),
        B::CONCATENATION => shapes::concatenation(t, node),
        B::PACK => shapes::pack(t, node),
        B::TRANSPOSE => shapes::transpose(t, node),
        B::TILE => shapes::tile(t, node),
        B::BROADCAST_TO => shapes::broadcast(t, node),
        B::SHAPE => shapes::shape(t, node),
        B::SLICE => slices::slice(t, node),
        B::STRIDED_SLICE => slices::strided(t, node),
        B::SPLIT | B::SPLIT_V => slices::split(t, node, builtin),
        B::UNPACK => slices::unpack(t, node),
        B::GATHER => slices::gather(t, node),
        B::ARG_MAX | B::ARG_MIN => slices::arg(t, node, builtin),
        B::CAST => elements::cast(t, node),
        other => elements::elements(t, node, other),
    }
}

/// Constants that only become floats, or get their zeros back, are constants still.
fn folds(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    let fits = t.tensor(input).dims == t.tensor(output).dims;
    let folded = match (t.folded(input), t.tensor(input).data.is_some()) {
        (None, true) if builtin == Builtin::DENSIFY => Folded::Same(input),
        (None, true) => Folded::Floats(input),
        (Some(Folded::Same(of)), _) if builtin == Builtin::DEQUANTIZE => Folded::Floats(of),
        (Some(Folded::Same(_) | Folded::Floats(_)) | None, _) => return Ok(false),
    };
    if fits {
        t.fold(output, folded);
    }
    Ok(fits)
}

/// A node of its own name, of which only sizes are known.
fn unknown(t: &mut Translation<'_>, node: &Node<'_>) -> Result<(), TfliteError> {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let operator = match &node.operator {
        Operator::Builtin(builtin) => builtin.name().to_owned(),
        Operator::Foreign(name) => name.chars().map(clean).collect(),
    };
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for input in node.inputs.iter().copied() {
        // Variables are a memory of its own; nothing gives them.
        match input.filter(|&input| t.is_constant(input) || !t.tensor(input).is_variable) {
            Some(input) => inputs.push(t.own(node, input)?),
            None => inputs.push(String::new()),
        }
    }
    if node.outputs.is_empty() {
        return Ok(());
    }
    t.give(node, &format!("tflite.{operator}"), inputs, Vec::new())
}

/// A side as it is counted, from the end if it is negative; nothing beyond the sides.
fn side(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}

/// Where such a side stands in the model's own order, as an attribute says it.
fn own_side(axis: i64, rank: usize) -> Option<i64> {
    side(axis, rank).map(|side| Order::of_rank(rank).place(side) as i64)
}
