//! Nodes that a runtime writes for several of the model's and gives a name of its own.

use super::NodeRounds;
use crate::{
    onnx::steps::{Step, Steps},
    spec::{Activation, Layer},
};

/// Gives runtime nodes that bear no name of the model's to the step that they compute: the first in running order that is of
/// their kind and size and has none yet.
pub(super) fn adopt(nodes: &[NodeRounds], owners: &mut [Option<usize>], steps: &Steps) {
    let mut adopted: Vec<usize> = Vec::new();
    for (node, owner) in nodes.iter().zip(owners) {
        if owner.is_some() {
            continue;
        }
        let Some(is_kind) = kind(&node.operator) else { continue };
        let size = elements(node);
        let fits = |step: &Step| is_kind(step) && size.is_none_or(|size| size == step.written);
        let free = steps.iter().find(|(index, step)| fits(step) && !adopted.contains(index));
        *owner = free.map(|(index, _)| index);
        adopted.extend(*owner);
    }
}

/// Which steps a runtime's operator computes: ONNX Runtime's, of its `com.microsoft` domain.
fn kind(operator: &str) -> Option<fn(&Step) -> bool> {
    fn is_gelu(step: &Step) -> bool {
        step.called == Some("gelu") || step.operator() == "Gelu"
    }
    fn is_norm(step: &Step) -> bool {
        step.called == Some("layernormalization") || step.operator() == "LayerNormalization"
    }
    fn is_swish(step: &Step) -> bool {
        step.activation == Some(Activation::Swish)
            || step.layer() == Some(Layer::Activation(Activation::Swish))
            || step.joined.iter().any(|name| name == Activation::Swish.name())
    }
    match operator {
        "Gelu" | "BiasGelu" | "FastGelu" => Some(is_gelu),
        "LayerNormalization" | "SkipLayerNormalization" => Some(is_norm),
        "QuickGelu" => Some(is_swish),
        _ => None,
    }
}

/// Elements that a node gives, where its name says so: `Gelu 1x196x256`.
fn elements(node: &NodeRounds) -> Option<u64> {
    let (_, sides) = node.name.rsplit_once(' ')?;
    sides.split('x').map(|side| side.parse::<u64>().ok()).try_fold(1_u64, |all, side| all.checked_mul(side?))
}
