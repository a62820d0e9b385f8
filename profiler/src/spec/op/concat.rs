//! The channels of two feature maps behind each other.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, OpKind, SpecError, Value};

/// Concatenation along channels: `[h, w, c]` and `[h, w, more_channels]` → `[h, w, c + more_channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concat {
    /// Channels of the second input.
    pub more_channels: u32,
}

impl OpKind for Concat {
    const NAME: &'static str = "concat";

    fn words(&self) -> Vec<String> {
        vec![format!("c{}", self.more_channels)]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self { more_channels: fields.number("c")? })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let FeatureMap { height, width, .. } = graph.shape(input);
        let other = graph.push_input(FeatureMap { height, width, channels: self.more_channels })?;
        graph.push_concat(input, other)
    }

    fn sample(draw: &mut Draw<'_>, input: FeatureMap) -> Self {
        Self { more_channels: draw.channels(input.height) }
    }
}
