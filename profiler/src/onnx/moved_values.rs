//! Values of small tensors that operators only move: each element of what they give comes from one place of what they read.

use super::shape_rules::{int, ints, text};
use super::{ModelNode, Tensor};

/// The values of the output at `place`; nothing where they are not known, and for operators that compute.
pub(super) fn moved(
    node: &ModelNode,
    inputs: &[Option<&Tensor>],
    outputs: &[Option<Tensor>],
    place: usize,
) -> Option<Vec<f64>> {
    let tensor = |place: usize| inputs.get(place).copied().flatten();
    let given = |place: usize| node.inputs.get(place).is_some_and(|name| !name.is_empty());
    let list = |place: usize| {
        let values = tensor(place)?.values.as_ref()?;
        Some(values.iter().map(|&value| value as i64).collect::<Vec<_>>())
    };
    let data = || tensor(0).filter(|data| data.values.is_some());
    let dims = &outputs[place].as_ref()?.dims;
    let rank = tensor(0)?.dims.len();
    let axis = |or: i64| from_front(int(node, "axis").unwrap_or(or), rank);
    match node.operator.as_str() {
        "Identity" | "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten" | "Dropout" if place == 0 => {
            data()?.values.clone()
        }
        "Expand" | "Tile" => spread(data()?, dims),
        "Transpose" => {
            let order = match ints(node, "perm") {
                Some(order) => {
                    order.iter().map(|&axis| from_front(axis, rank)).collect::<Option<Vec<_>>>()?
                }
                None => (0..rank).rev().collect(),
            };
            let source = |index: &[usize]| {
                let mut of = vec![0; rank];
                index.iter().zip(&order).for_each(|(at, axis)| of[*axis] = *at);
                of
            };
            gathered(data()?, dims, |index| Some(source(index)))
        }
        "Slice" => {
            let bounds = |place: usize, name: &str| {
                if given(place) { list(place) } else { ints(node, name).map(<[i64]>::to_vec) }
            };
            let (starts, ends) = (bounds(1, "starts")?, bounds(2, "ends")?);
            let rest = |place: usize, name: &str, or: Vec<i64>| match bounds(place, name) {
                None if given(place) => None,
                found => Some(found.unwrap_or(or)),
            };
            let axes = rest(3, "axes", (0..starts.len() as i64).collect())?;
            let steps = rest(4, "steps", vec![1; starts.len()])?;
            let mut taken: Vec<Vec<usize>> =
                tensor(0)?.dims.iter().map(|side| (0..*side as usize).collect()).collect();
            for (((start, end), axis), step) in starts.iter().zip(ends).zip(axes).zip(steps) {
                let taken = taken.get_mut(from_front(axis, rank)?)?;
                *taken = sliced(taken.len() as i64, *start, end, step)?;
            }
            gathered(data()?, dims, |index| {
                index.iter().zip(&taken).map(|(at, taken)| taken.get(*at).copied()).collect()
            })
        }
        "Gather" => {
            let (axis, indices) = (axis(0)?, tensor(1)?);
            let after = axis + indices.dims.len();
            gathered(data()?, dims, |index| {
                let at = chosen(indices, index[axis..after].iter().copied(), tensor(0)?.dims[axis])?;
                Some([&index[..axis], &[at], &index[after..]].concat())
            })
        }
        "GatherElements" => {
            let (axis, indices) = (axis(0)?, tensor(1)?);
            gathered(data()?, dims, |index| {
                let mut of = index.to_vec();
                of[axis] = chosen(indices, index.iter().copied(), tensor(0)?.dims[axis])?;
                Some(of)
            })
        }
        "GatherND" => {
            let batch = usize::try_from(int(node, "batch_dims").unwrap_or(0)).ok()?;
            let tuples = tensor(1)?;
            let before = tuples.dims.len().checked_sub(1)?;
            gathered(data()?, dims, |index| {
                let tuple = tuple(tuples, &index[..before], tensor(0)?.dims.get(batch..)?)?;
                Some([&index[..batch], &tuple, &index[before..]].concat())
            })
        }
        "Concat" => {
            let axis = axis(0)?;
            let parts = inputs.iter().copied().collect::<Option<Vec<&Tensor>>>()?;
            let element = |mut index: Vec<usize>| {
                for part in &parts {
                    let side = *part.dims.get(axis)? as usize;
                    if index[axis] < side {
                        return at(part, index);
                    }
                    index[axis] -= side;
                }
                None
            };
            places(dims).map(element).collect()
        }
        "Split" => {
            let axis = axis(0)?;
            let before = outputs[..place].iter().map(|part| Some(*part.as_ref()?.dims.get(axis)? as usize));
            let before: usize = before.sum::<Option<usize>>()?;
            gathered(data()?, dims, |index| {
                let mut of = index.to_vec();
                of[axis] += before;
                Some(of)
            })
        }
        "ScatterND" | "ScatterElements" | "Scatter"
            if text(node, "reduction").is_none_or(|how| how == "none") =>
        {
            let (data, indices, updates) = (data()?, tensor(1)?, tensor(2)?);
            let mut values = data.values.clone()?;
            for (index, update) in places(&updates.dims).zip(updates.values.as_ref()?) {
                let of = if node.operator == "ScatterND" {
                    let before = indices.dims.len().checked_sub(1)?;
                    [&tuple(indices, &index[..before], &data.dims)?, &index[before..]].concat()
                } else {
                    let mut of = index.clone();
                    of[axis(0)?] = chosen(indices, index.iter().copied(), data.dims[axis(0)?])?;
                    of
                };
                *values.get_mut(offset(data, of)?)? = *update;
            }
            Some(values)
        }
        _ => None,
    }
}

