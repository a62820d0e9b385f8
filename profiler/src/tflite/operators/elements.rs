//! What is computed element by element.

use super::Translated;
use crate::onnx::AttributeValue;
use crate::tflite::TfliteError;
use crate::tflite::builtin::Builtin;
use crate::tflite::constants::onnx_type;
use crate::tflite::file::Node;
use crate::tflite::order::Order;
use crate::tflite::schema::{activation, add, div, gelu, leaky_relu, mul, sub};
use crate::tflite::translation::Translation;

/// Operators of one input, that are one in ONNX, too.
fn of_one(builtin: Builtin) -> Option<&'static str> {
    Some(match builtin {
        Builtin::RELU => "Relu",
        Builtin::LOGISTIC => "Sigmoid",
        Builtin::TANH => "Tanh",
        Builtin::HARD_SWISH => "HardSwish",
        Builtin::ELU => "Elu",
        Builtin::EXP => "Exp",
        Builtin::LOG => "Log",
        Builtin::SQRT => "Sqrt",
        Builtin::ABS => "Abs",
        Builtin::NEG => "Neg",
        Builtin::FLOOR => "Floor",
        Builtin::CEIL => "Ceil",
        Builtin::ROUND => "Round",
        Builtin::SIN => "Sin",
        Builtin::COS => "Cos",
        Builtin::SIGN => "Sign",
        Builtin::LOGICAL_NOT => "Not",
        _ => return None,
    })
}

/// Operators of several inputs of which the smaller ones are spread.
fn of_several(builtin: Builtin) -> Option<(&'static str, usize)> {
    Some(match builtin {
        Builtin::ADD => ("Add", 2),
        Builtin::SUB => ("Sub", 2),
        Builtin::MUL => ("Mul", 2),
        Builtin::DIV => ("Div", 2),
        Builtin::POW => ("Pow", 2),
        Builtin::MAXIMUM => ("Max", 2),
        Builtin::MINIMUM => ("Min", 2),
        Builtin::PRELU => ("PRelu", 2),
        Builtin::LESS => ("Less", 2),
        Builtin::LESS_EQUAL => ("LessOrEqual", 2),
        Builtin::GREATER => ("Greater", 2),
        Builtin::GREATER_EQUAL => ("GreaterOrEqual", 2),
        Builtin::EQUAL => ("Equal", 2),
        Builtin::NOT_EQUAL => ("Equal", 2),
        Builtin::LOGICAL_AND => ("And", 2),
        Builtin::LOGICAL_OR => ("Or", 2),
        Builtin::SQUARED_DIFFERENCE => ("Sub", 2),
        Builtin::SELECT_V2 => ("Where", 3),
        _ => return None,
    })
}

fn active(node: &Node<'_>, builtin: Builtin) -> Result<i8, TfliteError> {
    match builtin {
        Builtin::ADD => node.option(add::TAG, add::ACTIVATION),
        Builtin::SUB => node.option(sub::TAG, sub::ACTIVATION),
        Builtin::MUL => node.option(mul::TAG, mul::ACTIVATION),
        Builtin::DIV => node.option(div::TAG, div::ACTIVATION),
        _ => Ok(activation::NONE),
    }
}

pub(super) fn elements(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    if let Some((operator, count)) = of_several(builtin) {
        return several(t, node, builtin, operator, count);
    }
    if builtin == Builtin::ADD_N {
        let inputs = (0..node.inputs.len()).map(|place| t.own(node, node.need(place)?));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        t.give(node, "Sum", inputs, Vec::new())?;
        return Ok(true);
    }
    let plain = of_one(builtin);
    let bounds = match builtin {
        Builtin::RELU6 => Some((0.0, 6.0)),
        Builtin::RELU_N1_TO_1 => Some((-1.0, 1.0)),
        Builtin::RELU_0_TO_1 => Some((0.0, 1.0)),
        _ => None,
    };
    let special = [Builtin::LEAKY_RELU, Builtin::GELU, Builtin::RSQRT, Builtin::SQUARE].contains(&builtin);
    if plain.is_none() && bounds.is_none() && !special {
        return Ok(false);
    }
    let value = t.own(node, node.need(0)?)?;
    match (plain, bounds) {
        (Some(operator), _) => t.give(node, operator, vec![value], Vec::new())?,
        (None, Some((low, high))) => {
            let inputs = std::iter::once(value).chain(t.bounds(low, high)).collect();
            t.give(node, "Clip", inputs, Vec::new())?;
        }
        (None, None) if builtin == Builtin::LEAKY_RELU => {
            let alpha = AttributeValue::Float(node.option(leaky_relu::TAG, leaky_relu::ALPHA)?);
            t.give(node, "LeakyRelu", vec![value], vec![("alpha", alpha)])?;
        }
        (None, None) if builtin == Builtin::GELU => {
            let is_rough = node.option(gelu::TAG, gelu::APPROXIMATE)?;
            let operator = if is_rough { "com.microsoft.FastGelu" } else { "com.microsoft.Gelu" };
            t.give(node, operator, vec![value], Vec::new())?;
        }
        (None, None) if builtin == Builtin::RSQRT => {
            let root = t.step(node, "root", "Sqrt", vec![value], Vec::new());
            t.give(node, "Reciprocal", vec![root], Vec::new())?;
        }
        (None, None) => t.give(node, "Mul", vec![value.clone(), value], Vec::new())?,
    }
    Ok(true)
}

fn several(
    t: &mut Translation<'_>,
    node: &Node<'_>,
    builtin: Builtin,
    operator: &'static str,
    count: usize,
) -> Translated {
    let rank = t.tensor(node.output()?).rank();
    let indices = (0..count).map(|place| node.need(place)).collect::<Result<Vec<_>, _>>()?;
    let ranks: Vec<usize> = indices.iter().map(|&index| t.tensor(index).rank()).collect();
    if ranks.iter().any(|own| *own > rank) {
        return Err(node.wrong(&format!("inputs of {ranks:?} sides give one of {rank}")));
    }
    let inputs = indices.iter().map(|&index| t.operand(node, index, rank));
    let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
    match builtin {
        Builtin::SQUARED_DIFFERENCE => {
            let difference = t.step(node, "difference", operator, inputs, Vec::new());
            t.give(node, "Mul", vec![difference.clone(), difference], Vec::new())?;
        }
        Builtin::NOT_EQUAL => {
            let equal = t.step(node, "equal", operator, inputs, Vec::new());
            t.give(node, "Not", vec![equal], Vec::new())?;
        }
        _ => t.give_active(node, operator, inputs, Vec::new(), active(node, builtin)?)?,
    }
    Ok(true)
}

/// What only changes between floats and integers; the rest is said by the value's own format.
pub(super) fn identity(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    let value = t.own(node, input)?;
    let is_float = [input, output].iter().all(|&index| !t.is_quantized(index)) && !t.is_constant(input);
    let (from, to) = (t.tensor(input).data_type, t.tensor(output).data_type);
    if is_float && from != to {
        t.give(node, "Cast", vec![value], vec![("to", AttributeValue::Int(onnx_type(to).into()))])?;
    } else {
        t.give(node, "Identity", vec![value], Vec::new())?;
    }
    Ok(true)
}

pub(super) fn cast(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let (input, output) = (node.need(0)?, node.output()?);
    let order = Order::of_rank(t.tensor(input).rank());
    let value = t.value(node, input, order)?;
    let to = onnx_type(t.tensor(output).data_type);
    if to == 0 || t.is_quantized(output) {
        return Ok(false);
    }
    t.give(node, "Cast", vec![value], vec![("to", AttributeValue::Int(to.into()))])?;
    Ok(true)
}
