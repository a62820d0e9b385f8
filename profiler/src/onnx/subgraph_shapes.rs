//! Shapes that operators give which run graphs: of a branch, of a loop, of a scan.

use std::collections::HashMap;

use super::proto::{BOOL, INT64};
use super::shape_inference::Failure;
use super::shape_rules::{int, ints};
use super::{AttributeValue, ModelGraph, ModelNode, Tensor};

type Known = HashMap<String, Tensor>;
/// What a graph of a name gives for its inputs.
type Inside<'a> = dyn Fn(&str, Vec<Option<Tensor>>) -> Result<Vec<Option<Tensor>>, Failure> + 'a;

/// What a node gives that runs graphs; nothing for any other node, and for outputs that cannot be told.
pub(super) fn subgraph_outputs(
    node: &ModelNode,
    known: &Known,
    named: &HashMap<String, u64>,
) -> Result<Option<Vec<Option<Tensor>>>, Failure> {
    let inside = |name: &str, inputs: Vec<Option<Tensor>>| match node.attributes.get(name) {
        Some(AttributeValue::Graph(graph)) => outputs(graph, inputs, known, named),
        _ => Ok(Vec::new()),
    };
    let input = |place: usize| known.get(node.inputs.get(place)?);
    Ok(Some(match node.operator.as_str() {
        "If" => match input(0).and_then(value) {
            Some(0.0) => inside("else_branch", Vec::new())?,
            Some(_) => inside("then_branch", Vec::new())?,
            None => {
                let (then, otherwise) =
                    (inside("then_branch", Vec::new())?, inside("else_branch", Vec::new())?);
                let both = |(a, b): (Option<Tensor>, Option<Tensor>)| {
                    a.filter(|a| b.is_some_and(|b| a.dims == b.dims)).map(without_values)
                };
                then.into_iter().zip(otherwise).map(both).collect()
            }
        },
        "Loop" => {
            let states: Vec<Option<Tensor>> =
                (2..node.inputs.len()).map(|place| input(place).cloned().map(without_values)).collect();
            let single = |data_type, values| Some(Tensor { data_type, values, ..Tensor::default() });
            let goes_on =
                node.inputs.get(1).is_none_or(String::is_empty) || input(1).and_then(value) == Some(1.0);
            let mut inputs = vec![single(INT64, None), single(BOOL, goes_on.then(|| vec![1.0]))];
            inputs.extend(states.iter().cloned());
            // The body gives whether it goes on, its states, and what is stacked.
            let given = inside("body", inputs)?;
            let is_whole = given.first().and_then(|tensor| value(tensor.as_ref()?)) == Some(1.0);
            let count = input(0).and_then(value).filter(|count| is_whole && (0.0..=1e9).contains(count));
            let given = given.into_iter().skip(1).enumerate();
            let stacked = |tensor: Tensor| {
                let count = count? as u64;
                Some(Tensor { dims: [&[count], tensor.dims.as_slice()].concat(), ..tensor })
            };
            let of = |(place, tensor): (usize, Option<Tensor>)| match states.get(place) {
                Some(state) => {
                    tensor.filter(|tensor| state.as_ref().is_some_and(|state| state.dims == tensor.dims))
                }
                None => tensor.and_then(stacked),
            };
            given.map(of).map(|tensor| tensor.map(without_values)).collect()
        }
        // Another operator before set 9.
        "Scan" if !matches!(node.attributes.get("body"), Some(AttributeValue::Graph(body)) if body.opset < 9) => {
            scan(node, &inside, &input)?
        }
        _ => return Ok(None),
    }))
}

/// Of a scan: states, and what it stacks.
fn scan<'a>(
    node: &ModelNode,
    inside: &Inside<'_>,
    input: &dyn Fn(usize) -> Option<&'a Tensor>,
) -> Result<Vec<Option<Tensor>>, Failure> {
    let scanned = int(node, "num_scan_inputs").and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let states = node.inputs.len().saturating_sub(scanned);
    let axis = |name: &str, place: usize, rank: usize| {
        let axis = ints(node, name).and_then(|axes| axes.get(place)).copied().unwrap_or(0);
        usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok().filter(|axis| *axis < rank)
    };
    let mut steps = None;
    let mut inputs: Vec<Option<Tensor>> =
        (0..states).map(|place| input(place).cloned().map(without_values)).collect();
    for place in 0..scanned {
        let slice = input(states + place).cloned().map(without_values).and_then(|mut tensor| {
            steps = Some(tensor.dims.remove(axis("scan_input_axes", place, tensor.dims.len())?));
            Some(tensor)
        });
        inputs.push(slice);
    }
    let of = |(place, tensor): (usize, Option<Tensor>)| {
        let mut tensor = tensor?;
        if place >= states {
            let axis = axis("scan_output_axes", place - states, tensor.dims.len() + 1)?;
            tensor.dims.insert(axis, steps?);
        }
        Some(without_values(tensor))
    };
    Ok(inside("body", inputs)?.into_iter().enumerate().map(of).collect())
}

/// What a graph inside gives.
fn outputs(
    graph: &ModelGraph,
    inputs: Vec<Option<Tensor>>,
    known: &Known,
    named: &HashMap<String, u64>,
) -> Result<Vec<Option<Tensor>>, Failure> {
    let mut known = known.clone();
    for (input, tensor) in graph.inputs.iter().zip(inputs) {
        match tensor {
            Some(tensor) => known.insert(input.name.clone(), tensor),
            None => known.remove(&input.name),
        };
    }
    graph.walk(&mut known, named).map_err(Failure::Inside)?;
    Ok(graph.outputs.iter().map(|name| known.get(name).cloned()).collect())
}

fn value(tensor: &Tensor) -> Option<f64> {
    tensor.values.as_ref()?.first().copied()
}

/// It may be another in each run.
fn without_values(tensor: Tensor) -> Tensor {
    Tensor { values: None, is_constant: false, ..tensor }
}
