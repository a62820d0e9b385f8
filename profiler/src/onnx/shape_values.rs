//! The values of small tensors that are known before a network runs: the shapes that models compute for themselves.

use super::{AttributeValue, ModelNode, Tensor};

/// The values that a node gives, where all that it reads is known; nothing for operators that shapes are not made with.
pub(super) fn small_values(node: &ModelNode, inputs: &[Option<&Tensor>]) -> Option<Vec<f64>> {
    let tensor = |input: usize| inputs.get(input).copied().flatten();
    let values = |input: usize| tensor(input).and_then(|tensor| tensor.values.clone());
    match node.operator.as_str() {
        "Shape" => Some(tensor(0)?.dims.iter().map(|&side| side as f64).collect()),
        "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" => values(0),
        "Cast" => {
            // To an integer type of ONNX: the fraction goes.
            let to_integer = matches!(node.attributes.get("to"), Some(AttributeValue::Int(2..=7 | 12 | 13)));
            values(0).map(|list| list.into_iter().map(|v| if to_integer { v.trunc() } else { v }).collect())
        }
        "Floor" => values(0).map(|list| list.into_iter().map(f64::floor).collect()),
        "Ceil" => values(0).map(|list| list.into_iter().map(f64::ceil).collect()),
        "Concat" => (0..inputs.len()).map(values).collect::<Option<Vec<_>>>().map(|lists| lists.concat()),
        "Add" => both(values(0)?, values(1)?, |a, b| a + b),
        "Sub" => both(values(0)?, values(1)?, |a, b| a - b),
        "Mul" => both(values(0)?, values(1)?, |a, b| a * b),
        "Div" => both(values(0)?, values(1)?, divide),
        "Gather" => {
            let (list, indices) = (values(0)?, values(1)?);
            if tensor(0)?.dims.len() != 1 {
                return None;
            }
            let at = |index: &f64| {
                let index = if *index < 0.0 { index + list.len() as f64 } else { *index };
                (index >= 0.0).then(|| list.get(index as usize).copied()).flatten()
            };
            indices.iter().map(at).collect()
        }
        "Slice" => {
            let (list, from, to) = (values(0)?, *values(1)?.first()?, *values(2)?.first()?);
            let is_plain = tensor(0)?.dims.len() == 1 && values(4).is_none_or(|steps| steps == [1.0]);
            let place = |at: f64| {
                let at = if at < 0.0 { at + list.len() as f64 } else { at };
                at.clamp(0.0, list.len() as f64) as usize
            };
            is_plain.then(|| list.get(place(from)..place(to)).map(<[f64]>::to_vec)).flatten()
        }
        "ConstantOfShape" => {
            let count = values(0)?.iter().product::<f64>();
            let value = match node.attributes.get("value") {
                Some(AttributeValue::Tensor(value)) => value.scalar()?,
                _ => 0.0,
            };
            (count <= 64.0).then(|| vec![value; count as usize])
        }
        _ => None,
    }
}

/// Shapes are integers, and integers are divided without a rest.
fn divide(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if a.fract() == 0.0 && b.fract() == 0.0 && b != 0.0 { quotient.trunc() } else { quotient }
}

fn both(a: Vec<f64>, b: Vec<f64>, apply: fn(f64, f64) -> f64) -> Option<Vec<f64>> {
    match (a.as_slice(), b.as_slice()) {
        (a, [b]) => Some(a.iter().map(|a| apply(*a, *b)).collect()),
        ([a], b) => Some(b.iter().map(|b| apply(*a, *b)).collect()),
        (a, b) if a.len() == b.len() => Some(a.iter().zip(b).map(|(a, b)| apply(*a, *b)).collect()),
        _ => None,
    }
}
