//! The values of small tensors that are known before a network runs: the shapes that models compute for themselves. What
//! only moves integers of a list, `shape_rules` asks the library for.

use super::proto::{BFLOAT16, BOOL, DOUBLE, FLOAT, FLOAT16};
use super::shape_rules::{int, ints};
use super::{AttributeValue, ModelNode, Tensor};

/// Most values that are kept.
const MOST: f64 = 1024.0;

/// The first output's values, where all that it depends on is known; nothing for operators that shapes are not made with.
pub(super) fn small_values(node: &ModelNode, inputs: &[Option<&Tensor>]) -> Option<Vec<f64>> {
    let tensor = |place: usize| inputs.get(place).copied().flatten();
    let values = |place: usize| tensor(place)?.values.as_deref();
    let is_float = |data_type: i32| [FLOAT, DOUBLE, FLOAT16, BFLOAT16].contains(&data_type);
    let each = |apply: fn(f64) -> f64| Some(values(0)?.iter().map(|&value| apply(value)).collect());
    let pairs = |apply: fn(f64, f64) -> f64| together([values(0)?, values(1)?], |[a, b]| apply(a, b));
    let truth = |is_true: fn(f64, f64) -> bool| {
        together([values(0)?, values(1)?], |[a, b]| f64::from(u8::from(is_true(a, b))))
    };
    match node.operator.as_str() {
        "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Dropout" => {
            values(0).map(<[f64]>::to_vec)
        }
        "Cast" => match int(node, "to")? as i32 {
            BOOL => each(|value| f64::from(u8::from(value != 0.0))),
            to if is_float(to) => each(|value| value),
            _ => each(f64::trunc),
        },
        "Floor" => each(f64::floor),
        "Ceil" => each(f64::ceil),
        "Round" => each(f64::round_ties_even),
        "Sqrt" => each(f64::sqrt),
        "Neg" => each(|value| -value),
        "Abs" => each(f64::abs),
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
        "Not" => each(|value| f64::from(u8::from(value == 0.0))),
        "Add" => pairs(|a, b| a + b),
        "Sub" => pairs(|a, b| a - b),
        "Mul" => pairs(|a, b| a * b),
        "Div" if is_float(tensor(0)?.data_type) => pairs(|a, b| a / b),
        "Div" if values(1)?.contains(&0.0) => None,
        "Div" => pairs(|a, b| (a / b).trunc()),
        "Min" if inputs.len() == 2 => pairs(f64::min),
        "Max" if inputs.len() == 2 => pairs(f64::max),
        "Equal" => truth(|a, b| a == b),
        "Less" => truth(|a, b| a < b),
        "LessOrEqual" => truth(|a, b| a <= b),
        "Greater" => truth(|a, b| a > b),
        "GreaterOrEqual" => truth(|a, b| a >= b),
        "And" => truth(|a, b| a != 0.0 && b != 0.0),
        "Or" => truth(|a, b| a != 0.0 || b != 0.0),
        "Where" => {
            together([values(0)?, values(1)?, values(2)?], |[choice, a, b]| if choice != 0.0 { a } else { b })
        }
        // Of all elements: the caller drops what does not fit the shape.
        "ReduceProd" => Some(vec![values(0)?.iter().product()]),
        "ReduceSum" => Some(vec![values(0)?.iter().sum()]),
        "ReduceMax" => values(0)?.iter().copied().reduce(f64::max).map(|value| vec![value]),
        "ReduceMin" => values(0)?.iter().copied().reduce(f64::min).map(|value| vec![value]),
        "Concat" if tensor(0)?.dims.len() == 1 => {
            (0..inputs.len()).map(values).collect::<Option<Vec<_>>>().map(|lists| lists.concat())
        }
        "Range" => {
            let [start, end, step] = [0, 1, 2].map(|place| values(place)?.first().copied());
            let (start, step) = (start?, step?);
            let count = ((end? - start) / step).ceil();
            (0.0..=MOST)
                .contains(&count)
                .then(|| (0..count as u32).map(|i| start + f64::from(i) * step).collect())
        }
        "Transpose" => {
            let rank = tensor(0)?.dims.len();
            let order = ints(node, "perm").map_or_else(|| (0..rank as i64).rev().collect(), <[i64]>::to_vec);
            let sides: Vec<usize> = tensor(0)?.dims.iter().map(|side| *side as usize).collect();
            let step = |axis: usize| sides[axis + 1..].iter().product::<usize>();
            let moved = order.iter().map(|&axis| {
                let axis = usize::try_from(axis).ok().filter(|axis| *axis < rank)?;
                Some((0..sides[axis]).map(|place| place * step(axis)).collect())
            });
            picked(values(0)?, &moved.collect::<Option<Vec<_>>>()?)
        }
        "Slice" => {
            let sides = &tensor(0)?.dims;
            let (starts, ends) = (values(1)?, values(2)?);
            let axes = match inputs.get(3).copied().flatten() {
                Some(axes) => axes.values.clone()?,
                None => (0..starts.len()).map(|axis| axis as f64).collect(),
            };
            let steps = match inputs.get(4).copied().flatten() {
                Some(steps) => steps.values.clone()?,
                None => vec![1.0; starts.len()],
            };
            let mut taken: Vec<Vec<usize>> = sides.iter().map(|side| (0..*side as usize).collect()).collect();
            for (((start, end), axis), step) in starts.iter().zip(ends).zip(axes).zip(steps) {
                let axis = if axis < 0.0 { axis + sides.len() as f64 } else { axis };
                let of_axis = taken.get_mut(axis as usize)?;
                *of_axis = slice(of_axis.len() as f64, *start, *end, step)?;
            }
            let step = |axis: usize| sides[axis + 1..].iter().product::<u64>() as usize;
            let places = taken.iter().enumerate();
            let places = places.map(|(axis, taken)| taken.iter().map(|place| place * step(axis)).collect());
            picked(values(0)?, &places.collect::<Vec<_>>())
        }
        "ConstantOfShape" => {
            let count: f64 = values(0)?.iter().product();
            let value = match node.attributes.get("value") {
                Some(AttributeValue::Tensor(value)) => *value.values.as_ref()?.first()?,
                _ => 0.0,
            };
            (0.0..=MOST).contains(&count).then(|| vec![value; count as usize])
        }
        _ => None,
    }
}

