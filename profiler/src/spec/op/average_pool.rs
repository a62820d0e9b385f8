//! Pooling by the mean of a window.

use super::{Draw, Fields, OpKind};
use crate::spec::{FeatureMap, GraphBuilder, Layer, Pool, SpecError, Value};

/// Mean of a k×k window, padding not counted; see [`Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AveragePool(pub Pool);

impl OpKind for AveragePool {
    const NAME: &'static str = "avgpool";

    fn words(&self) -> Vec<String> {
        vec![format!("k{}", self.0.kernel), format!("s{}", self.0.stride)]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        Ok(Self(Pool { kernel: fields.number("k")?, stride: fields.number("s")? }))
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::AveragePool(self.0), input)
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self(draw.pool())
    }
}
