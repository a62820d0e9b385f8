//! Layers by their shapes: what work is counted on, whoever described them.

use profiler::spec::{Activation, FeatureMap, Graph, Interpolation, Layer, Node, PlacedLayer};

/// What an element-wise layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elementwise {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x · relu6(x + 3) / 6.
    Hswish,
    /// 1 / (1 + e^-x).
    Sigmoid,
    /// relu6(x + 3) / 6.
    Hsigmoid,
    /// x / (1 + e^-x).
    Swish,
    /// e^x over the sum of all.
    Softmax,
    /// The sum of two maps.
    Add,
    /// The product of two maps.
    Multiply,
    /// A map times a number per channel.
    Scale,
    /// Anything else.
    Other,
}

/// What a pooling window gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Its largest element.
    Largest,
    /// Its mean.
    Mean,
}

/// A layer, with what it reads and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// A convolution.
    Conv {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Side of its kernel.
        kernel: u32,
        /// Its step.
        stride: u32,
        /// Its groups.
        groups: u32,
        /// Distance between neighbouring taps; 1 for a plain one.
        dilation: u32,
    },
    /// A convolution whose kernel is not square.
    OblongConv {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Height and width of its kernel.
        kernel: [u32; 2],
        /// Its groups.
        groups: u32,
        /// Distance between neighbouring taps; 1 for a plain one.
        dilation: u32,
    },
    /// A fully connected layer.
    Linear {
        /// Features in, as `1x1xC`.
        input: FeatureMap,
        /// Features out, as `1x1xC`.
        output: FeatureMap,
    },
    /// An element-wise layer.
    Elementwise {
        /// What it does.
        function: Elementwise,
        /// What it gives.
        map: FeatureMap,
    },
    /// The mean over all positions.
    GlobalPool {
        /// What it reads.
        input: FeatureMap,
    },
    /// The mean or the largest of a window.
    Pool {
        /// What it reads.
        input: FeatureMap,
        /// What it gives.
        output: FeatureMap,
        /// Side of its window.
        kernel: u32,
        /// What a window gives.
        window: Window,
        /// Elements that all windows read, each as often as it is.
        taps: u64,
    },
    /// Maps put side by side.
    Join {
        /// Number of maps.
        parts: u32,
        /// What it gives.
        output: FeatureMap,
    },
    /// A map made larger.
    Upsample {
        /// How what is between positions is filled in.
        interpolation: Interpolation,
        /// What it gives.
        output: FeatureMap,
    },
    /// A layer that this release does not know.
    Other {
        /// What it gives.
        output: FeatureMap,
    },
}

impl Primitive {
    /// What it gives; a global pool gives `1x1xC`.
    #[must_use]
    pub fn output(&self) -> FeatureMap {
        match *self {
            Self::Conv { output, .. }
            | Self::OblongConv { output, .. }
            | Self::Linear { output, .. }
            | Self::Pool { output, .. }
            | Self::Join { output, .. }
            | Self::Upsample { output, .. }
            | Self::Other { output } => output,
            Self::Elementwise { map, .. } => map,
            Self::GlobalPool { input } => FeatureMap { height: 1, width: 1, ..input },
        }
    }

    /// Side of its kernel, or the number of maps that it joins; 1 where there is neither.
    #[must_use]
    pub fn kernel(&self) -> u32 {
        match *self {
            Self::Conv { kernel, .. } | Self::Pool { kernel, .. } => kernel,
            Self::OblongConv { kernel: [high, wide], .. } => high.max(wide),
            Self::Join { parts, .. } => parts,
            Self::Linear { .. }
            | Self::Elementwise { .. }
            | Self::GlobalPool { .. }
            | Self::Upsample { .. }
            | Self::Other { .. } => 1,
        }
    }

    /// Number of weights, biases not counted.
    #[must_use]
    pub fn weights(&self) -> u64 {
        match *self {
            Self::Conv { input, output, kernel, groups, .. } => filters(input, output, [kernel; 2], groups),
            Self::OblongConv { input, output, kernel, groups, .. } => filters(input, output, kernel, groups),
            Self::Linear { input, output } => u64::from(input.channels) * u64::from(output.channels),
            Self::Elementwise { .. }
            | Self::GlobalPool { .. }
            | Self::Pool { .. }
            | Self::Join { .. }
            | Self::Upsample { .. }
            | Self::Other { .. } => 0,
        }
    }

