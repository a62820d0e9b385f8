//! The values of small tensors that are known before a network runs: the shapes that models compute for themselves. What
//! is only moved is in [`moved_values`](super::moved_values).

use super::moved_values::{moved, places, spread};
use super::proto::{
    BFLOAT16, BOOL, DOUBLE, FLOAT, FLOAT16, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64,
};
use super::shape_rules::{int, ints};
use super::{AttributeValue, ModelNode, Tensor};

/// Most values that are kept.
const MOST: u64 = 1024;

/// The values of the output at `place`, where all that they depend on is known; nothing for operators that shapes are not made
/// with. The outputs' sides are known already.
pub(super) fn small_values(
    node: &ModelNode,
    inputs: &[Option<&Tensor>],
    outputs: &[Option<Tensor>],
    place: usize,
) -> Option<Vec<f64>> {
    let output = outputs[place].as_ref().filter(|output| output.elements() <= MOST)?;
    let computed = || if place == 0 { computed(node, inputs, output) } else { None };
    let values = moved(node, inputs, outputs, place).or_else(computed)?;
    let values: Vec<f64> =
        values.into_iter().map(|value| stored(output.data_type, value)).collect::<Option<_>>()?;
    (values.len() as u64 == output.elements()).then_some(values)
}

/// A value as a tensor of this number format holds it; nothing where it does not, or is not known to.
fn stored(data_type: i32, value: f64) -> Option<f64> {
    let whole = |low: f64, high: f64| Some(value).filter(|v| v.fract() == 0.0 && (low..=high).contains(v));
    match data_type {
        FLOAT => Some(f64::from(value as f32)),
        DOUBLE => Some(value),
        FLOAT16 => Some(half::f16::from_f64(value).to_f64()),
        BFLOAT16 => Some(half::bf16::from_f64(value).to_f64()),
        BOOL => whole(0.0, 1.0),
        INT64 => whole(i64::MIN as f64, i64::MAX as f64),
        INT32 => whole(i32::MIN.into(), i32::MAX.into()),
        INT16 => whole(i16::MIN.into(), i16::MAX.into()),
        UINT64 => whole(0.0, u64::MAX as f64),
        UINT32 => whole(0.0, u32::MAX.into()),
        UINT16 => whole(0.0, u16::MAX.into()),
        INT8 => whole(i8::MIN.into(), i8::MAX.into()),
        UINT8 => whole(0.0, u8::MAX.into()),
        _ => None,
    }
}

