//! An op as tables and models know it: by its key, whether it is one of ours or was traced inside a foreign network.

use std::str::FromStr;

use profiler::record::Row;
use profiler::spec::{Activation, Layer, OpSpec, PlacedLayer, SpecError, TracedLayer, TracedOp};

use super::amounts::{add_work, millions};
use super::features::OpFeatures;
use super::terms::{Amount, Class, TERMS};

/// An op by its key, its kind (ops of one kind share a model) and its features.
#[derive(Clone, Debug, PartialEq)]
pub struct OpEntry {
    /// Its key.
    pub key: String,
    /// Its kind; of a traced op, [`TracedOp::SIGN`] and the kernel's name.
    pub kind: String,
    /// What regressors see of it.
    pub features: OpFeatures,
}

impl OpEntry {
    /// The ops of a network row, or the op of an op row.
    pub fn all_of(row: &Row) -> Result<Vec<Self>, SpecError> {
        row.op_keys().into_iter().map(str::parse).collect()
    }
}

impl From<&OpSpec> for OpEntry {
    fn from(op: &OpSpec) -> Self {
        Self { key: op.key(), kind: op.kind(), features: OpFeatures::of(op) }
    }
}

impl From<OpSpec> for OpEntry {
    fn from(op: OpSpec) -> Self {
        Self::from(&op)
    }
}

impl From<&TracedOp> for OpEntry {
    fn from(op: &TracedOp) -> Self {
        let output = op.layer().output();
        let fused: Vec<Option<Layer>> = op.fused().iter().map(|name| fused_layer(name)).collect();
        let mut features = match op.layer() {
            TracedLayer::Placed(first) => OpFeatures {
                launched: Some(first),
                ..OpFeatures::of_layers(first.input, first.output, &[first])
            },
            TracedLayer::Other(work) => OpFeatures::of_other(&work),
        };
        let alone = features.work;
        for layer in fused.iter().copied().flatten() {
            add_work(&PlacedLayer { layer, input: output, output }, &mut features.work);
        }
        // One pass each, but for activations that are written in several nodes.
        let passes =
            |name: &String| name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(1);
        let unknown = op.fused().iter().zip(&fused).filter(|(_, layer)| layer.is_none());
        let unknown: usize = unknown.map(|(name, _)| passes(name)).sum();
        for ((sum, term), of_first) in features.work.iter_mut().zip(TERMS).zip(alone) {
            // What is fused is not called: it works on what the first has at hand.
            if term.amount == Amount::Calls {
                *sum = of_first;
            }
            if (term.class, term.amount) == (Class::Other, Amount::Elements) {
                (0..unknown).for_each(|_| *sum += millions(output.elements()));
            }
        }
        let [.., log_layers] = &mut features.sizes;
        *log_layers = ((1 + fused.len()) as f64).ln();
        let odd = if is_odd(op) { ODD } else { "" };
        Self { key: op.to_string(), kind: format!("{}{}{odd}", TracedOp::SIGN, op.kernel()), features }
    }
}

impl FromStr for OpEntry {
    type Err = SpecError;

    fn from_str(key: &str) -> Result<Self, SpecError> {
        if key.contains(TracedOp::SIGN) {
            return key.parse::<TracedOp>().map(|op| Self::from(&op));
        }
        key.parse::<OpSpec>().map(Self::from)
    }
}

/// What follows the kernel's name in the kind of a convolution that has channels beside its groups of [`LANES`]: many runtimes have
/// other, slower code for such.
const ODD: &str = "_odd";
const LANES: u32 = 4;

fn is_odd(op: &TracedOp) -> bool {
    let kernels = ["conv", "pointwise", "depthwise", "grouped"];
    let [input, output] = [op.layer().input(), op.layer().output()].map(|map| map.channels);
    kernels.contains(&op.kernel()) && !(input.is_multiple_of(LANES) && output.is_multiple_of(LANES))
}

/// The layer that a fused op is, by the name that the profiler or TFLite's GPU delegate gives it; nothing for names that are not
/// known.
fn fused_layer(name: &str) -> Option<Layer> {
    match name {
        // Each compares an element with one number.
        "relu" | "relu6" | "minimum" | "maximum" => Some(Layer::Activation(Activation::Relu)),
        "add" => Some(Layer::Add),
        "hswish" | "hard_swish" => Some(Layer::Activation(Activation::Hswish)),
        "sigmoid" => Some(Layer::Activation(Activation::Sigmoid)),
        "hsigmoid" => Some(Layer::Activation(Activation::Hsigmoid)),
        "swish" => Some(Layer::Activation(Activation::Swish)),
        "mul" => Some(Layer::Scale),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_either_sort_gives_its_features() {
        let own: OpEntry = "conv-8x8x4-o8-k3-s1-relu".parse().unwrap();
        assert_eq!(own.kind, "conv");
        let traced: OpEntry = "winograd@conv-8x8x4-8x8x8-k3-s1-g1+relu".parse().unwrap();
        assert_eq!(traced.kind, "@winograd");
        // The same work: 8·8·8 outputs of 3·3·4 multiply-accumulates each, and a rectifier.
        assert_eq!((traced.features.work, traced.features.sizes), (own.features.work, own.features.sizes));
        assert!(traced.features.launched.is_some() && own.features.launched.is_none());
        for (key, kind) in
            [("8x8x6-8x8x6-k3-s1-g6", "@depthwise_odd"), ("8x8x4-8x8x4-k3-s1-g4", "@depthwise")]
        {
            assert_eq!(format!("depthwise@conv-{key}").parse::<OpEntry>().unwrap().kind, kind);
        }
        let added: OpEntry = "winograd@conv-8x8x4-8x8x8-k3-s1-g1+add".parse().unwrap();
        assert!((added.features.amount(Class::Added, Amount::Elements) - 512e-6).abs() < 1e-12);
        assert!(added.features.amount(Class::Added, Amount::Calls) == 0.0);
        // Without padding the output is smaller, which keys of ours cannot say.
        let valid: OpEntry = "winograd@conv-8x8x4-6x6x8-k3-s1-g1".parse().unwrap();
        assert!((valid.features.amount(Class::Dense, Amount::Macs) - 36.0 * 8.0 * 36.0 / 1e6).abs() < 1e-12);
        let joined: OpEntry = "concat@concat-4x4x16-4x4x64-n4".parse().unwrap();
        assert!((joined.features.amount(Class::Concatenated, Amount::Parts) - 4.0).abs() < 1e-12);
        // An activation in four nodes passes over the 512 elements four times.
        let in_nodes: OpEntry = "conv@conv-8x8x4-8x8x8-k3-s1-g1+hswish4".parse().unwrap();
        assert!((in_nodes.features.amount(Class::Other, Amount::Elements) - 4.0 * 512e-6).abs() < 1e-12);
    }
}
