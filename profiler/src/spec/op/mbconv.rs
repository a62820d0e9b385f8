//! The mobile inverted bottleneck.

use super::{Fields, OpKind};
use crate::spec::{Activation, Conv, GraphBuilder, SpecError, Value};

/// Mobile inverted bottleneck: 1×1 expand, k×k depthwise, 1×1 project, and the input added where `residual`.
///
/// `[h, w, c_in]` → `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`, same padding; the activation follows the first two
/// convolutions. No expansion layer when `expansion == 1`. Source: MobileNetV2, §3, arXiv:1801.04381.
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
            self.activation.to_string(),
        ];
        if self.residual {
            words.push("res".to_owned());
        }
        words
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            out_channels: fields.number('o')?,
            expansion: fields.number('e')?,
            kernel: fields.number('k')?,
            stride: fields.number('s')?,
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
        value = graph.push_conv(Conv::pointwise(self.out_channels), None, value)?;
        if self.residual { graph.push_add(value, input) } else { Ok(value) }
    }
}
