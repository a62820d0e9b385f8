//! The file's layers. A field that is not known is an error that names it.

use serde::{Deserialize, Serialize};

use super::{Activation, ConvOp, Linear, MbConv};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) name: String,
    pub(super) bn: BatchNorm,
    pub(super) first_conv: ConvLayer,
    pub(super) feature_mix_layer: ConvLayer,
    pub(super) classifier: LinearLayer,
    pub(super) blocks: Vec<Block>,
}

/// Of the authors' training; networks are trained by our own recipe.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BatchNorm {
    pub(super) momentum: f64,
    pub(super) eps: f64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Conv {
    ConvLayer,
}

/// What every layer of the file says of its surroundings.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConvLayer {
    pub(super) name: Conv,
    pub(super) kernel_size: u32,
    pub(super) stride: u32,
    pub(super) dilation: u32,
    pub(super) groups: u32,
    pub(super) bias: bool,
    pub(super) has_shuffle: bool,
    pub(super) in_channels: u32,
    pub(super) out_channels: u32,
    pub(super) use_bn: bool,
    pub(super) act_func: Option<Activation>,
    pub(super) dropout_rate: f64,
    pub(super) ops_order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    WeightBnAct,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum LinearName {
    LinearLayer,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinearLayer {
    name: LinearName,
    in_features: u32,
    out_features: u32,
    bias: bool,
    use_bn: bool,
    act_func: Option<Activation>,
    dropout_rate: f64,
    ops_order: Order,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum BlockName {
    MobileInvertedResidualBlock,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    name: BlockName,
    pub(super) mobile_inverted_conv: Middle,
    pub(super) shortcut: Option<Identity>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name")]
pub(super) enum Middle {
    #[serde(rename = "MBInvertedConvLayer")]
    MbConv(MbConvLayer),
    #[serde(rename = "ZeroLayer")]
    Zero(ZeroLayer),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MbConvLayer {
    in_channels: u32,
    pub(super) out_channels: u32,
    pub(super) kernel_size: u32,
    pub(super) stride: u32,
    pub(super) expand_ratio: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZeroLayer {
    stride: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum IdentityName {
    IdentityLayer,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    name: IdentityName,
    in_channels: u32,
    out_channels: u32,
    use_bn: bool,
    act_func: Option<Activation>,
    dropout_rate: f64,
    ops_order: Order,
}

/// An error that names a field whose value has no counterpart here.
fn expect<T: PartialEq + std::fmt::Debug>(field: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("`{field}` is {found:?}, only {expected:?} can be read"))
}

impl ConvLayer {
    /// The op behind `channels` channels.
    pub(super) fn op(&self, channels: u32) -> Result<ConvOp, String> {
        expect("in_channels", self.in_channels, channels)?;
        expect("bias", self.bias, false)?;
        expect("has_shuffle", self.has_shuffle, false)?;
        expect("use_bn", self.use_bn, true)?;
        expect("dropout_rate", self.dropout_rate, 0.0)?;
        let (kernel, stride, groups, dilation) = (self.kernel_size, self.stride, self.groups, self.dilation);
        let (out_channels, activation) = (self.out_channels, self.act_func);
        Ok(ConvOp { out_channels, kernel, stride, groups, dilation, activation })
    }

    pub(super) fn of(op: &ConvOp, in_channels: u32) -> Result<Self, String> {
        if op.activation.is_none() {
            return Err("a convolution without activation".to_owned());
        }
        Ok(Self {
            name: Conv::ConvLayer,
            kernel_size: op.kernel,
            stride: op.stride,
            dilation: op.dilation,
            groups: op.groups,
            bias: false,
            has_shuffle: false,
            in_channels,
            out_channels: op.out_channels,
            use_bn: true,
            act_func: op.activation,
            dropout_rate: 0.0,
            ops_order: Order::WeightBnAct,
        })
    }
}

impl LinearLayer {
    /// The op behind `channels` channels; dropout is a matter of training.
    pub(super) fn op(&self, channels: u32) -> Result<Linear, String> {
        let named = |e| format!("classifier: {e}");
        expect("in_features", self.in_features, channels).map_err(named)?;
        expect("bias", self.bias, true).map_err(named)?;
        expect("use_bn", self.use_bn, false).map_err(named)?;
        expect("act_func", self.act_func, None).map_err(named)?;
        Ok(Linear { out_features: self.out_features })
    }

    pub(super) fn of(op: &Linear, in_features: u32) -> Self {
        Self {
            name: LinearName::LinearLayer,
            in_features,
            out_features: op.out_features,
            bias: true,
            use_bn: false,
            act_func: None,
            dropout_rate: 0.0,
            ops_order: Order::WeightBnAct,
        }
    }
}

impl Block {
    /// Checks that its parts agree with each other and with the `channels` before it.
    pub(super) fn check(&self, channels: u32) -> Result<(), String> {
        let (out_channels, stride) = match &self.mobile_inverted_conv {
            Middle::Zero(zero) => {
                if self.shortcut.is_none() {
                    return Err("a ZeroLayer without shortcut gives nothing but zeros".to_owned());
                }
                (channels, zero.stride)
            }
            Middle::MbConv(middle) => {
                expect("in_channels", middle.in_channels, channels)?;
                (middle.out_channels, middle.stride)
            }
        };
        let Some(shortcut) = &self.shortcut else { return Ok(()) };
        let named = |e| format!("shortcut: {e}");
        expect("in_channels", shortcut.in_channels, channels).map_err(named)?;
        expect("out_channels", shortcut.out_channels, out_channels).map_err(named)?;
        expect("use_bn", shortcut.use_bn, false).map_err(named)?;
        expect("act_func", shortcut.act_func, None).map_err(named)?;
        expect("dropout_rate", shortcut.dropout_rate, 0.0).map_err(named)?;
        expect("stride", stride, 1).map_err(named)
    }

    pub(super) fn of(op: &MbConv, in_channels: u32) -> Self {
        let middle = MbConvLayer {
            in_channels,
            out_channels: op.out_channels,
            kernel_size: op.kernel,
            stride: op.stride,
            expand_ratio: op.expansion,
        };
        let shortcut = op.residual.then(|| Identity::of(in_channels));
        Self {
            name: BlockName::MobileInvertedResidualBlock,
            mobile_inverted_conv: Middle::MbConv(middle),
            shortcut,
        }
    }

    pub(super) fn shortcut_only(channels: u32) -> Self {
        Self {
            name: BlockName::MobileInvertedResidualBlock,
            mobile_inverted_conv: Middle::Zero(ZeroLayer { stride: 1 }),
            shortcut: Some(Identity::of(channels)),
        }
    }
}

impl Identity {
    fn of(channels: u32) -> Self {
        Self {
            name: IdentityName::IdentityLayer,
            in_channels: channels,
            out_channels: channels,
            use_bn: false,
            act_func: None,
            dropout_rate: 0.0,
            ops_order: Order::WeightBnAct,
        }
    }
}
