//! The mobile inverted bottleneck.

use crate::spec::space_file::round_to_8;
use crate::spec::{
    Activation, Conv, Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, SpecError, Value,
};

/// Mobile inverted bottleneck: 1×1 expand, k×k depthwise, 1×1 project, and the input added where `residual`.
///
/// `[h, w, c_in]` → `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`, same padding; the activation follows the first two
/// convolutions. No expansion layer when `expansion == 1`. Source: MobileNetV2, §3, arXiv:1801.04381.
///
/// With squeeze-excite, the channels of the depthwise convolution's activated output are scaled by a gate: global average
/// pooling, 1×1 to the squeezed channels, ReLU, 1×1 back, hard sigmoid. Source: MobileNetV3, §5.3, arXiv:1905.02244.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MbConv {
    /// Channels out.
    pub out_channels: u32,
    /// Expansion ratio: channels inside over channels in.
    pub expansion: u32,
    /// Side of the depthwise kernel.
    pub kernel: u32,
    /// Step of the depthwise convolution.
    pub stride: u32,
    /// Squeeze-excite: the ratio by which the channels inside (behind the expansion) are divided to give the squeezed
    /// ones, which are rounded to a multiple of 8 (up where that would take off more than a tenth); none without it.
    pub squeeze: Option<u32>,
    /// Activation behind the first two convolutions.
    pub activation: Activation,
    /// Whether the input is added to the output; needs stride 1 and equal channels.
    pub residual: bool,
}

impl OpKind for MbConv {
    const NAME: &'static str = "mbconv";

    fn words(&self) -> Vec<String> {
        let mut words = vec![
            format!("o{}", self.out_channels),
            format!("e{}", self.expansion),
            format!("k{}", self.kernel),
            format!("s{}", self.stride),
        ];
        words.extend(self.squeeze.map(|ratio| format!("se{ratio}")));
        words.push(self.activation.to_string());
        if self.residual {
            words.push("res".to_owned());
        }
        words
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            out_channels: fields.number("o")?,
            expansion: fields.number("e")?,
            kernel: fields.number("k")?,
            stride: fields.number("s")?,
            squeeze: fields.optional("se"),
            activation: fields.activation().ok_or("its activation is missing")?,
            residual: fields.flag("res"),
        })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        if self.expansion == 0 || self.expansion > 64 {
            let value = self.expansion.into();
            return Err(SpecError::OutOfRange { what: "expansion", value, expected: "1 to 64" });
        }
        let inside = graph.shape(input).channels.saturating_mul(self.expansion);
        let activation = Some(self.activation);
        let mut value = input;
        if self.expansion != 1 {
            value = graph.push_conv(Conv::pointwise(inside), activation, value)?;
        }
        value = graph.push_conv(Conv::depthwise(inside, self.kernel, self.stride), activation, value)?;
        if let Some(ratio) = self.squeeze {
            value = squeeze_excite(graph, value, ratio)?;
        }
        value = graph.push_conv(Conv::pointwise(self.out_channels), None, value)?;
        if self.residual { graph.push_add(value, input) } else { Ok(value) }
    }

    fn expansion(&self) -> u32 {
        self.expansion
    }

    fn sample(draw: &mut Draw<'_>, input: FeatureMap) -> Self {
        let stride = draw.one_of(&[1, 1, 2]);
        let residual = stride == 1 && draw.chance(0.6);
        let wanted = draw.channels(input.height.div_ceil(stride));
        Self {
            out_channels: if residual { input.channels } else { wanted },
            expansion: draw.one_of(&[1, 2, 3, 4, 6, 6]),
            kernel: draw.one_of(&[3, 5, 7]),
            stride,
            squeeze: if draw.chance(0.3) { Some(4) } else { None },
            activation: draw.one_of(&[Activation::Relu, Activation::Relu6, Activation::Hswish]),
            residual,
        }
    }
}

fn squeeze_excite(graph: &mut GraphBuilder, input: Value, ratio: u32) -> Result<Value, SpecError> {
    if !(1..=64).contains(&ratio) {
        let value = ratio.into();
        return Err(SpecError::OutOfRange { what: "squeeze-excite ratio", value, expected: "1 to 64" });
    }
    let channels = graph.shape(input).channels;
    let squeezed = round_to_8(f64::from(channels / ratio));
    let mut gate = graph.push(Layer::GlobalAveragePool, input)?;
    gate = graph.push_conv(Conv::pointwise(squeezed), Some(Activation::Relu), gate)?;
    gate = graph.push_conv(Conv::pointwise(channels), Some(Activation::Hsigmoid), gate)?;
    graph.push_mul(input, gate)
}
