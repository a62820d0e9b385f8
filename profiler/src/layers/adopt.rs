//! Nodes that a runtime writes for several of the model's and gives a name of its own.

use std::collections::BTreeSet;

use super::NodeRounds;
use crate::onnx::steps::{Step, Steps};
use crate::spec::{Activation, Layer};

/// Gives runtime nodes that bear no name of the model's to the step that they compute: the first in running order that is of
/// their kind and size and has none yet.
pub(super) fn adopt(nodes: &[NodeRounds], owners: &mut [Option<usize>], steps: &Steps) {
    let mut taken: BTreeSet<usize> = owners.iter().copied().flatten().collect();
    let mut swishes: BTreeSet<usize> = BTreeSet::new();
    for (node, owner) in nodes.iter().zip(owners) {
        if owner.is_some() {
            continue;
        }
        let size = elements(node);
        let first = |fits: &dyn Fn(usize, &Step) -> bool| {
            let mut all = steps.iter().filter(|(_, step)| size.is_none_or(|size| size == step.written));
            all.find(|(index, step)| fits(*index, step)).map(|(index, _)| index)
        };
        if node.operator == "QuickGelu" {
            // Part of a step whose first node has its own name.
            *owner = first(&|index, step| is_swish(step) && !swishes.contains(&index));
            swishes.extend(*owner);
        } else {
            *owner = first(&|index, step| computes(&node.operator, step) && !taken.contains(&index));
            taken.extend(*owner);
        }
    }
}

/// Whether a runtime's operator computes a step: ONNX Runtime's of its `com.microsoft` domain, or the step's own.
fn computes(operator: &str, step: &Step) -> bool {
    match operator {
        "Gelu" | "BiasGelu" | "FastGelu" => step.called == Some("gelu") || step.operator() == "Gelu",
        "LayerNormalization" | "SkipLayerNormalization" => {
            step.called == Some("layernormalization") || step.operator() == "LayerNormalization"
        }
        "DynamicQuantizeMatMul" | "MatMulIntegerToFloat" => step.is_dynamic && step.operator() == "MatMul",
        other => step.called.is_none() && step.operator() == other,
    }
}

fn is_swish(step: &Step) -> bool {
    step.activation == Some(Activation::Swish)
        || step.layer() == Some(Layer::Activation(Activation::Swish))
        || step.joined.iter().any(|name| name == Activation::Swish.name())
}

/// Elements that a node gives, where its name says so: `Gelu 1x196x256`.
fn elements(node: &NodeRounds) -> Option<u64> {
    let (_, sides) = node.name.rsplit_once(' ')?;
    sides.split('x').map(|side| side.parse::<u64>().ok()).try_fold(1_u64, |all, side| all.checked_mul(side?))
}
