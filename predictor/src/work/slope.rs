//! How an op's features grow with its dimensions, thought continuous.
//!
//! Every amount of work is a product of sides, so its logarithm grows by the sum of theirs. Roundings are held: heights
//! that a stride does not divide, channels rounded to multiples, and groups of eight neighbours at the edges of maps grow
//! as if they stayed as full as they are.

use profiler::spec::{FeatureMap, Layer, Node, OpSpec};

use super::features::{OpFeatures, SIZES};
use super::terms::{Amount, N_TERMS, TERMS};

/// A dimension of an op that can be thought continuous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// Channels in; those of a depthwise convolution, a pooling window or an element-wise op with them.
    ChannelsIn,
    /// Channels or features out, where an op has them by itself.
    ChannelsOut,
    /// The expansion of a bottleneck.
    Expansion,
    /// The height of the input; the width grows in proportion.
    Resolution,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ChannelsIn, Self::ChannelsOut, Self::Expansion, Self::Resolution];
}

/// The derivative of an op's features by a dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureSlope {
    /// Of each work term.
    pub work: [f64; N_TERMS],
    /// Of each logarithm of a size.
    pub sizes: [f64; SIZES.len()],
}

/// Growth of a map: derivatives of the logarithms of its channels and of its positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Growth {
    channels: f64,
    pixels: f64,
}

impl Growth {
    fn elements(self) -> f64 {
        self.channels + self.pixels
    }
}

impl FeatureSlope {
    /// The slope of an op's features; nothing for a pair whose second op has channels of its own, since then there are two
    /// numbers of channels out.
    pub fn of(op: &OpSpec, dimension: Dimension) -> Option<Self> {
        let graph = op.graph();
        let first = OpSpec::new(op.input(), op.op()).ok()?.graph();
        if graph.nodes()[first.nodes().len()..].iter().any(has_own_channels) {
            return None;
        }
        let input = input_growth(op.input(), dimension);
        let inside = match dimension {
            Dimension::ChannelsIn => input.channels,
            Dimension::Expansion => f64::from(op.op().expansion()).recip(),
            Dimension::ChannelsOut | Dimension::Resolution => 0.0,
        };
        let last = graph.nodes().iter().rposition(|node| node.layer.filters().is_some());
        let mut growths = vec![input];
        let mut slope = Self { work: [0.0; N_TERMS], sizes: [0.0; SIZES.len()] };
        let (mut macs, mut macs_slope) = (0.0, 0.0);
        let mut widest = (0, 0.0);
        for (index, node) in graph.nodes().iter().enumerate() {
            let of_input = node.inputs.first().map_or(input, |value| growths[value.index()]);
            let own = if last == Some(index) { out_growth(node.output, dimension) } else { inside };
            let (output, steps) = output_growth(node, of_input, own, &growths, input);
            growths.push(output);
            if let Layer::Input(_) = node.layer {
                continue;
            }
            add_slope(node, of_input, output, steps, &mut slope.work);
            macs += node.macs().0 as f64;
            macs_slope += node.macs().0 as f64 * macs_growth(node, of_input, output);
            if node.output.channels > widest.0 {
                widest = (node.output.channels, output.channels);
            }
        }
        let output = growths[graph.output_value().index()];
        let log_macs = if macs > 0.0 { macs_slope / macs } else { 0.0 };
        slope.sizes =
            [input.pixels, output.pixels, input.channels, output.channels, widest.1, 0.0, log_macs, 0.0];
        Some(slope)
    }
}

/// Whether a layer gives a number of channels that does not follow from its input's.
fn has_own_channels(node: &Node) -> bool {
    node.layer.filters().is_some() || matches!(node.layer, Layer::Concat { .. })
}

fn input_growth(map: FeatureMap, dimension: Dimension) -> Growth {
    match dimension {
        Dimension::ChannelsIn => Growth { channels: f64::from(map.channels).recip(), pixels: 0.0 },
        Dimension::Resolution if map.pixels() > 1 => {
            Growth { channels: 0.0, pixels: 2.0 / f64::from(map.height) }
        }
        Dimension::ChannelsOut | Dimension::Expansion | Dimension::Resolution => Growth::default(),
    }
}

