//! Softmax.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, SpecError, Value};

/// Softmax over channels at every position: `[h, w, c]` → `[h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Softmax;

impl OpKind for Softmax {
    const NAME: &'static str = "softmax";

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::Softmax, input)
    }

    /// Class scores of an image mostly, of every position (segmentation) sometimes.
    fn sample_input(draw: &mut Draw<'_>) -> FeatureMap {
        if draw.chance(0.7) { draw.vector() } else { draw.feature_map() }
    }

    fn sample(_: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self
    }
}
