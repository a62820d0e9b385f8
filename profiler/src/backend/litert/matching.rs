//! Which node of a file each op is that LiteRT's profiler notes.
//!
//! LiteRT's own ops tell their node. XNNPACK's have no names, but come in the file's order: convolutions, linear layers, pools and sums one
//! to one. Others may be several ops or none, as where padding becomes part of a convolution.

use super::events::{By, Event};
use crate::tflite::{Builtin, FileNode};

/// What an op computes, as far as tags tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Convolution,
    Depthwise,
    Linear,
    MaxPool,
    AveragePool,
    Sum,
    Product,
    Mean,
    Softmax,
    Sigmoid,
    HardSwish,
    Resize,
}

impl Class {
    /// `None` for what prepares or finishes another op: copies, pads, clamps.
    fn of_tag(tag: &str) -> Option<Self> {
        const TAGS: [(&str, Class); 13] = [
            ("DWConv", Class::Depthwise),
            ("Convolution", Class::Convolution),
            ("Fully Connected", Class::Linear),
            ("Max Pool", Class::MaxPool),
            ("Global Average Pool", Class::Mean),
            ("Average Pool", Class::AveragePool),
            ("Add", Class::Sum),
            ("Multiply", Class::Product),
            ("Mean", Class::Mean),
            ("Soft", Class::Softmax),
            ("Sigmoid", Class::Sigmoid),
            ("HardSwish", Class::HardSwish),
            ("Resize", Class::Resize),
        ];
        TAGS.iter().find(|(part, _)| tag.contains(part)).map(|(_, class)| *class)
    }

    fn of_node(node: &FileNode) -> Option<Self> {
        const BUILTINS: [(Builtin, Class); 12] = [
            (Builtin::CONV_2D, Class::Convolution),
            (Builtin::DEPTHWISE_CONV_2D, Class::Depthwise),
            (Builtin::FULLY_CONNECTED, Class::Linear),
            (Builtin::MAX_POOL_2D, Class::MaxPool),
            (Builtin::AVERAGE_POOL_2D, Class::AveragePool),
            (Builtin::ADD, Class::Sum),
            (Builtin::MUL, Class::Product),
            (Builtin::MEAN, Class::Mean),
            (Builtin::SOFTMAX, Class::Softmax),
            (Builtin::LOGISTIC, Class::Sigmoid),
            (Builtin::HARD_SWISH, Class::HardSwish),
            (Builtin::RESIZE_BILINEAR, Class::Resize),
        ];
        let found = BUILTINS.iter().find(|(builtin, _)| *builtin == node.builtin);
        found.map(|(_, class)| *class)
    }

    /// Whether an op of this class is this node.
    fn is(self, node: &FileNode) -> bool {
        // A 1×1 convolution is a product of matrices.
        Self::of_node(node) == Some(self) || (self == Self::Linear && node.is_pointwise)
    }
}

/// The name of the node that each op is, or is a part of.
///
/// # Errors
/// In words, where the ops are not the nodes in their order.
pub(super) fn node_names(events: &[Event], nodes: &[FileNode]) -> Result<Vec<String>, String> {
    let by_litert = |index: usize| events.iter().any(|event| event.by == By::LiteRt(index));
    let mut delegated =
        nodes.iter().enumerate().filter(|(index, _)| !by_litert(*index)).map(|(_, node)| node).peekable();
    let mut names: Vec<String> = Vec::with_capacity(events.len());
    for event in events {
        if let By::LiteRt(index) = event.by {
            let node =
                nodes.get(index).ok_or_else(|| format!("its profile has node {index} of {}", nodes.len()))?;
            names.push(node.name.clone());
            continue;
        }
        let Some(class) = Class::of_tag(&event.tag) else {
            // Part of what was before it, or what comes first.
            let last = names.last().cloned();
            let first = delegated.peek().map(|node| node.name.clone());
            names.push(last.or(first).unwrap_or_else(|| event.tag.clone()));
            continue;
        };
        let node = delegated.find(|node| Class::of_node(node).is_some());
        match node.filter(|node| class.is(node)) {
            Some(node) => names.push(node.name.clone()),
            None => {
                let node = node
                    .map_or("nothing".to_owned(), |node| format!("{} `{}`", node.builtin.name(), node.name));
                return Err(format!("its profile has `{}` where the model has {node}", event.tag));
            }
        }
    }
    match delegated.find(|node| Class::of_node(node).is_some()) {
        Some(node) => Err(format!("its profile lacks {} `{}`", node.builtin.name(), node.name)),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(builtin: Builtin, name: &str) -> FileNode {
        FileNode { name: name.to_owned(), builtin, is_pointwise: name.starts_with("point") }
    }

    fn event(tag: &str, by: By) -> Event {
        Event { tag: tag.to_owned(), by, ns: 0.0 }
    }

    fn names(tags: &[&str], nodes: &[FileNode]) -> Result<Vec<String>, String> {
        node_names(&tags.iter().map(|tag| event(tag, By::Xnnpack)).collect::<Vec<_>>(), nodes)
    }

    #[test]
    fn ops_are_nodes_in_their_order() {
        let nodes = [
            node(Builtin::PAD, "pad"),
            node(Builtin::CONV_2D, "a"),
            node(Builtin::CONV_2D, "point"),
            node(Builtin::DEPTHWISE_CONV_2D, "b"),
            node(Builtin::ADD, "sum"),
        ];
        let tags = [
            "Convolution (NHWC, F32) IGEMM",
            "Fully Connected (NC, F32) GEMM",
            "Convolution (NHWC, F32) DWConv",
            "Add (ND, F32)",
            "Clamp (NC, F32)",
        ];
        assert_eq!(names(&tags, &nodes).unwrap(), ["a", "point", "b", "sum", "sum"]);
        let error = names(&tags[1..], &nodes).unwrap_err();
        assert_eq!(error, "its profile has `Fully Connected (NC, F32) GEMM` where the model has CONV_2D `a`");
        let error = names(&tags[..3], &nodes).unwrap_err();
        assert_eq!(error, "its profile lacks ADD `sum`");
        assert!(names(&["Add (ND, F32)"], &[]).unwrap_err().ends_with("where the model has nothing"));
    }

    #[test]
    fn litert_s_own_ops_tell_their_node() {
        let nodes =
            [node(Builtin::ADD, "a"), node(Builtin::RESIZE_NEAREST_NEIGHBOR, "r"), node(Builtin::ADD, "b")];
        let events = [
            event("Add (ND, F32)", By::Xnnpack),
            event("RESIZE_NEAREST_NEIGHBOR", By::LiteRt(1)),
            event("Add (ND, F32)", By::Xnnpack),
        ];
        assert_eq!(node_names(&events, &nodes).unwrap(), ["a", "r", "b"]);
        assert!(node_names(&[event("ADD", By::LiteRt(3))], &nodes).is_err());
    }
}
