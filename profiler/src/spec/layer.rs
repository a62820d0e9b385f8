//! Primitive layers: what runtimes execute.

use std::fmt;

use super::{Activation, FeatureMap, Macs, Pool, SpecError};

/// A square 2-D convolution with bias and same padding.
///
/// `[h, w, c_in]` → `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`; padding is `dilation · (kernel − 1) / 2` on every side.
/// Weights `[out_channels, c_in / groups, kernel, kernel]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Channels out.
    pub out_channels: u32,
    /// Side of the kernel; odd.
    pub kernel: u32,
    /// Step in both directions.
    pub stride: u32,
    /// Groups: 1 for a plain convolution, the number of channels for a depthwise one.
    pub groups: u32,
    /// Distance between neighbouring taps; 1 for a plain convolution.
    pub dilation: u32,
}

impl Conv {
    /// A 1×1 convolution.
    #[must_use]
    pub fn pointwise(out_channels: u32) -> Self {
        Self { out_channels, kernel: 1, stride: 1, groups: 1, dilation: 1 }
    }

    /// One k×k filter per channel.
    #[must_use]
    pub fn depthwise(channels: u32, kernel: u32, stride: u32) -> Self {
        Self { out_channels: channels, kernel, stride, groups: channels, dilation: 1 }
    }

    /// Padding on every side.
    #[must_use]
    pub fn padding(&self) -> u32 {
        self.dilation * (self.kernel / 2)
    }

    fn check(&self, channels_in: u32) -> Result<(), &'static str> {
        if self.kernel.is_multiple_of(2) || self.kernel > 63 {
            return Err("the kernel must be odd and at most 63");
        }
        if self.stride == 0 || self.stride > 8 {
            return Err("the stride must be 1 to 8");
        }
        if self.dilation == 0 || self.dilation > 8 || (self.kernel == 1 && self.dilation > 1) {
            return Err("the dilation must be 1 to 8, and 1 for a 1x1 kernel");
        }
        let divides = |channels: u32| self.groups > 0 && channels.is_multiple_of(self.groups);
        if !divides(channels_in) || !divides(self.out_channels) {
            return Err("the groups must divide the channels in and out");
        }
        Ok(())
    }
}

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
    /// Element-wise product; two inputs of one shape, or a second one of `[1, 1, c]` that scales the first's channels.
    Mul,
    /// Channels of two inputs of one height and width behind each other.
    Concat {
        /// Channels of the second input.
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
    #[must_use]
    pub fn filters(&self) -> Option<Conv> {
        match *self {
            Self::Conv(conv) => Some(conv),
            Self::Linear { out_features } => Some(Conv::pointwise(out_features)),
            Self::Input(_)
            | Self::Activation(_)
            | Self::Add
            | Self::Mul
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
    #[must_use]
    pub fn has_integer_form(&self) -> bool {
        use Activation::{Hsigmoid, Hswish, Relu, Relu6, Sigmoid, Swish};
        match self {
            Self::Input(_) | Self::Activation(Relu | Relu6 | Hswish | Hsigmoid) => false,
            Self::Upsample { interpolation, .. } => *interpolation == Interpolation::Nearest,
            Self::Activation(Sigmoid | Swish)
            | Self::Conv(_)
            | Self::Add
            | Self::Mul
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
                let side = |length: u32| length.div_ceil(conv.stride);
                FeatureMap::new(side(height), side(width), conv.out_channels)
            }
            Self::MaxPool(pool) | Self::AveragePool(pool) => {
                if !(2..=63).contains(&pool.kernel) {
                    return Err(wrong("the window must be 2 to 63"));
                }
                if !(1..=8).contains(&pool.stride) {
                    return Err(wrong("the stride must be 1 to 8"));
                }
                FeatureMap::new(height.div_ceil(pool.stride), width.div_ceil(pool.stride), channels)
            }
            Self::Activation(_) | Self::Add | Self::Mul | Self::Softmax => Ok(input),
            Self::Concat { more_channels } => {
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

    /// Multiply-accumulates for an input and output of these shapes, padding counted; everything but convolutions and
    /// linear layers counts 0, and so do biases.
    #[must_use]
    pub fn macs(&self, input: FeatureMap, output: FeatureMap) -> Macs {
        Macs(output.pixels() * self.weights(input))
    }

    /// Number of weights, biases not counted.
    #[must_use]
    pub fn weights(&self, input: FeatureMap) -> u64 {
        let of = |conv: Conv| {
            let per_filter = u64::from(input.channels / conv.groups) * u64::from(conv.kernel).pow(2);
            u64::from(conv.out_channels) * per_filter
        };
        self.filters().map_or(0, of)
    }

    /// Number of biases.
    #[must_use]
    pub fn biases(&self) -> u64 {
        self.filters().map_or(0, |conv| conv.out_channels.into())
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(map) => write!(f, "input {map}"),
            Self::Conv(c) => {
                if c.groups > 1 && c.groups == c.out_channels {
                    write!(f, "depthwise {0}x{0} stride {1}", c.kernel, c.stride)?;
                } else {
                    write!(f, "conv {0}x{0} stride {1} -> {2}", c.kernel, c.stride, c.out_channels)?;
                }
                if c.dilation > 1 { write!(f, " dilation {}", c.dilation) } else { Ok(()) }
            }
            Self::Activation(a) => a.fmt(f),
            Self::Add => f.write_str("add"),
            Self::Mul => f.write_str("multiply"),
            Self::Concat { more_channels } => write!(f, "concat {more_channels} channels"),
            Self::MaxPool(p) => write!(f, "max pool {0}x{0} stride {1}", p.kernel, p.stride),
            Self::AveragePool(p) => write!(f, "average pool {0}x{0} stride {1}", p.kernel, p.stride),
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
