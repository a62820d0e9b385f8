//! Primitive layers: what runtimes execute.

use std::{fmt, str::FromStr};

use super::{FeatureMap, Macs, SpecError};

/// An element-wise activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6). Source: MobileNetV2, arXiv:1801.04381.
    Relu6,
    /// x · relu6(x + 3) / 6. Source: MobileNetV3, §5.2, arXiv:1905.02244.
    Hswish,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Relu, Self::Relu6, Self::Hswish];

    /// Its name in keys and space files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Relu6 => "relu6",
            Self::Hswish => "hswish",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|a| a.name() == text).ok_or_else(|| format!("`{text}` is no activation"))
    }
}

/// A square 2-D convolution with bias and same padding.
///
/// `[h, w, c_in]` → `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`; padding is `kernel / 2` on every side.
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
}

impl Conv {
    /// A 1×1 convolution.
    #[must_use]
    pub fn pointwise(out_channels: u32) -> Self {
        Self { out_channels, kernel: 1, stride: 1, groups: 1 }
    }

    /// One k×k filter per channel.
    #[must_use]
    pub fn depthwise(channels: u32, kernel: u32, stride: u32) -> Self {
        Self { out_channels: channels, kernel, stride, groups: channels }
    }
}

/// One primitive layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// Convolution with bias; one input.
    Conv(Conv),
    /// Activation; one input.
    Activation(Activation),
    /// Element-wise sum; two inputs of one shape.
    Add,
    /// Mean over all positions, `[h, w, c]` → `[1, 1, c]`; one input.
    GlobalAveragePool,
    /// Fully connected with bias, `[1, 1, c]` → `[1, 1, out_features]`; one input.
    Linear {
        /// Features out.
        out_features: u32,
    },
}

impl Layer {
    /// How many inputs it takes.
    #[must_use]
    pub fn arity(&self) -> usize {
        if matches!(self, Self::Add) { 2 } else { 1 }
    }

    /// The shape it gives for inputs of the shape `input`.
    ///
    /// # Errors
    /// [`SpecError`] when it cannot take such an input.
    pub fn output(&self, input: FeatureMap) -> Result<FeatureMap, SpecError> {
        let wrong = |reason| SpecError::Shape { layer: self.to_string(), input, reason };
        match *self {
            Self::Conv(conv) => {
                if conv.kernel % 2 == 0 || conv.kernel > 63 {
                    return Err(wrong("the kernel must be odd and at most 63"));
                }
                if conv.stride == 0 || conv.stride > 8 {
                    return Err(wrong("the stride must be 1 to 8"));
                }
                let groups = conv.groups;
                if groups == 0
                    || !input.channels.is_multiple_of(groups)
                    || !conv.out_channels.is_multiple_of(groups)
                {
                    return Err(wrong("the groups must divide the channels in and out"));
                }
                let side = |length: u32| length.div_ceil(conv.stride);
                FeatureMap::new(side(input.height), side(input.width), conv.out_channels)
            }
            Self::Activation(_) | Self::Add => Ok(input),
            Self::GlobalAveragePool => FeatureMap::new(1, 1, input.channels),
            Self::Linear { out_features } => {
                if input.pixels() != 1 {
                    return Err(wrong("a linear layer takes 1x1xC"));
                }
                FeatureMap::new(1, 1, out_features)
            }
        }
    }

    /// Multiply-accumulates for an input and output of these shapes; biases, activations, sums and pooling count 0.
    #[must_use]
    pub fn macs(&self, input: FeatureMap, output: FeatureMap) -> Macs {
        match self {
            Self::Conv(_) | Self::Linear { .. } => Macs(output.pixels() * self.weights(input)),
            _ => Macs(0),
        }
    }

    /// Number of weights, biases not counted.
    #[must_use]
    pub fn weights(&self, input: FeatureMap) -> u64 {
        match *self {
            Self::Conv(c) => {
                let per_filter = u64::from(input.channels / c.groups) * u64::from(c.kernel).pow(2);
                u64::from(c.out_channels) * per_filter
            }
            Self::Linear { out_features } => u64::from(input.channels) * u64::from(out_features),
            _ => 0,
        }
    }

    /// Number of biases.
    #[must_use]
    pub fn biases(&self) -> u64 {
        match *self {
            Self::Conv(Conv { out_channels: n, .. }) | Self::Linear { out_features: n } => n.into(),
            _ => 0,
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conv(c) if c.groups > 1 && c.groups == c.out_channels => {
                write!(f, "depthwise {0}x{0} stride {1}", c.kernel, c.stride)
            }
            Self::Conv(c) => write!(f, "conv {0}x{0} stride {1} -> {2}", c.kernel, c.stride, c.out_channels),
            Self::Activation(a) => a.fmt(f),
            Self::Add => f.write_str("add"),
            Self::GlobalAveragePool => f.write_str("global average pool"),
            Self::Linear { out_features } => write!(f, "linear -> {out_features}"),
        }
    }
}