    /// Steps that follow one after the other for each output: taps, and per tap the input channels in groups of four, as
    /// vector units and graphics processors take them; 0 where an output needs but one input of each map.
    #[must_use]
    pub fn serial_steps(&self) -> u64 {
        let fours = |channels: u32| u64::from(channels.div_ceil(4));
        let taps = |kernel: [u32; 2]| u64::from(kernel[0]) * u64::from(kernel[1]);
        match *self {
            Self::Conv { input, kernel, groups, .. } => {
                taps([kernel; 2]) * fours(input.channels / groups.max(1))
            }
            Self::OblongConv { input, kernel, groups, .. } => {
                taps(kernel) * fours(input.channels / groups.max(1))
            }
            Self::Linear { input, .. } => fours(input.channels),
            Self::Pool { kernel, .. } => taps([kernel; 2]),
            Self::GlobalPool { input } => input.pixels(),
            // Position by position, all channels of one after the other.
            Self::Join { output, .. } => fours(output.channels),
            Self::Elementwise { .. } | Self::Upsample { .. } | Self::Other { .. } => 0,
        }
    }

    /// Multiply-accumulates, padding counted.
    #[must_use]
    pub fn macs(&self) -> u64 {
        self.output().pixels() * self.weights()
    }
}

impl Primitive {
    /// The layers of an op; where its inputs come from is no layer.
    #[must_use]
    pub fn of_graph(graph: &Graph) -> Vec<Self> {
        let layers = graph.nodes().iter().filter(|node| !matches!(node.layer, Layer::Input(_)));
        layers.map(|node| node.placed().into()).collect()
    }

    /// A layer of a graph; nothing for an input.
    pub(crate) fn of_node(node: &Node) -> Option<Self> {
        (!matches!(node.layer, Layer::Input(_))).then(|| node.placed().into())
    }
}

impl From<PlacedLayer> for Primitive {
    fn from(placed: PlacedLayer) -> Self {
        let PlacedLayer { layer, input, output } = placed;
        let elementwise = |function| Self::Elementwise { function, map: output };
        match layer {
            Layer::Conv(conv) => Self::Conv {
                input,
                output,
                kernel: conv.kernel[0],
                stride: conv.stride[0],
                groups: conv.groups,
                dilation: conv.dilation[0],
            },
            Layer::Linear { .. } => Self::Linear { input, output },
            Layer::Activation(Activation::Relu) => elementwise(Elementwise::Relu),
            Layer::Activation(Activation::Relu6) => elementwise(Elementwise::Relu6),
            Layer::Activation(Activation::Hswish) => elementwise(Elementwise::Hswish),
            Layer::Activation(Activation::Sigmoid) => elementwise(Elementwise::Sigmoid),
            Layer::Activation(Activation::Hsigmoid) => elementwise(Elementwise::Hsigmoid),
            Layer::Activation(Activation::Swish) => elementwise(Elementwise::Swish),
            Layer::Softmax => elementwise(Elementwise::Softmax),
            Layer::Add => elementwise(Elementwise::Add),
            Layer::Mul => elementwise(Elementwise::Multiply),
            Layer::Scale => elementwise(Elementwise::Scale),
            Layer::Concat { parts, .. } => Self::Join { parts, output },
            Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
                let largest = matches!(layer, Layer::MaxPool(_));
                let window = if largest { Window::Largest } else { Window::Mean };
                let taps = pool.taps(input, output);
                Self::Pool { input, output, kernel: pool.kernel[0], window, taps }
            }
            Layer::GlobalAveragePool => Self::GlobalPool { input },
            Layer::Upsample { interpolation, .. } => Self::Upsample { interpolation, output },
            Layer::Input(_) => Self::Other { output },
        }
    }
}

fn filters(input: FeatureMap, output: FeatureMap, kernel: [u32; 2], groups: u32) -> u64 {
    let taps = u64::from(kernel[0]) * u64::from(kernel[1]);
    u64::from(output.channels) * u64::from(input.channels / groups.max(1)) * taps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_an_ops_nodes_is_that_of_its_graph() {
        for key in ["mbconv-7x7x16-o24-e6-k5-s2-relu6", "linear-1x1x256-o10", "conv-8x8x8-o8-k3-s1-g2"] {
            let Ok(op) = key.parse::<profiler::spec::OpSpec>() else { panic!("{key}") };
            let graph = op.graph();
            let layers = Primitive::of_graph(&graph);
            assert_eq!(layers.iter().map(Primitive::macs).sum::<u64>(), graph.macs().0, "{key}");
            assert_eq!(layers.last().map(Primitive::output), Some(op.output()));
        }
    }
}
