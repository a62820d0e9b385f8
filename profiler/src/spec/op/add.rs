//! The sum of two feature maps.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, OpKind, SpecError, Value};

/// Element-wise sum of two inputs `[h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Add;

impl OpKind for Add {
    const NAME: &'static str = "add";

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self)
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let other = graph.push_input(graph.shape(input))?;
        graph.push_add(input, other)
    }

    fn sample(_: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self
    }
}
