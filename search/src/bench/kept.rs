//! What a step must at least keep in memory, counted from shapes.

use std::collections::BTreeMap;

use profiler::spec::{Activation, Architecture, Candidate, Graph, Layer, OpSpec, SearchSpace};

use crate::error::SearchError;

const BYTES: u64 = 4;

/// Values of one image that a training step keeps for the way back, without the graph's input: of a convolution its input
/// and its output, which batch normalization takes; of a linear layer and of a product what they take. ReLU keeps its output,
/// which the next convolution keeps anyway; other activations keep their input.
fn inside(graph: &Graph) -> u64 {
    let (mut inputs, mut outputs) = (BTreeMap::new(), 0);
    for node in graph.nodes() {
        let of_inputs = || node.inputs.iter().map(|value| (value.index(), graph.shape(*value).elements()));
        match node.layer {
            Layer::Conv(_) => {
                inputs.extend(of_inputs());
                outputs += node.output.elements();
            }
            Layer::Linear { .. } | Layer::Mul | Layer::Scale => inputs.extend(of_inputs()),
            Layer::Activation(Activation::Relu) => {}
            Layer::Activation(
                Activation::Relu6
                | Activation::Hswish
                | Activation::Sigmoid
                | Activation::Hsigmoid
                | Activation::Swish,
            ) => outputs += node.output.elements(),
            // These keep nothing, or are never trained.
            Layer::Input(_)
            | Layer::Add
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Upsample { .. }
            | Layer::Softmax => {}
        }
    }
    inputs.remove(&0);
    outputs + inputs.into_values().sum::<u64>()
}

fn mib(values: u64, batch: usize) -> f64 {
    (values * batch as u64 * BYTES) as f64 / f64::from(1 << 20)
}

/// What a weight step on a network keeps of a batch, in MiB.
pub(super) fn network_mib(network: &Architecture, batch: usize) -> f64 {
    let graph = network.graph();
    mib(graph.input().elements() + inside(graph), batch)
}

/// What a weight step on all paths at once keeps of a batch, in MiB: each block's input once, and what is inside of each
/// candidate.
pub(super) fn all_paths_mib(space: &SearchSpace, batch: usize) -> Result<f64, SearchError> {
    let chain = |ops: &[OpSpec]| Architecture::new(space.name(), None, ops.to_vec());
    let (before, after) = (chain(space.before())?, chain(space.after())?);
    let mut values = space.input().elements() + inside(before.graph());
    for block in space.blocks() {
        let ops: Vec<OpSpec> = block.candidates.iter().filter_map(Candidate::op).collect();
        values += ops.first().map_or(0, |op| op.input().elements());
        values += ops.iter().map(|op| inside(&op.graph())).sum::<u64>();
    }
    Ok(mib(values + after.graph().input().elements() + inside(after.graph()), batch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        // 4x4x2, expansion 3: 1x1 to 6 channels, depthwise, 1x1 to 2: outputs 96 + 96 + 32, what the two
        // activations take, 96 + 96, and give, 96 + 96. The residual needs nothing.
        let op: OpSpec = "mbconv-4x4x2-o2-e3-k3-s1-relu6-res".parse().unwrap();
        assert_eq!(inside(&op.graph()), 224 + 192 + 192);
        // A classifier behind a pool keeps what it takes: 16 channels.
        let network = Architecture::new(
            "n",
            None,
            vec![op, "gpool-4x4x2".parse().unwrap(), "linear-1x1x2-o10".parse().unwrap()],
        );
        let expected = f64::from((32 + 608 + 2) * 8 * 4) / f64::from(1 << 20);
        assert!((network_mib(&network.unwrap(), 8) - expected).abs() < 1e-12);
    }

    #[test]
    fn all_paths_keep_more_than_the_largest() {
        let space = profiler::spec::SpaceFile::built_in("proxylessnas-mobile").unwrap().resolve().unwrap();
        let (all, plain) = (all_paths_mib(&space, 1).unwrap(), network_mib(&space.baseline().unwrap(), 1));
        // Expansions 3 and 6 with three kernels each are 27 where the largest alone is 6: 4.5 times but for the fixed ops.
        assert!(all < 4.5 * plain && all > 3.5 * plain, "{all} {plain}");
    }
}
