use profiler::spec::{Conv, Layer, Node};
use rand_pcg::Pcg64;
use tch::{Device, Kind, Tensor};

use super::Parameter;
use crate::error::SearchError;

/// Parameters and statistics of one layer.
#[derive(Debug)]
pub(crate) enum LayerWeights {
    /// A convolution without bias, then batch normalization.
    Conv {
        /// `[out, in / groups, k, k]`.
        weight: Parameter,
        /// `[out]`.
        scale: Parameter,
        /// `[out]`.
        shift: Parameter,
        /// Running mean, `[out]`.
        mean: Tensor,
        /// Running (unbiased) variance, `[out]`.
        variance: Tensor,
    },
    Linear {
        /// `[out, in]`.
        weight: Parameter,
        /// `[out]`.
        bias: Parameter,
    },
    None,
}

impl LayerWeights {
    pub(crate) fn new(node: &Node, rng: &mut Pcg64, device: Device) -> Result<Self, SearchError> {
        let channels = i64::from(node.input.channels);
        match node.layer {
            Layer::Conv(Conv { out_channels, kernel, groups, .. }) => {
                let (out, per_group) = (i64::from(out_channels), channels / i64::from(groups));
                let [high, wide] = kernel.map(i64::from);
                let fan_in = (per_group * high * wide) as u64;
                let options = (Kind::Float, device);
                Ok(Self::Conv {
                    weight: Parameter::uniform(&[out, per_group, high, wide], fan_in, rng, device)?,
                    scale: Parameter::constant(1.0, out, device)?,
                    shift: Parameter::constant(0.0, out, device)?,
                    mean: Tensor::f_zeros([out], options)?,
                    variance: Tensor::f_ones([out], options)?,
                })
            }
            Layer::Linear { out_features } => {
                let out = i64::from(out_features);
                // Thrice smaller than He's bound: the first predictions are then close to uniform.
                let weight = Parameter::uniform(&[out, channels], 9 * channels as u64, rng, device)?;
                Ok(Self::Linear { weight, bias: Parameter::constant(0.0, out, device)? })
            }
            Layer::Activation(_) | Layer::Add | Layer::Mul | Layer::Scale | Layer::GlobalAveragePool => {
                Ok(Self::None)
            }
            Layer::Input(_)
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::Upsample { .. }
            | Layer::Softmax => Err(SearchError::Layer(node.layer.to_string())),
        }
    }

    pub(crate) fn parameters(&self) -> Vec<(&'static str, &Parameter)> {
        match self {
            Self::Conv { weight, scale, shift, .. } => {
                vec![("weight", weight), ("scale", scale), ("shift", shift)]
            }
            Self::Linear { weight, bias } => vec![("weight", weight), ("bias", bias)],
            Self::None => vec![],
        }
    }

    pub(crate) fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        match self {
            Self::Conv { weight, scale, shift, .. } => vec![weight, scale, shift],
            Self::Linear { weight, bias } => vec![weight, bias],
            Self::None => vec![],
        }
    }

    pub(crate) fn statistics(&self) -> Vec<(&'static str, &Tensor)> {
        match self {
            Self::Conv { mean, variance, .. } => vec![("mean", mean), ("variance", variance)],
            Self::Linear { .. } | Self::None => vec![],
        }
    }
}
