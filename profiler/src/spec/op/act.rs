//! An activation by itself.

use crate::spec::{Activation, Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, SpecError, Value};

/// Element-wise activation: `[h, w, c]` → `[h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Act {
    /// Which one.
    pub activation: Activation,
}

impl OpKind for Act {
    const NAME: &'static str = "act";

    fn words(&self) -> Vec<String> {
        vec![self.activation.to_string()]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self { activation: fields.activation().ok_or("its activation is missing")? })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::Activation(self.activation), input)
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self { activation: draw.one_of(&Activation::ALL) }
    }
}
