//! Matrix products.

use super::Translated;
use super::windows::weights;
use crate::onnx::AttributeValue;
use crate::tflite::file::{Node, product};
use crate::tflite::order::Order;
use crate::tflite::schema::{activation, batch_matmul, fully_connected};
use crate::tflite::translation::Translation;

/// Inputs: values, weights [out, in], biases.
pub(super) fn fully_connected(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use fully_connected::{ACTIVATION, KEEP_NUM_DIMS, TAG, WEIGHTS_FORMAT};
    if node.option(TAG, WEIGHTS_FORMAT)? != 0 {
        return Ok(false);
    }
    let (input, filters, output) = (node.need(0)?, node.need(1)?, node.output()?);
    let (dims, sides) = (t.tensor(input).dims.clone(), t.tensor(filters).dims.clone());
    let &[out, inner] = sides.as_slice() else {
        return Err(node.wrong(&format!("its weights have sides {sides:?}, expected two")));
    };
    let (all, keeps) = (product(&dims), node.option(TAG, KEEP_NUM_DIMS)?);
    let rows = all.checked_div(inner).filter(|rows| rows.checked_mul(inner) == Some(all));
    let rows = rows.ok_or_else(|| node.wrong(&format!("{dims:?} times weights of {inner}")))?;
    let mut value = t.value(node, input, Order::File)?;
    let given = if keeps && dims.last() == Some(&inner) { dims.clone() } else { vec![rows, inner] };
    if given != dims {
        value = t.reshape(node, &value, &given);
    }
    let active = node.option(TAG, ACTIVATION)?;
    let bias = node.input(2);
    let expected: Vec<u64> = given[..given.len() - 1].iter().copied().chain([out]).collect();
    if t.tensor(output).dims != expected && product(&t.tensor(output).dims) != product(&expected) {
        return Err(node.wrong(&format!("it gives {:?}, expected {expected:?}", t.tensor(output).dims)));
    }
    let fits = t.tensor(output).dims == expected;
    if fits && given.len() == 2 && rows == 1 {
        let mut inputs = vec![value, weights(t, node, 1, &[0, 1])?];
        if let Some(bias) = bias {
            inputs.push(t.own(node, bias)?);
        }
        t.give_active(node, "Gemm", inputs, vec![("transB", AttributeValue::Int(1))], active)?;
        return Ok(true);
    }
    let mut last = ("MatMul", vec![value, weights(t, node, 1, &[1, 0])?]);
    if let Some(bias) = bias {
        let product = t.step(node, "product", last.0, last.1, Vec::new());
        last = ("Add", vec![product, t.own(node, bias)?]);
    }
    if !fits {
        let value = t.step(node, "rows", last.0, last.1, Vec::new());
        let sides = t.sides(&t.tensor(output).dims.clone());
        last = ("Reshape", vec![value, sides]);
    }
    t.give_in_file_order(node, last.0, last.1, Vec::new(), active)?;
    Ok(true)
}

pub(super) fn batch_matmul(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use batch_matmul::{ADJOINT_X, ADJOINT_Y, TAG};
    let mut inputs = Vec::new();
    for (place, adjoint) in [(0, ADJOINT_X), (1, ADJOINT_Y)] {
        let index = node.need(place)?;
        let rank = t.tensor(index).rank();
        let mut order: Vec<usize> = (0..rank).collect();
        if node.option(TAG, adjoint)? {
            if rank < 2 {
                return Err(node.wrong("it transposes an input of fewer than two sides"));
            }
            order.swap(rank - 1, rank - 2);
        }
        inputs.push(match order.is_sorted() {
            true => t.value(node, index, Order::File)?,
            false => weights(t, node, place, &order)?,
        });
    }
    t.give_in_file_order(node, "MatMul", inputs, Vec::new(), activation::NONE)?;
    Ok(true)
}
