//! What moves elements, or only gives them other sides.

use super::{Translated, own_side, side};
use crate::onnx::AttributeValue;
use crate::tflite::constants::INT32;
use crate::tflite::file::{Node, product};
use crate::tflite::order::Order;
use crate::tflite::schema::{activation, concatenation as concat, pack as packed};
use crate::tflite::translation::Translation;

/// The sides are those that the file declares.
pub(super) fn reshape(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    let (from, to) = (t.tensor(input).dims.clone(), t.tensor(output).dims.clone());
    if product(&from) != product(&to) {
        return Err(node.wrong(&format!("{from:?} is no {to:?}")));
    }
    let value = t.value(node, input, Order::File)?;
    let sides = t.sides(&to);
    t.give_in_file_order(node, "Reshape", vec![value, sides], Vec::new(), activation::NONE)?;
    Ok(true)
}

pub(super) fn concatenation(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let rank = t.tensor(node.output()?).rank();
    let axis = node.option(concat::TAG, concat::AXIS)?;
    let axis = own_side(axis.into(), rank)
        .ok_or_else(|| node.wrong(&format!("it joins along side {axis} of {rank}")))?;
    let inputs = (0..node.inputs.len()).map(|place| t.own(node, node.need(place)?));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    let active = node.option(concat::TAG, concat::ACTIVATION)?;
    t.give_active(node, "Concat", inputs, vec![("axis", AttributeValue::Int(axis))], active)?;
    Ok(true)
}

/// Joined along a new side.
pub(super) fn pack(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let dims = t.tensor(node.output()?).dims.clone();
    let axis = node.option(packed::TAG, packed::AXIS)?;
    let axis = side(axis.into(), dims.len());
    let axis = axis.ok_or_else(|| node.wrong(&format!("it joins along a side that {dims:?} has not")))?;
    let mut part = dims;
    part[axis] = 1;
    let mut inputs = Vec::with_capacity(node.inputs.len());
    for place in 0..node.inputs.len() {
        let value = t.value(node, node.need(place)?, Order::File)?;
        inputs.push(t.reshape(node, &value, &part));
    }
    let attributes = vec![("axis", AttributeValue::Int(axis as i64))];
    t.give_in_file_order(node, "Concat", inputs, attributes, activation::NONE)?;
    Ok(true)
}

/// Inputs: values, the new order.
pub(super) fn transpose(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let input = node.need(0)?;
    let rank = t.tensor(input).rank();
    let Some(perm) = t.integers(node.input(1))? else { return Ok(false) };
    let perm = perm.iter().map(|&axis| side(axis, rank)).collect::<Option<Vec<_>>>();
    let perm = perm.filter(|perm| (0..rank).all(|side| perm.contains(&side)) && perm.len() == rank);
    let perm = perm.ok_or_else(|| node.wrong(&format!("its order is none of {rank} sides")))?;
    // In the model's order: which side stands where, as the file turns them.
    let order = Order::of_rank(rank);
    let perm = order.sort(&perm).into_iter().map(|side| order.place(side) as i64).collect();
    let value = t.own(node, input)?;
    t.give(node, "Transpose", vec![value], vec![("perm", AttributeValue::Ints(perm))])?;
    Ok(true)
}

/// Inputs: values, how often along each side.
pub(super) fn tile(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let input = node.need(0)?;
    let rank = t.tensor(input).rank();
    let Some(counts) = t.integers(node.input(1))? else { return Ok(false) };
    if counts.len() != rank {
        return Err(node.wrong(&format!("it repeats {counts:?} times along {rank} sides")));
    }
    let inputs = vec![t.own(node, input)?, t.longs("repeats", &Order::of_rank(rank).sort(&counts))];
    t.give(node, "Tile", inputs, Vec::new())?;
    Ok(true)
}

/// To the sides that the file declares.
pub(super) fn broadcast(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let (input, dims) = (node.need(0)?, t.tensor(node.output()?).dims.clone());
    if t.tensor(input).rank() > dims.len() {
        return Err(node.wrong(&format!("it spreads {:?} to {dims:?}", t.tensor(input).dims)));
    }
    let sides = t.sides(&Order::of_rank(dims.len()).sort(&dims));
    let inputs = vec![t.operand(node, input, dims.len())?, sides];
    t.give(node, "Expand", inputs, Vec::new())?;
    Ok(true)
}

/// The sides as the file has them.
pub(super) fn shape(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let value = t.value(node, node.need(0)?, Order::File)?;
    let shape = t.step(node, "sides", "Shape", vec![value], Vec::new());
    let to = crate::tflite::constants::onnx_type(t.tensor(node.output()?).data_type);
    let to = if to == 0 { INT32 } else { to };
    t.give(node, "Cast", vec![shape], vec![("to", AttributeValue::Int(to.into()))])?;
    Ok(true)
}
