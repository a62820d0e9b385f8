//! Which nodes a network's outputs need: runtimes leave the others out.

use std::collections::HashSet;

use crate::onnx::{AttributeValue, ModelGraph, ModelNode};

/// For each node whether an output of the graph follows from it.
pub(super) fn needed(graph: &ModelGraph) -> Vec<bool> {
    let mut wanted: HashSet<&str> = graph.outputs.iter().map(String::as_str).collect();
    let mut needed = vec![false; graph.nodes.len()];
    // Once, where nodes stand in the order in which they can run.
    loop {
        let before = wanted.len();
        for (place, node) in graph.nodes.iter().enumerate().rev() {
            if node.outputs.iter().any(|name| wanted.contains(name.as_str())) {
                needed[place] = true;
                read(node, &mut wanted);
            }
        }
        if wanted.len() == before {
            return needed;
        }
    }
}

/// Adds all names that a node reads, also from graphs within it.
fn read<'a>(node: &'a ModelNode, names: &mut HashSet<&'a str>) {
    names.extend(node.inputs.iter().map(String::as_str));
    for value in node.attributes.values() {
        if let AttributeValue::Graph(inside) = value {
            names.extend(inside.outputs.iter().map(String::as_str));
            inside.nodes.iter().for_each(|node| read(node, names));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_unread_nodes_read_is_not_needed_and_graphs_within_nodes_read_too() {
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let node = |reads: &[&str], gives: &str| ModelNode {
            inputs: named(reads),
            outputs: named(&[gives]),
            ..ModelNode::default()
        };
        let inside =
            ModelGraph { nodes: vec![node(&["b"], "c")], outputs: named(&["c"]), ..ModelGraph::default() };
        let mut branch = node(&["x"], "y");
        branch.attributes.insert("then_branch".to_owned(), AttributeValue::Graph(Box::new(inside)));
        let nodes = vec![node(&["x"], "a"), node(&["a"], "unread"), node(&["x"], "b"), branch];
        let graph = ModelGraph { nodes, outputs: named(&["y"]), ..ModelGraph::default() };
        assert_eq!(needed(&graph), [false, false, true, true]);
    }
}
