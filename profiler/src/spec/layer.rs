//! Primitive layers: what runtimes execute.

use std::fmt;

use super::{Activation, Conv, FeatureMap, Padding, Pool, SpecError};

/// How new positions get their values when a map is enlarged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// Every position is repeated.
    Nearest,
    /// Linear in both directions between the centres of positions (corners not aligned).
    Bilinear,
}

/// One primitive layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// A further input of the graph; no inputs.
    Input(FeatureMap),
    /// Convolution with bias; one input.
    Conv(Conv),
    /// Activation; one input.
    Activation(Activation),
    /// Element-wise sum; two inputs of one shape.
    Add,
    /// Element-wise product; two inputs of one shape.
    Mul,
    /// A factor per channel; two inputs, the second `[1, 1, c]`.
    Scale,
    /// Channels of some inputs of one height and width behind each other.
    Concat {
        /// How many they are.
        parts: u32,
        /// Channels of all but the first.
        more_channels: u32,
    },
    /// Largest value of a window; one input.
    MaxPool(Pool),
    /// Mean of a window, padding not counted; one input.
    AveragePool(Pool),
    /// Mean over all positions, `[h, w, c]` → `[1, 1, c]`; one input.
    GlobalAveragePool,
    /// Fully connected with bias, `[1, 1, c]` → `[1, 1, out_features]`; one input.
    Linear {
        /// Features out.
        out_features: u32,
    },
    /// Enlarging, `[h, w, c]` → `[factor · h, factor · w, c]`; one input.
    Upsample {
        /// How many times larger in both directions.
        factor: u32,
        /// How.
        interpolation: Interpolation,
    },
    /// Softmax over channels, at every position; one input.
    Softmax,
}

impl Layer {
    /// Its filters, if it has weights; those of a linear layer are 1×1.
    pub fn filters(&self) -> Option<Conv> {
        match *self {
            Self::Conv(conv) => Some(conv),
            Self::Linear { out_features } => Some(Conv::pointwise(out_features)),
            Self::Input(_)
            | Self::Activation(_)
            | Self::Add
            | Self::Mul
            | Self::Scale
            | Self::Concat { .. }
            | Self::MaxPool(_)
            | Self::AveragePool(_)
            | Self::GlobalAveragePool
            | Self::Upsample { .. }
            | Self::Softmax => None,
        }
    }

    /// Whether runtimes compute it in integers in an int8 (QDQ) model. ReLUs are not computed at all there: they become part
    /// of the layer before them. What has no integer form is computed in f32, between conversions.
    pub fn has_integer_form(&self) -> bool {
        use Activation::{Hsigmoid, Hswish, Relu, Relu6, Sigmoid, Swish};
        match self {
            Self::Input(_) | Self::Activation(Relu | Relu6 | Hswish | Hsigmoid) => false,
            Self::Upsample { interpolation, .. } => *interpolation == Interpolation::Nearest,
            Self::Activation(Sigmoid | Swish)
            | Self::Conv(_)
            | Self::Add
            | Self::Mul
            | Self::Scale
            | Self::Concat { .. }
            | Self::MaxPool(_)
            | Self::AveragePool(_)
            | Self::GlobalAveragePool
            | Self::Linear { .. }
            | Self::Softmax => true,
        }
    }

    /// The shape it gives for a (first) input of the shape `input`.
    ///
    /// # Errors
    /// [`SpecError`] when it cannot take such an input.
    pub fn output(&self, input: FeatureMap) -> Result<FeatureMap, SpecError> {
        let wrong = |reason| SpecError::Shape { layer: self.to_string(), input, reason };
        let FeatureMap { height, width, channels } = input;
        match *self {
            Self::Input(map) => FeatureMap::new(map.height, map.width, map.channels),
            Self::Conv(conv) => {
                conv.check(channels).map_err(wrong)?;
                let [down, right] = conv.stride;
                FeatureMap::new(height.div_ceil(down), width.div_ceil(right), conv.out_channels)
            }
            Self::MaxPool(pool) | Self::AveragePool(pool) => {
                if pool.kernel.iter().any(|side| !(2..=63).contains(side)) {
                    return Err(wrong("the window must be 2 to 63"));
                }
                if pool.stride.iter().any(|stride| !(1..=8).contains(stride)) {
                    return Err(wrong("the stride must be 1 to 8"));
                }
                if pool.padding == Padding::Unknown {
                    return Err(wrong("its padding is not known"));
                }
                let [down, right] = pool.stride;
                FeatureMap::new(height.div_ceil(down), width.div_ceil(right), channels)
            }
            Self::Activation(_) | Self::Add | Self::Mul | Self::Scale | Self::Softmax => Ok(input),
            Self::Concat { more_channels, .. } => {
                let more = FeatureMap::new(height, width, more_channels)?.channels;
                FeatureMap::new(height, width, channels + more)
            }
            Self::GlobalAveragePool => FeatureMap::new(1, 1, channels),
            Self::Linear { out_features } => {
                if input.pixels() != 1 {
                    return Err(wrong("a linear layer takes 1x1xC"));
                }
                FeatureMap::new(1, 1, out_features)
            }
            Self::Upsample { factor, .. } => {
                if !(2..=32).contains(&factor) {
                    return Err(wrong("the factor must be 2 to 32"));
                }
                FeatureMap::new(height * factor, width * factor, channels)
            }
        }
    }

    /// Number of biases.
    pub fn biases(&self) -> u64 {
        self.filters().map_or(0, |conv| conv.out_channels.into())
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(map) => write!(f, "input {map}"),
            Self::Conv(c) => {
                let ([high, wide], stride) = (c.kernel, steps(c.stride));
                if c.groups > 1 && c.groups == c.out_channels {
                    write!(f, "depthwise {high}x{wide} stride {stride}")?;
                } else {
                    write!(f, "conv {high}x{wide} stride {stride} -> {}", c.out_channels)?;
                }
                if c.dilation == [1, 1] { Ok(()) } else { write!(f, " dilation {}", steps(c.dilation)) }
            }
            Self::Activation(a) => a.fmt(f),
            Self::Add => f.write_str("add"),
            Self::Mul | Self::Scale => f.write_str("multiply"),
            Self::Concat { more_channels, .. } => write!(f, "concat {more_channels} channels"),
            Self::MaxPool(Pool { kernel: [high, wide], stride, .. }) => {
                write!(f, "max pool {high}x{wide} stride {}", steps(*stride))
            }
            Self::AveragePool(Pool { kernel: [high, wide], stride, .. }) => {
                write!(f, "average pool {high}x{wide} stride {}", steps(*stride))
            }
            Self::GlobalAveragePool => f.write_str("global average pool"),
            Self::Linear { out_features } => write!(f, "linear -> {out_features}"),
            Self::Upsample { factor, interpolation: Interpolation::Nearest } => {
                write!(f, "upsample nearest x{factor}")
            }
            Self::Upsample { factor, interpolation: Interpolation::Bilinear } => {
                write!(f, "upsample bilinear x{factor}")
            }
            Self::Softmax => f.write_str("softmax"),
        }
    }
}

/// One number where both are the same.
fn steps([down, right]: [u32; 2]) -> String {
    if down == right { down.to_string() } else { format!("{down}x{right}") }
}
