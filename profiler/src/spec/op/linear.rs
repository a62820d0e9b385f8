//! The fully connected layer.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, SpecError, Value};

/// Fully connected with bias: `[1, 1, c]` → `[1, 1, out_features]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Linear {
    /// Features out.
    pub out_features: u32,
}

impl OpKind for Linear {
    const NAME: &'static str = "linear";

    fn words(&self) -> Vec<String> {
        vec![format!("o{}", self.out_features)]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self { out_features: fields.number("o")? })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::Linear { out_features: self.out_features }, input)
    }

    fn sample_input(draw: &mut Draw<'_>) -> FeatureMap {
        draw.vector()
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        // Classifiers of 10 and 1000 classes, and layers inside.
        let inside = draw.vector().channels;
        Self { out_features: draw.one_of(&[10, 100, 1000, inside, inside, inside]) }
    }
}
