//! Global average pooling.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, SpecError, Value};

/// Mean over all positions: `[h, w, c]` → `[1, 1, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalPool;

impl OpKind for GlobalPool {
    const NAME: &'static str = "gpool";

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::GlobalAveragePool, input)
    }

    fn sample(_: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self
    }
}