/// Places from a start to before an end; from behind where they are negative. Nothing for a step of 0.
fn slice(side: f64, start: f64, end: f64, step: f64) -> Option<Vec<usize>> {
    let from_front = |at: f64| if at < 0.0 { at + side } else { at };
    let (least, most): (f64, f64) = if step > 0.0 { (0.0, side) } else { (-1.0, side - 1.0) };
    let start = from_front(start).clamp(least.max(0.0), most.max(0.0));
    let count = ((from_front(end).clamp(least, most) - start) / step).ceil();
    let places = (0..count.max(0.0) as usize).map(|index| (start + index as f64 * step) as usize);
    (step != 0.0).then(|| places.collect())
}

/// The values at sums of one place of each axis, the last axis first.
fn picked(values: &[f64], places: &[Vec<usize>]) -> Option<Vec<f64>> {
    let sums = places.iter().fold(vec![0], |sums, axis| {
        sums.iter().flat_map(|sum| axis.iter().map(move |place| sum + place)).collect()
    });
    sums.into_iter().map(|place| values.get(place).copied()).collect()
}

/// Lists element by element; a list of one goes with every element of the others.
fn together<const N: usize>(lists: [&[f64]; N], apply: impl Fn([f64; N]) -> f64) -> Option<Vec<f64>> {
    let count = if lists.iter().any(|list| list.is_empty()) {
        0
    } else {
        lists.iter().map(|list| list.len()).max()?
    };
    let fits = |list: &&[f64]| list.len() == 1 || list.len() == count;
    let at = |index: usize| lists.map(|list| list[if list.len() == 1 { 0 } else { index }]);
    lists.iter().all(fits).then(|| (0..count).map(|index| apply(at(index))).collect())
}
