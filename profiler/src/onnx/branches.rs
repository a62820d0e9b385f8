//! Branches that are known to be taken, in the place of the `If` that chooses them: so runtimes, layers and steps see the same nodes.

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::data_dependent_inputs::FLOATS;
use super::fix_inputs::edit_graph;
use super::proto::{Node, Tensor, ValueInfo};
use super::wire::{Edit, Field, rewrite};
use super::{InputShapes, ModelGraph, OnnxError};

/// Fields of `GraphProto`, of `NodeProto`, of `AttributeProto`.
const NODE: u64 = 1;
const INITIALIZER: u64 = 5;
const OUTPUT_INFO: u64 = 12;
const READ: u64 = 1;
const GIVEN: u64 = 2;
const ATTRIBUTE: u64 = 5;
const GRAPH: u64 = 6;

/// The model with a branch in place of each `If` whose condition follows from sizes and given integers; `None` if there is none.
///
/// Nodes of branches keep their names; values are renamed where theirs stands for another one. Given floats decide nothing: they are
/// what a network works on. What a loop runs stays as it is, and so does a model of which sizes are missing.
///
/// # Errors
/// [`OnnxError`] for bytes that are no ONNX model.
pub fn open_branches(onnx: &[u8], inputs: &InputShapes) -> Result<Option<Vec<u8>>, OnnxError> {
    let mut opened: Option<Vec<u8>> = None;
    loop {
        let now = opened.as_deref().unwrap_or(onnx);
        match open_outermost(now, inputs)? {
            Some(more) => opened = Some(more),
            None => return Ok(opened),
        }
    }
}

/// The same, but for branches within branches.
fn open_outermost(onnx: &[u8], inputs: &InputShapes) -> Result<Option<Vec<u8>>, OnnxError> {
    let mut graph = ModelGraph::read(onnx)?;
    if !graph.nodes.iter().any(|node| node.operator == "If") {
        return Ok(None);
    }
    let floats = graph.inputs.iter().filter(|input| FLOATS.contains(&input.data_type));
    floats.for_each(|input| drop(graph.given.remove(&input.name)));
    // Who asks for shapes is told what is missing.
    let Ok((known, _)) = graph.known_shapes(inputs) else { return Ok(None) };
    let mut names: HashSet<String> = known.keys().cloned().collect();
    names.extend(graph.nodes.iter().flat_map(|node| node.outputs.clone()));
    edit_graph(onnx, &mut |number, field| {
        let (NODE, Field::Bytes(bytes)) = (number, field) else { return Ok(Edit::Keep) };
        let node = Node::decode(bytes)?;
        if node.op_type != "If" || !["", "ai.onnx"].contains(&node.domain.as_str()) {
            return Ok(Edit::Keep);
        }
        let condition =
            node.input.first().and_then(|name| known.get(name)?.values.as_ref()?.first().copied());
        let branch = match condition {
            Some(0.0) => branch_of(bytes, "else_branch")?,
            Some(_) => branch_of(bytes, "then_branch")?,
            None => None,
        };
        branch.map_or(Ok(Edit::Keep), |branch| open(&node, &branch, &mut names).map(Edit::Several))
    })
}

/// The bytes of a branch.
fn branch_of(node: &[u8], branch: &str) -> Result<Option<Vec<u8>>, OnnxError> {
    const NAME: u64 = 1;
    let mut found = None;
    for attribute in parts(node, ATTRIBUTE)? {
        if parts(&attribute, NAME)?.first().is_some_and(|name| name == branch.as_bytes()) {
            found = parts(&attribute, GRAPH)?.pop();
        }
    }
    Ok(found)
}

