//! Enlarging a feature map.

use crate::spec::{Draw, FeatureMap, Fields, GraphBuilder, Interpolation, Layer, OpKind, SpecError, Value};

/// Enlarging by a whole factor: `[h, w, c]` → `[factor · h, factor · w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Upsample {
    /// How many times larger in both directions.
    pub factor: u32,
    /// How new positions get their values.
    pub interpolation: Interpolation,
}

impl OpKind for Upsample {
    const NAME: &'static str = "upsample";

    fn words(&self) -> Vec<String> {
        let interpolation = match self.interpolation {
            Interpolation::Nearest => "nearest",
            Interpolation::Bilinear => "bilinear",
        };
        vec![format!("f{}", self.factor), interpolation.to_owned()]
    }

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, String> {
        let factor = fields.number("f")?;
        let interpolation = match (fields.flag("nearest"), fields.flag("bilinear")) {
            (true, false) => Interpolation::Nearest,
            (false, true) => Interpolation::Bilinear,
            _ => return Err("either `nearest` or `bilinear` is needed".to_owned()),
        };
        Ok(Self { factor, interpolation })
    }

    fn build(&self, graph: &mut GraphBuilder, input: Value) -> Result<Value, SpecError> {
        let Self { factor, interpolation } = *self;
        graph.push(Layer::Upsample { factor, interpolation }, input)
    }

    fn sample(draw: &mut Draw<'_>, _: FeatureMap) -> Self {
        Self {
            factor: draw.one_of(&[2, 2, 4]),
            interpolation: draw.one_of(&[Interpolation::Nearest, Interpolation::Bilinear]),
        }
    }
}