/// Growth of the channels that an op gives by itself.
fn out_growth(map: FeatureMap, dimension: Dimension) -> f64 {
    if dimension == Dimension::ChannelsOut { f64::from(map.channels).recip() } else { 0.0 }
}

fn is_depthwise(node: &Node) -> bool {
    matches!(node.layer, Layer::Conv(conv) if conv.is_depthwise(node.input))
}

/// Growth of what a layer gives, and of the steps that follow one after the other for each output; `own` is that of the
/// channels of a layer with weights.
fn output_growth(
    node: &Node,
    of_input: Growth,
    own: f64,
    growths: &[Growth],
    input: Growth,
) -> (Growth, f64) {
    match node.layer {
        // Further inputs are of the first one's shape, or of its channels.
        Layer::Input(map) => {
            (Growth { pixels: if map.pixels() > 1 { input.pixels } else { 0.0 }, ..input }, 0.0)
        }
        Layer::Conv(_) if !is_depthwise(node) => (Growth { channels: own, ..of_input }, of_input.channels),
        Layer::Linear { .. } => (Growth { channels: own, pixels: 0.0 }, of_input.channels),
        Layer::GlobalAveragePool => (Growth { pixels: 0.0, ..of_input }, of_input.pixels),
        Layer::Concat { more_channels, .. } => {
            let share = f64::from(more_channels) / f64::from(node.output.channels);
            let other = node.inputs.get(1).map_or(Growth::default(), |value| growths[value.index()]);
            let channels = (1.0 - share) * of_input.channels + share * other.channels;
            (Growth { channels, ..of_input }, 0.0)
        }
        Layer::Conv(_)
        | Layer::Activation(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::MaxPool(_)
        | Layer::AveragePool(_)
        | Layer::Upsample { .. }
        | Layer::Softmax => (of_input, 0.0),
    }
}

/// Growth of a layer's weights.
fn weights_growth(node: &Node, of_input: Growth, output: Growth) -> f64 {
    if is_depthwise(node) { output.channels } else { of_input.channels + output.channels }
}

fn macs_growth(node: &Node, of_input: Growth, output: Growth) -> f64 {
    weights_growth(node, of_input, output) + output.pixels
}

fn add_slope(node: &Node, of_input: Growth, output: Growth, steps: f64, slope: &mut [f64; N_TERMS]) {
    let alone = OpFeatures::of_layers(node.input, node.output, &[node.placed()]);
    let strided = matches!(node.layer, Layer::Conv(conv) if conv.stride != [1, 1]);
    for ((term, amount), slope) in TERMS.iter().zip(alone.work).zip(slope) {
        let growth = match term.amount {
            // Outputs left over at the end of every run: as many as there are runs, or all where a stride breaks them up.
            Amount::ScalarMacs if strided => macs_growth(node, of_input, output),
            // Runs go along one side of the map: as many as the other side has positions.
            Amount::ScalarMacs | Amount::Runs | Amount::RunTaps => output.channels + 0.5 * output.pixels,
            Amount::Macs => macs_growth(node, of_input, output),
            Amount::Read | Amount::Pooled => of_input.elements(),
            Amount::Weights => weights_growth(node, of_input, output),
            Amount::Written | Amount::Elements | Amount::Taps => output.elements(),
            Amount::Steps => steps,
            Amount::Calls | Amount::Parts | Amount::One => 0.0,
        };
        *slope += amount * growth;
    }
}

#[cfg(test)]
impl OpFeatures {
    /// These, moved along a slope.
    pub(crate) fn moved(&self, slope: &FeatureSlope, step: f64) -> Self {
        let mut moved = self.clone();
        moved.work.iter_mut().zip(slope.work).for_each(|(work, slope)| *work += step * slope);
        moved.sizes.iter_mut().zip(slope.sizes).for_each(|(size, slope)| *size += step * slope);
        moved
    }
}
