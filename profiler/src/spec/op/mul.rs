//! The product of two feature maps.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, OpKind, SpecError, Value};

/// Element-wise product of two inputs `[h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mul {
    /// Whether the second input is `[1, 1, c]`: one factor per channel, as in squeeze-excite.
    pub gate: bool,
}

impl OpKind for Mul {
    const NAME: &'static str = "mul";

    fn words(&self) -> Vec<String> {
        if self.gate { vec!["gate".to_owned()] } else { Vec::new() }
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self { gate: fields.flag("gate") })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let map = graph.shape(input);
        let other = if self.gate { FeatureMap { height: 1, width: 1, ..map } } else { map };
        let other = graph.push_input(other)?;
        graph.push_mul(input, other)
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self { gate: draw.chance(0.5) }
    }
}
