//! What stands beside a model's node.

use std::collections::HashMap;

use crate::onnx::{Outline, OutlineNode};

/// Which node comes directly before and after which.
pub(super) struct Neighbours {
    pub(super) before: Vec<Option<usize>>,
    pub(super) after: Vec<Option<usize>>,
}

impl Neighbours {
    /// The first of several.
    pub(super) fn of(outline: &Outline) -> Self {
        let readers = outline.readers();
        let writers: HashMap<&str, usize> = outline
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(index, node)| node.outputs.iter().map(move |output| (output.as_str(), index)))
            .collect();
        let before =
            |node: &OutlineNode| node.inputs.iter().find_map(|name| writers.get(name.as_str()).copied());
        let after = |node: &OutlineNode| {
            node.outputs.iter().find_map(|name| readers.get(name.as_str())?.first().copied())
        };
        Self {
            before: outline.nodes.iter().map(before).collect(),
            after: outline.nodes.iter().map(after).collect(),
        }
    }

    /// The first node in one direction that has a layer, and that layer.
    pub(super) fn first_known(
        &self,
        node: usize,
        direction: &[Option<usize>],
        layer_of: &HashMap<usize, usize>,
    ) -> Option<(usize, usize)> {
        let mut next = direction[node];
        // A broken model may be a circle.
        for _ in 0..direction.len() {
            let node = next?;
            if let Some(layer) = layer_of.get(&node) {
                return Some((node, *layer));
            }
            next = direction[node];
        }
        None
    }
}
