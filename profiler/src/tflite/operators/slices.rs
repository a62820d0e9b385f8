//! What takes parts.

use super::{Translated, own_side, side};
use crate::onnx::AttributeValue;
use crate::tflite::builtin::Builtin;
use crate::tflite::constants::{INT64, onnx_type};
use crate::tflite::emit::Made;
use crate::tflite::file::Node;
use crate::tflite::order::Order;
use crate::tflite::schema::{activation, gather as gathered, strided_slice, unpack as unpacked};
use crate::tflite::translation::Translation;

/// Inputs: values, first positions, sizes (-1: all that is left).
pub(super) fn slice(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let input = node.need(0)?;
    let dims = t.tensor(input).dims.clone();
    let (Some(starts), Some(sizes)) = (t.integers(node.input(1))?, t.integers(node.input(2))?) else {
        return Ok(false);
    };
    if starts.len() != dims.len() || sizes.len() != dims.len() {
        return Err(node.wrong(&format!("{} starts and {} sizes of {dims:?}", starts.len(), sizes.len())));
    }
    let end = |(start, size): (&i64, &i64)| if *size < 0 { i64::MAX } else { start.saturating_add(*size) };
    let order = Order::of_rank(dims.len());
    let ends: Vec<i64> = starts.iter().zip(&sizes).map(end).collect();
    let axes: Vec<i64> = (0..dims.len() as i64).collect();
    let inputs = vec![
        t.own(node, input)?,
        t.longs("starts", &order.sort(&starts)),
        t.longs("ends", &order.sort(&ends)),
        t.longs("axes", &axes),
    ];
    t.give(node, "Slice", inputs, Vec::new())?;
    Ok(true)
}

/// Inputs: values, starts, ends, strides; masks say which of them are left open, and which sides vanish.
pub(super) fn strided(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use strided_slice::{BEGIN_MASK, ELLIPSIS_MASK, END_MASK, NEW_AXIS_MASK, SHRINK_AXIS_MASK, TAG};
    let (input, output) = (node.need(0)?, node.output()?);
    let rank = t.tensor(input).rank();
    let list = |place| t.integers(node.input(place));
    let (Some(mut starts), Some(mut ends), Some(mut steps)) = (list(1)?, list(2)?, list(3)?) else {
        return Ok(false);
    };
    if node.option(TAG, ELLIPSIS_MASK)? != 0 || node.option(TAG, NEW_AXIS_MASK)? != 0 {
        return Ok(false);
    }
    let count = starts.len();
    if ends.len() != count || steps.len() != count || count > rank || steps.contains(&0) {
        return Err(
            node.wrong(&format!("starts {starts:?}, ends {ends:?}, strides {steps:?} of {rank} sides"))
        );
    }
    let (begin, end) = (node.option(TAG, BEGIN_MASK)?, node.option(TAG, END_MASK)?);
    let shrink = node.option(TAG, SHRINK_AXIS_MASK)?;
    let is_set = |mask: i32, place: usize| mask >> place & 1 == 1;
    for place in 0..count {
        if is_set(shrink, place) {
            (ends[place], steps[place]) = (starts[place].saturating_add(1), 1);
            // The last one has nothing behind it.
            if starts[place] == -1 {
                ends[place] = i64::MAX;
            }
            continue;
        }
        let is_forward = steps[place] > 0;
        if is_set(begin, place) {
            starts[place] = if is_forward { 0 } else { i64::MAX };
        }
        if is_set(end, place) {
            ends[place] = if is_forward { i64::MAX } else { i64::MIN };
        }
    }
    let shrinks = (0..count).any(|place| is_set(shrink, place));
    let order = if shrinks { Order::File } else { Order::of_rank(rank) };
    let axes: Vec<i64> = (0..count).map(|place| order.place(place) as i64).collect();
    let value = t.value(node, input, order)?;
    let inputs = vec![
        value,
        t.longs("starts", &starts),
        t.longs("ends", &ends),
        t.longs("axes", &axes),
        t.longs("steps", &steps),
    ];
    if !shrinks {
        t.give(node, "Slice", inputs, Vec::new())?;
        return Ok(true);
    }
    let part = t.step(node, "part", "Slice", inputs, Vec::new());
    let sides = t.sides(&t.tensor(output).dims.clone());
    t.give_in_file_order(node, "Reshape", vec![part, sides], Vec::new(), activation::NONE)?;
    Ok(true)
}

