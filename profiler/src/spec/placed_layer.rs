//! A layer in its place: what work is counted on, whoever describes it.

use super::{FeatureMap, Layer, Macs};

/// A layer with the shapes that it reads and gives. Both are given, since outside of a [`Graph`](super::Graph) layers may be
/// padded in other ways than [`Layer::output`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlacedLayer {
    /// What it computes.
    pub layer: Layer,
    /// The shape of its first input.
    pub input: FeatureMap,
    /// The shape it gives.
    pub output: FeatureMap,
}

impl PlacedLayer {
    /// Multiply-accumulates, padding counted; everything but convolutions and linear layers counts 0, and so do biases.
    pub fn macs(&self) -> Macs {
        Macs(self.output.pixels() * self.weights())
    }

    /// Number of weights, biases not counted.
    pub fn weights(&self) -> u64 {
        self.layer.filters().map_or(0, |conv| {
            let per_group = u64::from(self.input.channels / conv.groups.max(1));
            u64::from(conv.out_channels) * per_group * conv.taps()
        })
    }
}
