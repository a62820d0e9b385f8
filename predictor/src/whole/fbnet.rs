//! FBNet's space: 22 blocks, each one of eight bottlenecks or a skip.
//!
//! Source: Wu et al., FBNet, CVPR 2019, arXiv:1812.03443, tables 1 and 2; sizes as in the latency tables that were published
//! for it: 224×224 images, of which the first convolution makes 112×112×16. A bottleneck is a 1×1 convolution to `expansion`
//! times its input's channels, a depthwise one, and a 1×1 one, each normalized, the first two rectified; in groups of two, the
//! channels are shuffled behind the first. Skipping costs nothing where shapes allow, else a 1×1 convolution.

use std::{fmt, str::FromStr};

use profiler::spec::{Activation, Conv, FeatureMap, Layer, PlacedLayer};
use rand::RngExt;

use super::choices::{NoChoices, read};

/// Side of the images.
pub(super) const SIDE: u32 = 224;
const BLOCKS: usize = 22;
const STEM: FeatureMap = FeatureMap { height: 112, width: 112, channels: 16 };
/// Channels, blocks, stride of the first.
const STAGES: [(u32, u32, u32); 7] =
    [(16, 1, 1), (24, 4, 2), (32, 4, 2), (64, 4, 2), (112, 4, 1), (184, 4, 2), (352, 1, 1)];
/// Kernel, expansion, groups; one more is to skip.
const BOTTLENECKS: [(u32, u32, u32); 8] =
    [(3, 1, 1), (3, 1, 2), (3, 3, 1), (3, 6, 1), (5, 1, 1), (5, 1, 2), (5, 3, 1), (5, 6, 1)];
const CANDIDATES: u8 = 9;

/// A network of FBNet's space: a candidate, 0 to 8, for each of its 22 blocks.
///
/// Its text is the choices joined by `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FbNet {
    choices: [u8; BLOCKS],
}

impl FbNet {
    /// A network by chance.
    pub fn random(generator: &mut impl rand::Rng) -> Self {
        Self { choices: std::array::from_fn(|_| generator.random_range(0..CANDIDATES)) }
    }

    /// What it chose, block by block.
    pub(super) fn parts(&self) -> impl Iterator<Item = String> {
        self.choices.iter().enumerate().map(|(block, choice)| format!("block {block}: {choice}"))
    }

    /// The layers of its blocks; what is the same for all networks is left out.
    pub(super) fn layers(&self) -> Vec<PlacedLayer> {
        let mut layers = Layers { placed: Vec::new(), map: STEM };
        let strides = STAGES.iter().flat_map(|&(channels, blocks, stride)| {
            (0..blocks).map(move |index| (channels, if index == 0 { stride } else { 1 }))
        });
        for ((channels, stride), choice) in strides.zip(self.choices) {
            let input = layers.map;
            let is_same = stride == 1 && input.channels == channels;
            match BOTTLENECKS.get(usize::from(choice)) {
                Some(&bottleneck) => {
                    layers.bottleneck(bottleneck, channels, stride);
                    if is_same {
                        layers.push(Layer::Add, layers.map);
                    }
                }
                None if is_same => {}
                None => {
                    layers.convolve(Conv { stride: [stride; 2], ..Conv::pointwise(channels) });
                    layers.push(Layer::Activation(Activation::Relu), layers.map);
                }
            }
        }
        layers.placed
    }
}

/// A chain of layers, and the map that the last one gives.
struct Layers {
    placed: Vec<PlacedLayer>,
    map: FeatureMap,
}

impl Layers {
    fn push(&mut self, layer: Layer, output: FeatureMap) {
        self.placed.push(PlacedLayer { layer, input: self.map, output });
        self.map = output;
    }

    fn convolve(&mut self, conv: Conv) {
        let side = self.map.height.div_ceil(conv.stride[0]);
        self.push(Layer::Conv(conv), FeatureMap { height: side, width: side, channels: conv.out_channels });
    }

    fn bottleneck(&mut self, (kernel, expansion, groups): (u32, u32, u32), channels: u32, stride: u32) {
        let inside = expansion * self.map.channels;
        let relu = Layer::Activation(Activation::Relu);
        self.convolve(Conv { groups, ..Conv::pointwise(inside) });
        self.push(relu, self.map);
        if groups > 1 {
            // Shuffling reads and writes the map, as putting its groups behind each other would.
            let more_channels = inside - inside / groups;
            self.push(Layer::Concat { parts: groups, more_channels }, self.map);
        }
        self.convolve(Conv::depthwise(inside, kernel, stride));
        self.push(relu, self.map);
        self.convolve(Conv { groups, ..Conv::pointwise(channels) });
    }
}

impl fmt::Display for FbNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, choice) in self.choices.iter().enumerate() {
            write!(f, "{}{choice}", if index == 0 { "" } else { "-" })?;
        }
        Ok(())
    }
}

impl FromStr for FbNet {
    type Err = NoChoices;

    fn from_str(text: &str) -> Result<Self, NoChoices> {
        read(text, "FBNet's space", CANDIDATES).map(|choices| Self { choices })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All blocks alike but one.
    fn network(all: &str, block: usize, choice: &str) -> FbNet {
        let mut choices = [all; BLOCKS];
        choices[block] = choice;
        choices.join("-").parse().unwrap()
    }

    #[test]
    fn text_round_trips_and_broken_text_says_why() {
        let net = network("8", 3, "0");
        assert_eq!(net.to_string().parse(), Ok(net));
        let refused = |text: &str| text.parse::<FbNet>().unwrap_err().to_string();
        assert!(refused("1-2").contains("2 choices joined by `-`, expected 22"));
        let text = network("8", 4, "0").to_string().replacen('0', "9", 1);
        assert!(refused(&text).contains("choice 5 is `9`, expected 0 to 8"), "{}", refused(&text));
        assert!(refused(&text.replacen('9', "x", 1)).contains("choice 5 is `x`"));
    }

    #[test]
    fn layers_match_a_hand_count() {
        // All skipped: where a stage begins with other channels or half the side, six 1×1 convolutions with ReLU.
        assert_eq!(network("8", 0, "8").layers().len(), 12);
        // Block 0, 112×112×16, in place of nothing: three convolutions, two ReLUs and a sum; one shuffle more in groups.
        assert_eq!(network("8", 0, "0").layers().len(), 18);
        assert_eq!(network("8", 0, "1").layers().len(), 19);
        let macs = |net: FbNet| net.layers().iter().map(|layer| layer.macs().0).sum::<u64>();
        let own = macs(network("8", 0, "2")) - macs(network("8", 0, "8"));
        assert_eq!(own, 112 * 112 * (16 * 48 + 48 * 9 + 48 * 16));
        let grouped = macs(network("8", 0, "5")) - macs(network("8", 0, "8"));
        assert_eq!(grouped, 112 * 112 * (16 * 8 + 16 * 25 + 16 * 8));
        let last = network("8", 21, "3").layers();
        assert_eq!(last[last.len() - 1].output, FeatureMap { height: 7, width: 7, channels: 352 });
    }
}
