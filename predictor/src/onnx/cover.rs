//! Which ops a network is taken for: the largest blocks that a model knows.

use profiler::{onnx::steps::Steps, spec::OpSpec};

use super::{block::Block, bottleneck::bottleneck};
use crate::op::OpModel;

/// Covers all steps by blocks, in running order; where a model knows several that begin at a step, the largest is taken.
pub(super) fn cover(steps: &Steps, ops: &OpModel) -> Vec<Block> {
    let mut taken = vec![false; steps.positions()];
    let mut blocks = Vec::new();
    for (index, step) in steps.iter() {
        if taken[index] {
            continue;
        }
        let single = Block::of_step(index, step);
        let larger = [bottleneck(steps, index), pair(steps, &single)].into_iter().flatten();
        let free = |block: &Block| block.steps.iter().all(|&step| !taken[step]);
        let known = larger.filter(|block| free(block) && answers(ops, block));
        let block = known.max_by_key(|block| block.steps.len()).unwrap_or(single);
        block.steps.iter().for_each(|&step| taken[step] = true);
        blocks.push(block);
    }
    blocks
}

/// Whether ops of a block's kind were measured, and say something of it.
fn answers(ops: &OpModel, block: &Block) -> bool {
    ops.kinds().any(|kind| kind.kind == block.kind) && estimates(ops, block)
}

fn estimates(ops: &OpModel, block: &Block) -> bool {
    match (block.op, block.features()) {
        (Some(op), _) => ops.estimate(&op).is_ok(),
        (None, Some(features)) => ops.estimate_as(&block.kind, &block.name, &features).is_ok(),
        (None, None) => false,
    }
}

/// An op and the one that alone reads it, as profilers measure them for fusion.
fn pair(steps: &Steps, first: &Block) -> Option<Block> {
    let &[index] = &first.steps[..] else { return None };
    let next = steps.only_reader(index)?;
    let second = Block::of_step(next, steps.get(next)?);
    // What the pair's second op reads first must be what the first gives.
    (steps.writer(next, 0) == Some(index)).then_some(())?;
    let op: OpSpec = first.op?.followed_by(second.op?.op()).ok()?;
    let layers = first.layers.iter().chain(&second.layers).flatten().copied().collect();
    Some(Block {
        kind: op.kind(),
        op: Some(op),
        name: op.key(),
        input: first.input,
        output: second.output,
        layers: Some(layers),
        steps: vec![index, next],
    })
}