fn computed(node: &ModelNode, inputs: &[Option<&Tensor>], output: &Tensor) -> Option<Vec<f64>> {
    let tensor = |place: usize| inputs.get(place).copied().flatten();
    let values = |place: usize| tensor(place)?.values.as_deref();
    let is_float = |data_type: i32| [FLOAT, DOUBLE, FLOAT16, BFLOAT16].contains(&data_type);
    // Element by element, spread to the output's sides.
    let rows = |apply: &dyn Fn(&[f64]) -> Option<f64>| -> Option<Vec<f64>> {
        let lists = inputs.iter().map(|input| spread((*input)?, &output.dims)).collect::<Option<Vec<_>>>()?;
        let row = |index: usize| lists.iter().map(|list| list[index]).collect::<Vec<f64>>();
        (0..output.elements() as usize).map(|index| apply(&row(index))).collect()
    };
    let each = |apply: fn(f64) -> f64| rows(&|row| Some(apply(*row.first()?)));
    let pairs =
        |apply: fn(f64, f64) -> f64| rows(&|row| if let [a, b] = row { Some(apply(*a, *b)) } else { None });
    let truth = |is_true: fn(f64, f64) -> bool| {
        rows(&|row| if let [a, b] = row { Some(f64::from(u8::from(is_true(*a, *b)))) } else { None })
    };
    let all = |join: fn(f64, f64) -> f64| rows(&|row| row.iter().copied().reduce(join));
    let whole_divided = |apply: fn(f64, f64) -> f64| {
        if values(1)?.contains(&0.0) { None } else { pairs(apply) }
    };
    match node.operator.as_str() {
        // By the number format of what it gives.
        "Cast" | "CastLike" => {
            let is_truth = output.data_type == BOOL;
            let cut = |value: f64| if is_float(output.data_type) { value } else { value.trunc() };
            let value = |value: &f64| if is_truth { f64::from(u8::from(*value != 0.0)) } else { cut(*value) };
            Some(values(0)?.iter().map(value).collect())
        }
        "Floor" => each(f64::floor),
        "Ceil" => each(f64::ceil),
        "Round" => each(f64::round_ties_even),
        "Sqrt" => each(f64::sqrt),
        "Reciprocal" => each(f64::recip),
        "Neg" => each(|value| -value),
        "Abs" => each(f64::abs),
        "Sign" => each(|value| if value == 0.0 { 0.0 } else { value.signum() }),
        "Relu" => each(|value| value.max(0.0)),
        "Not" => each(|value| f64::from(u8::from(value == 0.0))),
        "Clip" => {
            let bound = |place: usize, name: &str, open: f64| match node.inputs.get(place) {
                Some(given) if !given.is_empty() => values(place)?.first().copied(),
                _ => match node.attributes.get(name) {
                    Some(AttributeValue::Float(value)) => Some(f64::from(*value)),
                    _ => Some(open),
                },
            };
            let (least, most) = (bound(1, "min", f64::MIN)?, bound(2, "max", f64::MAX)?);
            // As ONNX has it: the upper bound counts where they cross.
            Some(values(0)?.iter().map(|value| value.max(least).min(most)).collect())
        }
        "Add" => pairs(|a, b| a + b),
        "Sub" => pairs(|a, b| a - b),
        "Mul" => pairs(|a, b| a * b),
        "Pow" => pairs(f64::powf),
        "Div" if is_float(tensor(0)?.data_type) => pairs(|a, b| a / b),
        "Div" => whole_divided(|a, b| (a / b).trunc()),
        // With the sign of what is divided, or of what it is divided by.
        "Mod" if int(node, "fmod") == Some(1) => whole_divided(|a, b| a % b),
        "Mod" => whole_divided(|a, b| a - b * (a / b).floor()),
        "Sum" => all(|a, b| a + b),
        "Min" => all(f64::min),
        "Max" => all(f64::max),
        "Equal" => truth(|a, b| a == b),
        "Less" => truth(|a, b| a < b),
        "LessOrEqual" => truth(|a, b| a <= b),
        "Greater" => truth(|a, b| a > b),
        "GreaterOrEqual" => truth(|a, b| a >= b),
        "And" => truth(|a, b| a != 0.0 && b != 0.0),
        "Or" => truth(|a, b| a != 0.0 || b != 0.0),
        "Xor" => truth(|a, b| (a != 0.0) != (b != 0.0)),
        "Where" => rows(&|row| match row {
            [choice, a, b] => Some(if *choice == 0.0 { *b } else { *a }),
            _ => None,
        }),
        "ReduceProd" => reduced(node, inputs, Some(1.0), |a, b| a * b),
        "ReduceSum" => reduced(node, inputs, Some(0.0), |a, b| a + b),
        "ReduceMax" => reduced(node, inputs, None, f64::max),
        "ReduceMin" => reduced(node, inputs, None, f64::min),
        "Size" => Some(vec![tensor(0)?.elements() as f64]),
        "Shape" => {
            let dims = &tensor(0)?.dims;
            let bound = |name: &str, or: usize| int(node, name).map_or(or as i64, |at| at);
            let from_front = |at: i64| {
                let at = if at < 0 { at.saturating_add(dims.len() as i64) } else { at };
                at.clamp(0, dims.len() as i64) as usize
            };
            let part = dims.get(from_front(bound("start", 0))..from_front(bound("end", dims.len())));
            Some(part.unwrap_or_default().iter().map(|&side| side as f64).collect())
        }
        "Range" => {
            let [start, _, step] = [0, 1, 2].map(|place| values(place)?.first().copied());
            let (start, step) = (start?, step?);
            Some((0..output.elements() as u32).map(|index| start + f64::from(index) * step).collect())
        }
        "ConstantOfShape" => {
            let value = match node.attributes.get("value") {
                Some(AttributeValue::Tensor(value)) => *value.values.as_ref()?.first()?,
                _ => 0.0,
            };
            Some(vec![value; output.elements() as usize])
        }
        "NonZero" => {
            let input = tensor(0)?;
            let chosen = places(&input.dims).zip(input.values.as_ref()?).filter(|(_, value)| **value != 0.0);
            let chosen: Vec<Vec<usize>> = chosen.map(|(index, _)| index).collect();
            let axis = |axis: usize| chosen.iter().map(move |index| index[axis] as f64);
            Some((0..input.dims.len()).flat_map(axis).collect())
        }
        _ => None,
    }
}

/// Along the node's axes, those joined that differ in nothing else. `start` is what nothing at all gives.
fn reduced(
    node: &ModelNode,
    inputs: &[Option<&Tensor>],
    start: Option<f64>,
    join: fn(f64, f64) -> f64,
) -> Option<Vec<f64>> {
    let tensor = inputs.first().copied().flatten()?;
    let values = tensor.values.as_ref()?;
    let given = node.inputs.get(1).filter(|name| !name.is_empty());
    let axes: Vec<i64> = match (ints(node, "axes"), given) {
        (Some(axes), _) => axes.to_vec(),
        (None, Some(_)) => {
            inputs.get(1).copied().flatten()?.values.as_ref()?.iter().map(|&axis| axis as i64).collect()
        }
        (None, None) => Vec::new(),
    };
    if axes.is_empty() && int(node, "noop_with_empty_axes") == Some(1) {
        return Some(values.clone());
    }
    let rank = tensor.dims.len();
    let is_kept = |axis: &usize| {
        let from_end = *axis as i64 - rank as i64;
        !axes.is_empty() && !axes.contains(&(*axis as i64)) && !axes.contains(&from_end)
    };
    let kept: Vec<usize> = (0..rank).filter(is_kept).collect();
    let count: u64 = kept.iter().map(|axis| tensor.dims[*axis]).product();
    let mut found = vec![start; count as usize];
    for (index, value) in places(&tensor.dims).zip(values) {
        let place = kept.iter().fold(0, |sum, &axis| sum * tensor.dims[axis] as usize + index[axis]);
        found[place] = Some(found[place].map_or(*value, |joined| join(joined, *value)));
    }
    found.into_iter().collect()
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
