//! The fully connected layer.

use super::{Fields, OpKind};
use crate::spec::{GraphBuilder, Layer, SpecError, Value};

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
        Ok(Self { out_features: fields.number('o')? })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        graph.push(Layer::Linear { out_features: self.out_features }, input)
    }
}