/// Inputs: the side, values; of `SPLIT_V`: values, sizes, the side. The sizes are those that the file declares.
pub(super) fn split(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let [values, axis] = if builtin == Builtin::SPLIT { [1, 0] } else { [0, 2] };
    let input = node.need(values)?;
    let rank = t.tensor(input).rank();
    let Some(&[axis]) = t.integers(node.input(axis))?.as_deref() else { return Ok(false) };
    let wrong = || node.wrong(&format!("it splits side {axis} of {rank}"));
    let (own, file) = (own_side(axis, rank).ok_or_else(wrong)?, side(axis, rank).ok_or_else(wrong)?);
    let sizes = node.outputs.iter().map(|&output| t.tensor(output).dims.get(file).map(|&size| size as i64));
    let sizes = sizes.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    let inputs = vec![t.own(node, input)?, t.longs("sizes", &sizes)];
    t.give(node, "Split", inputs, vec![("axis", AttributeValue::Int(own))])?;
    Ok(true)
}

/// Each position of a side as a value of its own, without that side.
pub(super) fn unpack(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let input = node.need(0)?;
    let dims = t.tensor(input).dims.clone();
    let axis = side(node.option(unpacked::TAG, unpacked::AXIS)?.into(), dims.len());
    let axis = axis.filter(|&axis| dims[axis] == node.outputs.len() as u64);
    let axis = axis.ok_or_else(|| node.wrong(&format!("{} parts of {dims:?}", node.outputs.len())))?;
    let value = t.value(node, input, Order::File)?;
    for (index, &output) in node.outputs.iter().enumerate() {
        let (start, end) = (t.longs("start", &[index as i64]), t.longs("end", &[index as i64 + 1]));
        let axes = t.longs("axes", &[axis as i64]);
        let part = t.step(node, "part", "Slice", vec![value.clone(), start, end, axes], Vec::new());
        let sides = t.sides(&t.tensor(output).dims.clone());
        let made = Made { order: Some(Order::File), active: activation::NONE };
        t.give_outputs(node, &[output], ("Reshape", vec![part, sides], Vec::new()), made)?;
    }
    Ok(true)
}

/// Inputs: values, positions.
pub(super) fn gather(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let (input, positions) = (node.need(0)?, node.need(1)?);
    if node.option(gathered::TAG, gathered::BATCH_DIMS)? != 0 {
        return Ok(false);
    }
    let rank = t.tensor(input).rank();
    let axis = node.option(gathered::TAG, gathered::AXIS)?;
    let axis = side(axis.into(), rank).ok_or_else(|| node.wrong(&format!("side {axis} of {rank}")))?;
    let inputs = vec![t.value(node, input, Order::File)?, t.value(node, positions, Order::File)?];
    let attributes = vec![("axis", AttributeValue::Int(axis as i64))];
    t.give_in_file_order(node, "Gather", inputs, attributes, activation::NONE)?;
    Ok(true)
}

/// Inputs: values, the side.
pub(super) fn arg(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    let rank = t.tensor(input).rank();
    let Some(&[axis]) = t.integers(node.input(1))?.as_deref() else { return Ok(false) };
    let axis = side(axis, rank).ok_or_else(|| node.wrong(&format!("side {axis} of {rank}")))?;
    let operator = if builtin == Builtin::ARG_MAX { "ArgMax" } else { "ArgMin" };
    let inputs = vec![t.value(node, input, Order::File)?];
    let attributes = vec![("axis", AttributeValue::Int(axis as i64)), ("keepdims", AttributeValue::Int(0))];
    let to = onnx_type(t.tensor(output).data_type);
    if to == INT64 {
        t.give_in_file_order(node, operator, inputs, attributes, activation::NONE)?;
        return Ok(true);
    }
    let found = t.step(node, "position", operator, inputs, attributes);
    let to = vec![("to", AttributeValue::Int(to.into()))];
    t.give_in_file_order(node, "Cast", vec![found], to, activation::NONE)?;
    Ok(true)
}
