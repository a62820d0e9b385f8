//! Pooling by the largest value of a window.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, Layer, OpKind, Pool, SpecError, Value};

/// Largest value of a k×k window; padded as [`Padding::Same`](crate::spec::Padding::Same).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool {
    /// Side of the window.
    pub kernel: u32,
    /// Step in both directions.
    pub stride: u32,
}

impl OpKind for MaxPool {
    const NAME: &'static str = "maxpool";

    fn words(&self) -> Vec<String> {
        vec![format!("k{}", self.kernel), format!("s{}", self.stride)]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self { kernel: fields.number("k")?, stride: fields.number("s")? })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::MaxPool(Pool::square(self.kernel, self.stride)), input)
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        let (kernel, stride) = draw.window();
        Self { kernel, stride }
    }
}
