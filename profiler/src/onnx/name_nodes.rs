//! Giving every node of a model a name of its own, since runtimes tell their nodes' times by name.

use std::collections::HashSet;

use super::OnnxError;
use super::fix_inputs::edit_graph;
use super::wire::{Edit, Field, push_bytes, rewrite};

/// A field of `GraphProto`.
const NODE: u64 = 1;
/// Fields of `NodeProto`.
const OUTPUT: u64 = 2;
const NAME: u64 = 3;

/// The model with a name for each node that has none, or one that an earlier node bears; `None` if all have their own.
///
/// A node is called by its first output, as runtimes and [`Outline`](super::Outline) do where there is no name.
///
/// # Errors
/// [`OnnxError`] for bytes that are no ONNX model.
pub fn name_nodes(onnx: &[u8]) -> Result<Option<Vec<u8>>, OnnxError> {
    let mut taken = HashSet::new();
    edit_graph(onnx, &mut |number, field| {
        if let (NODE, Field::Bytes(node)) = (number, field) {
            taken.insert(Called::read(node)?.name);
        }
        Ok(Edit::Keep)
    })?;
    let mut met = HashSet::from([String::new()]);
    edit_graph(onnx, &mut |number, field| {
        let (NODE, Field::Bytes(node)) = (number, field) else { return Ok(Edit::Keep) };
        let Called { name, output } = Called::read(node)?;
        if met.insert(name) {
            return Ok(Edit::Keep);
        }
        let mut new = output.unwrap_or_else(|| "node".to_owned());
        while !taken.insert(new.clone()) {
            new.push('_');
        }
        let mut named =
            rewrite(node, &mut |number, _| Ok(if number == NAME { Edit::Remove } else { Edit::Keep }))?
                .unwrap_or_else(|| node.to_vec());
        push_bytes(&mut named, NAME, new.as_bytes());
        Ok(Edit::Replace(named))
    })
}

/// A node's name and first output, without a copy of its attributes.
#[derive(Default)]
struct Called {
    name: String,
    output: Option<String>,
}

impl Called {
    fn read(node: &[u8]) -> Result<Self, OnnxError> {
        let mut called = Self::default();
        rewrite(node, &mut |number, field| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            match (number, field) {
                (NAME, Field::Bytes(name)) => called.name = text(name),
                (OUTPUT, Field::Bytes(output)) if called.output.is_none() && !output.is_empty() => {
                    called.output = Some(text(output));
                }
                _ => {}
            }
            Ok(Edit::Keep)
        })?;
        Ok(called)
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::onnx::{chain_model, proto::Model};

    #[test]
    fn nodes_without_a_name_of_their_own_are_called_by_what_they_give() {
        assert_eq!(name_nodes(&chain_model(3)).unwrap(), None);
        let mut model = Model::decode(&*chain_model(5)).unwrap();
        let nodes = &mut model.graph.as_mut().unwrap().node;
        // What the first gives is the third's name; the fourth has the third's name, too, and the fifth gives nothing.
        for (node, name) in nodes.iter_mut().zip(["", "b", "value1", "value1", ""]) {
            node.name = name.to_owned();
        }
        nodes[4].output.clear();
        let before = model.clone();
        let named = name_nodes(&model.encode_to_vec()).unwrap().unwrap();
        let mut after = Model::decode(&*named).unwrap();
        let nodes = &mut after.graph.as_mut().unwrap().node;
        let names: Vec<String> = nodes.iter_mut().map(|node| std::mem::take(&mut node.name)).collect();
        assert_eq!(names, ["value1_", "b", "value1", "value4", "node"]);
        // Nothing else changes.
        for (node, old) in nodes.iter_mut().zip(&before.graph.as_ref().unwrap().node) {
            node.name.clone_from(&old.name);
        }
        assert_eq!(after, before);
        assert_eq!(name_nodes(&named).unwrap(), None);
        assert!(name_nodes(b"text").is_err());
    }
}