/// The index of every element, row by row.
pub(super) fn places(dims: &[u64]) -> impl Iterator<Item = Vec<usize>> + use<'_> {
    let count: u64 = dims.iter().product();
    (0..count).map(move |mut place| {
        let mut index: Vec<usize> = dims
            .iter()
            .rev()
            .map(|side| {
                let at = place % side;
                place /= side;
                at as usize
            })
            .collect();
        index.reverse();
        index
    })
}

/// A tensor's elements, repeated to these sides.
pub(super) fn spread(tensor: &Tensor, dims: &[u64]) -> Option<Vec<f64>> {
    let skipped = dims.len().checked_sub(tensor.dims.len())?;
    gathered(tensor, dims, |index| {
        let within = index[skipped..].iter().zip(&tensor.dims);
        within.map(|(at, side)| at.checked_rem(*side as usize)).collect()
    })
}

/// Element by element from where it is in the tensor.
fn gathered(
    tensor: &Tensor,
    dims: &[u64],
    source: impl Fn(&[usize]) -> Option<Vec<usize>>,
) -> Option<Vec<f64>> {
    places(dims).map(|index| at(tensor, source(&index)?)).collect()
}

fn at(tensor: &Tensor, index: Vec<usize>) -> Option<f64> {
    tensor.values.as_ref()?.get(offset(tensor, index)?).copied()
}

/// Where an element lies, row by row; nothing outside of the tensor.
fn offset(tensor: &Tensor, index: impl IntoIterator<Item = usize>) -> Option<usize> {
    index.into_iter().zip(&tensor.dims).try_fold(0, |sum, (at, side)| {
        let side = *side as usize;
        (at < side).then_some(sum * side + at)
    })
}

/// An index that a tensor holds at a place, counted from the front of a side.
fn chosen(indices: &Tensor, place: impl IntoIterator<Item = usize>, side: u64) -> Option<usize> {
    from_front(*indices.values.as_ref()?.get(offset(indices, place)?)? as i64, side as usize)
}

/// The indices that a tensor holds in its last axis at a place of the others.
fn tuple(indices: &Tensor, place: &[usize], dims: &[u64]) -> Option<Vec<usize>> {
    let count = *indices.dims.last()? as usize;
    let part = |part: usize| chosen(indices, place.iter().copied().chain([part]), *dims.get(part)?);
    (0..count).map(part).collect()
}

fn from_front(at: i64, count: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(count as i64)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < count)
}

/// Places from a start to before an end; from behind where they are negative. Nothing for a step of 0.
fn sliced(side: i64, start: i64, end: i64, step: i64) -> Option<Vec<usize>> {
    let from_front = |at: i64| if at < 0 { at.saturating_add(side) } else { at };
    let (least, most) = if step > 0 { (0, side) } else { (-1, side - 1) };
    let (mut at, end) = (from_front(start).clamp(least, most), from_front(end).clamp(least, most));
    let mut taken = Vec::new();
    while step != 0 && (if step > 0 { at < end } else { at > end }) {
        taken.push(usize::try_from(at).ok()?);
        at = at.saturating_add(step);
    }
    (step != 0).then_some(taken)
}
