//! Nodes that only say in which order a tensor's sides are given.
//!
//! A network whose format has the channels last is translated with the channels second, as ONNX's operators want them. Where the order
//! matters in between (a map that is flattened), a Transpose says so; the runtime that the network is for moves nothing there. The
//! model's metadata names these nodes.

use std::collections::HashSet;

use super::proto::{Entry, Model};

const LAYOUT_KEY: &str = "tailor.layout";

pub(super) fn layout_entry(nodes: &[String]) -> Option<Entry> {
    (!nodes.is_empty()).then(|| Entry { key: LAYOUT_KEY.to_owned(), value: nodes.join(" ") })
}

/// Those nodes of a model, by name.
pub(super) fn layout_nodes(model: &Model) -> HashSet<String> {
    let entries = model.metadata_props.iter().filter(|entry| entry.key == LAYOUT_KEY);
    entries.flat_map(|entry| entry.value.split(' ')).map(str::to_owned).collect()
}
