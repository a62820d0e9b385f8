//! A convolution with its activation: stems, heads, single layers.

use super::{Fields, OpKind};
use crate::spec::{Activation, Conv, GraphBuilder, SpecError, Value};

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
        words.extend(self.activation.map(|a| a.to_string()));
        words
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self {
            out_channels: fields.number('o')?,
            kernel: fields.number('k')?,
            stride: fields.number('s')?,
            groups: fields.number_or_one('g')?,
            activation: fields.activation(),
        })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let Self { out_channels, kernel, stride, groups, activation } = *self;
        graph.push_conv(Conv { out_channels, kernel, stride, groups }, activation, input)
    }
}
