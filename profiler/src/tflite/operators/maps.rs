//! What computes along height, width or channels: resizing, borders, blocks, reductions, normalizations.

use super::{Translated, own_side, side};
use crate::onnx::AttributeValue;
use crate::tflite::builtin::Builtin;
use crate::tflite::file::Node;
use crate::tflite::order::{Order, TO_CHANNELS};
use crate::tflite::schema::{
    activation, depth_to_space, mirror_pad, reducer, resize_bilinear, resize_nearest_neighbor, softmax,
    space_to_depth,
};
use crate::tflite::translation::Translation;

fn text(text: &str) -> AttributeValue {
    AttributeValue::Text(text.to_owned())
}

/// Inputs: the map, height and width.
pub(super) fn resize(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    if [input, output].iter().any(|&index| t.tensor(index).rank() != 4) {
        return Ok(false);
    }
    let is_linear = builtin == Builtin::RESIZE_BILINEAR;
    let (tag, [corners, centers]) = match is_linear {
        true => (resize_bilinear::TAG, [resize_bilinear::ALIGN_CORNERS, resize_bilinear::HALF_PIXEL_CENTERS]),
        false => (
            resize_nearest_neighbor::TAG,
            [resize_nearest_neighbor::ALIGN_CORNERS, resize_nearest_neighbor::HALF_PIXEL_CENTERS],
        ),
    };
    // The nearest one as the kernels compute it: cut off, but rounded between corners; half a pixel is added before.
    let (at, nearest) = match (node.option(tag, corners)?, node.option(tag, centers)?) {
        (true, _) => ("align_corners", "round_prefer_ceil"),
        (false, true) => ("half_pixel", "round_prefer_ceil"),
        (false, false) => ("asymmetric", "floor"),
    };
    let mut attributes = vec![
        ("mode", text(if is_linear { "linear" } else { "nearest" })),
        ("coordinate_transformation_mode", text(at)),
    ];
    if !is_linear {
        attributes.push(("nearest_mode", text(nearest)));
    }
    let sides = t.sides(&Order::Channels.sort(&t.tensor(output).dims));
    let inputs = vec![t.own(node, input)?, String::new(), String::new(), sides];
    t.give(node, "Resize", inputs, attributes)?;
    Ok(true)
}

/// Channels as blocks of pixels, and back: the row in a block counts most, then the column, then the channel.
pub(super) fn blocks(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let is_out = builtin == Builtin::DEPTH_TO_SPACE;
    let (operator, size) = match is_out {
        true => ("DepthToSpace", node.option(depth_to_space::TAG, depth_to_space::BLOCK_SIZE)?),
        false => ("SpaceToDepth", node.option(space_to_depth::TAG, space_to_depth::BLOCK_SIZE)?),
    };
    let input = node.need(0)?;
    if t.tensor(input).rank() != 4 || size < 1 {
        return Err(node.wrong(&format!("blocks of {size} of {:?}", t.tensor(input).dims)));
    }
    let mut attributes = vec![("blocksize", AttributeValue::Int(size.into()))];
    if is_out {
        attributes.push(("mode", text("DCR")));
    }
    let value = t.own(node, input)?;
    t.give(node, operator, vec![value], attributes)?;
    Ok(true)
}

/// Inputs: values, [sides, 2] of positions before and behind, and for `PADV2` what stands there.
pub(super) fn pad(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let input = node.need(0)?;
    let rank = t.tensor(input).rank();
    let Some(pads) = t.integers(node.input(1))? else { return Ok(false) };
    if pads.len() != 2 * rank {
        return Err(node.wrong(&format!("it pads {pads:?} of {rank} sides")));
    }
    let before: Vec<i64> = pads.iter().step_by(2).copied().collect();
    let behind: Vec<i64> = pads.iter().skip(1).step_by(2).copied().collect();
    let order = Order::of_rank(rank);
    let pads = [order.sort(&before), order.sort(&behind)].concat();
    let mode = match (builtin, node.option(mirror_pad::TAG, mirror_pad::MODE)?) {
        (Builtin::MIRROR_PAD, 0) => "reflect",
        // With the border itself, which ONNX has not.
        (Builtin::MIRROR_PAD, _) => return Ok(false),
        _ => "constant",
    };
    let mut inputs = vec![t.own(node, input)?, t.longs("pads", &pads)];
    if builtin == Builtin::PADV2 {
        inputs.push(t.operand(node, node.need(2)?, 0)?);
    }
    t.give(node, "Pad", inputs, vec![("mode", text(mode))])?;
    Ok(true)
}

/// Inputs: values, the sides that are reduced.
pub(super) fn reduce(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let operator = match builtin {
        Builtin::MEAN => "ReduceMean",
        Builtin::SUM => "ReduceSum",
        Builtin::REDUCE_MAX => "ReduceMax",
        Builtin::REDUCE_MIN => "ReduceMin",
        Builtin::REDUCE_PROD => "ReduceProd",
        _ => return Ok(false),
    };
    let input = node.need(0)?;
    let rank = t.tensor(input).rank();
    let Some(axes) = t.integers(node.input(1))?.filter(|axes| !axes.is_empty()) else { return Ok(false) };
    let keeps = node.option(reducer::TAG, reducer::KEEP_DIMS)?;
    let axes = axes.iter().map(|&axis| side(axis, rank)).collect::<Option<Vec<_>>>();
    let axes = axes.ok_or_else(|| node.wrong(&format!("it reduces sides that {rank} sides have not")))?;
    // What is left of a map stands in the same order if its channels are reduced, or all else is.
    let left = TO_CHANNELS.into_iter().filter(|side| !axes.contains(side));
    let order = if keeps || rank != 4 || left.is_sorted() { Order::of_rank(rank) } else { Order::File };
    let axes: Vec<i64> = axes.into_iter().map(|axis| order.place(axis) as i64).collect();
    let mut inputs = vec![t.value(node, input, order)?];
    let mut attributes = vec![("keepdims", AttributeValue::Int(keeps.into()))];
    if operator == "ReduceSum" {
        inputs.push(t.longs("axes", &axes));
    } else {
        attributes.push(("axes", AttributeValue::Ints(axes)));
    }
    if keeps {
        t.give(node, operator, inputs, attributes)?;
    } else {
        t.give_in_file_order(node, operator, inputs, attributes, activation::NONE)?;
    }
    Ok(true)
}

/// Along the last side.
pub(super) fn normalize(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let input = node.need(0)?;
    let Some(axis) = own_side(-1, t.tensor(input).rank()) else { return Ok(false) };
    let mut value = t.own(node, input)?;
    let axis = ("axis", AttributeValue::Int(axis));
    let (operator, attributes) = match builtin {
        Builtin::SOFTMAX => {
            let beta = node.option(softmax::TAG, softmax::BETA)?;
            if beta != 1.0 {
                let beta = t.floats("beta", &[], &[beta]);
                value = t.step(node, "beta", "Mul", vec![value, beta], Vec::new());
            }
            ("Softmax", vec![axis])
        }
        Builtin::LOG_SOFTMAX => ("LogSoftmax", vec![axis]),
        _ => ("LpNormalization", vec![axis, ("p", AttributeValue::Int(2))]),
    };
    t.give(node, operator, vec![value], attributes)?;
    Ok(true)
}
