//! A convolution with its activation: stems, heads, single layers.

use crate::spec::{Activation, Conv, Draw, FeatureMap, Fields, GraphBuilder, OpKind, SpecError, Value};

/// Convolution, bias and activation in one.
///
/// `[h, w, c_in]` → `[⌈h/stride⌉, ⌈w/stride⌉, out_channels]`, same padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvOp {
    /// Channels out.
    pub out_channels: u32,
    /// Side of the kernel.
    pub kernel: u32,
    /// Step in both directions.
    pub stride: u32,
    /// Groups; `out_channels` = channels in = groups is a depthwise convolution.
    pub groups: u32,
    /// Distance between neighbouring taps; 1 for a plain convolution.
    pub dilation: u32,
    /// Activation behind it, if any.
    pub activation: Option<Activation>,
}

impl OpKind for ConvOp {
    const NAME: &'static str = "conv";

    fn words(&self) -> Vec<String> {
        let mut words =
            vec![format!("o{}", self.out_channels), format!("k{}", self.kernel), format!("s{}", self.stride)];
        if self.groups != 1 {
            words.push(format!("g{}", self.groups));
        }
        if self.dilation != 1 {
            words.push(format!("d{}", self.dilation));
        }
        words.extend(self.activation.map(|a| a.to_string()));
        words
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            out_channels: fields.number("o")?,
            kernel: fields.number("k")?,
            stride: fields.number("s")?,
            groups: fields.number_or_one("g")?,
            dilation: fields.number_or_one("d")?,
            activation: fields.activation(),
        })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let Self { out_channels, kernel, stride, groups, dilation, activation } = *self;
        let (kernel, stride, dilation) = ([kernel; 2], [stride; 2], [dilation; 2]);
        graph.push_conv(Conv { out_channels, kernel, stride, groups, dilation }, activation, input)
    }

    /// Plain, depthwise (3 in 10) or grouped; a few with stride 1 are dilated.
    fn sample(draw: &mut Draw<'_>, input: FeatureMap) -> Self {
        let kernel = draw.one_of(&[1, 1, 3, 3, 5, 7]);
        let stride = draw.one_of(&[1, 1, 2]);
        let dilation = if kernel > 1 && stride == 1 && draw.chance(0.15) { 2 } else { 1 };
        let wanted = draw.channels(input.height.div_ceil(stride));
        let (out_channels, groups) = if kernel > 1 && draw.chance(0.4) {
            (input.channels, input.channels)
        } else {
            let groups = draw.one_of(&[1, 1, 1, 1, 1, 1, 2, 4, 8]);
            let groups = if input.channels.is_multiple_of(groups) { groups } else { 1 };
            (wanted.next_multiple_of(groups), groups)
        };
        let activation =
            draw.one_of(&[None, Some(Activation::Relu), Some(Activation::Relu6), Some(Activation::Hswish)]);
        Self { out_channels, kernel, stride, groups, dilation, activation }
    }
}