/// The strings or messages of a field.
fn parts(message: &[u8], wanted: u64) -> Result<Vec<Vec<u8>>, OnnxError> {
    let mut found = Vec::new();
    rewrite(message, &mut |number, field| {
        if let (true, Field::Bytes(bytes)) = (number == wanted, field) {
            found.push(bytes.to_vec());
        }
        Ok(Edit::Keep)
    })?;
    Ok(found)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The fields of the graph around it that a branch becomes.
fn open(node: &Node, branch: &[u8], names: &mut HashSet<String>) -> Result<Vec<(u64, Vec<u8>)>, OnnxError> {
    let mut own: Vec<String> = Vec::new();
    for inside in parts(branch, NODE)? {
        own.extend(parts(&inside, GIVEN)?.iter().map(|name| text(name)).filter(|name| !name.is_empty()));
    }
    for weights in parts(branch, INITIALIZER)? {
        own.push(Tensor::decode(weights.as_slice())?.name);
    }
    let mut new = HashMap::new();
    for name in own {
        let mut fresh = name.clone();
        while !names.insert(fresh.clone()) {
            fresh = format!("{}/{fresh}", node.name);
        }
        if fresh != name {
            new.insert(name, fresh);
        }
    }
    let mut fields = Vec::new();
    for weights in parts(branch, INITIALIZER)? {
        fields.push((INITIALIZER, renamed_tensor(&weights, &new)?));
    }
    for inside in parts(branch, NODE)? {
        fields.push((NODE, renamed_node(&inside, &new)?));
    }
    for (info, outside) in parts(branch, OUTPUT_INFO)?.into_iter().zip(&node.output) {
        let inside = ValueInfo::decode(info.as_slice())?.name;
        let passes_on = Node {
            input: vec![new.get(&inside).cloned().unwrap_or(inside)],
            output: vec![outside.clone()],
            name: format!("{}/{outside}", node.name),
            op_type: "Identity".to_owned(),
            ..Node::default()
        };
        fields.push((NODE, passes_on.encode_to_vec()));
    }
    Ok(fields)
}

type NewNames = HashMap<String, String>;

fn renamed_tensor(tensor: &[u8], new: &NewNames) -> Result<Vec<u8>, OnnxError> {
    const NAME: u64 = 8;
    renamed_fields(tensor, new, &|number| number == NAME)
}

/// A node whose values are called otherwise, those that graphs within it read as well.
fn renamed_node(node: &[u8], new: &NewNames) -> Result<Vec<u8>, OnnxError> {
    if new.is_empty() {
        return Ok(node.to_vec());
    }
    let node = renamed_fields(node, new, &|number| [READ, GIVEN].contains(&number))?;
    let within = rewrite(&node, &mut |number, field| {
        let (ATTRIBUTE, Field::Bytes(attribute)) = (number, field) else { return Ok(Edit::Keep) };
        let attribute = rewrite(attribute, &mut |number, field| match (number, field) {
            (GRAPH, Field::Bytes(graph)) => Ok(Edit::Replace(renamed_graph(graph, new)?)),
            (_, Field::Bytes(_) | Field::Varint(_) | Field::Fixed) => Ok(Edit::Keep),
        })?;
        Ok(attribute.map_or(Edit::Keep, Edit::Replace))
    })?;
    Ok(within.unwrap_or(node))
}

fn renamed_graph(graph: &[u8], new: &NewNames) -> Result<Vec<u8>, OnnxError> {
    let edited = rewrite(graph, &mut |number, field| match (number, field) {
        (NODE, Field::Bytes(node)) => Ok(Edit::Replace(renamed_node(node, new)?)),
        // It may give what was made outside of it.
        (OUTPUT_INFO, Field::Bytes(info)) => {
            Ok(Edit::Replace(renamed_fields(info, new, &|number| number == 1)?))
        }
        (_, Field::Bytes(_) | Field::Varint(_) | Field::Fixed) => Ok(Edit::Keep),
    })?;
    Ok(edited.unwrap_or_else(|| graph.to_vec()))
}

fn renamed_fields(
    message: &[u8],
    new: &NewNames,
    is_name: &dyn Fn(u64) -> bool,
) -> Result<Vec<u8>, OnnxError> {
    let edited = rewrite(message, &mut |number, field| match field {
        Field::Bytes(bytes) if is_name(number) => {
            Ok(new.get(&text(bytes)).map_or(Edit::Keep, |name| Edit::Replace(name.clone().into_bytes())))
        }
        Field::Bytes(_) | Field::Varint(_) | Field::Fixed => Ok(Edit::Keep),
    })?;
    Ok(edited.unwrap_or_else(|| message.to_vec()))
}

#[cfg(test)]
#[path = "branches_tests.rs"]
mod tests;
