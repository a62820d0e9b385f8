//! What the attributes of a node say.

pub(super) use crate::onnx::shape_rules::{int, ints};
use crate::onnx::{AttributeValue, ModelNode};
use crate::spec::{FeatureMap, Interpolation, Layer, Padding, Pool};

/// A map of these sides: `[1, c, h, w]`, `[1, c]`, or a sequence `[1, t, c]`; others by their number of positions.
pub(super) fn feature_map(dims: &[u64]) -> Option<FeatureMap> {
    let (height, width, channels) = match *dims {
        [] => (1, 1, 1),
        [c] => (1, 1, c),
        [n, c] => (1, n, c),
        [n, t, c] => (n, t, c),
        [n, c, h, w] => (n.checked_mul(h)?, w, c),
        [n, c, ref sides @ ..] => (n, sides.iter().product(), c),
    };
    let side = |side: u64| u32::try_from(side).ok().filter(|side| *side > 0);
    Some(FeatureMap { height: side(height)?, width: side(width)?, channels: side(channels)? })
}

/// Two numbers, 1 where the attribute is left out.
pub(super) fn pair(node: &ModelNode, name: &str) -> Option<[u32; 2]> {
    match ints(node, name) {
        None => Some([1, 1]),
        Some(&[down, right]) => Some([u32::try_from(down).ok()?, u32::try_from(right).ok()?]),
        Some(_) => None,
    }
}

pub(super) fn window(node: &ModelNode) -> Option<Pool> {
    ints(node, "kernel_shape")?;
    let (kernel, stride) = (pair(node, "kernel_shape")?, pair(node, "strides")?);
    Some(Pool { kernel, stride, padding: Padding::Unknown })
}

pub(super) fn upsample(node: &ModelNode, input: FeatureMap, output: FeatureMap) -> Option<Layer> {
    let factor = output.height.checked_div(input.height)?;
    let is_whole = output.height == factor * input.height && output.width == factor * input.width;
    let mode = match node.attributes.get("mode") {
        Some(AttributeValue::Text(mode)) => mode.as_str(),
        _ => "nearest",
    };
    let interpolation = match mode {
        "nearest" => Interpolation::Nearest,
        "linear" | "bilinear" => Interpolation::Bilinear,
        _ => return None,
    };
    (is_whole && factor > 1).then_some(Layer::Upsample { factor, interpolation })
}
