//! Convolutions and pooling.

use super::Translated;
use crate::onnx::{AttributeValue, Attributes};
use crate::tflite::TfliteError;
use crate::tflite::builtin::Builtin;
use crate::tflite::file::Node;
use crate::tflite::schema::{
    Field, activation, conv_2d, depthwise_conv_2d, padding, pool_2d, transpose_conv,
};
use crate::tflite::table::Number;
use crate::tflite::translation::Translation;

/// Strides, dilations and what pads: down, then right.
struct Window {
    kernel: [u64; 2],
    strides: [u64; 2],
    dilations: [u64; 2],
    padding: i8,
}

impl Window {
    fn read(
        node: &Node<'_>,
        kernel: [u64; 2],
        tag: u8,
        [high, wide]: [Field<i32>; 2],
        dilations: Option<[Field<i32>; 2]>,
        pads: Field<i8>,
    ) -> Result<Self, TfliteError> {
        let positive = |field| {
            let value: i32 = node.option(tag, field)?;
            let value = u64::try_from(value).ok().filter(|value| *value > 0);
            value.ok_or_else(|| node.wrong("a stride or dilation is no positive number"))
        };
        let dilations = match dilations {
            Some([high, wide]) => [positive(high)?, positive(wide)?],
            None => [1, 1],
        };
        if kernel.contains(&0) {
            return Err(node.wrong(&format!("its window is {kernel:?}")));
        }
        let strides = [positive(high)?, positive(wide)?];
        Ok(Self { kernel, strides, dilations, padding: node.option(tag, pads)? })
    }

    /// What is put before and behind a side: SAME gives as many positions as strides fit into it, and the odd one behind.
    fn pads(&self, side: usize, size: u64, node: &Node<'_>) -> Result<[u64; 2], TfliteError> {
        let reach = (self.kernel[side] - 1).saturating_mul(self.dilations[side]).saturating_add(1);
        let all = match self.padding {
            padding::VALID => 0,
            padding::SAME => {
                let behind = size.div_ceil(self.strides[side]).saturating_sub(1);
                behind.saturating_mul(self.strides[side]).saturating_add(reach).saturating_sub(size)
            }
            other => {
                return Err(node.wrong(&format!("its padding is {other}, expected 0 (SAME) or 1 (VALID)")));
            }
        };
        Ok([all / 2, all - all / 2])
    }

    fn attributes(&self, map: &[u64], node: &Node<'_>) -> Result<Attributes, TfliteError> {
        let [top, bottom] = self.pads(0, map[1], node)?;
        let [left, right] = self.pads(1, map[2], node)?;
        Ok(vec![
            ("kernel_shape", ints(&self.kernel)),
            ("strides", ints(&self.strides)),
            ("pads", ints(&[top, left, bottom, right])),
        ])
    }
}

fn ints(values: &[u64]) -> AttributeValue {
    AttributeValue::Ints(values.iter().map(|&value| i64::try_from(value).unwrap_or(i64::MAX)).collect())
}

/// The sides of an input that is a map, or of weights.
fn four(t: &Translation<'_>, node: &Node<'_>, place: usize) -> Result<[u64; 4], TfliteError> {
    let tensor = t.tensor(node.need(place)?);
    let sides = tensor.dims.as_slice().try_into();
    sides.map_err(|_| node.wrong(&format!("its input {place} has sides {:?}, expected four", tensor.dims)))
}

pub(super) fn conv(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use conv_2d::{ACTIVATION, DILATION_H, DILATION_W, PADDING, STRIDE_H, STRIDE_W, TAG};
    let (map, [_, high, wide, per_group]) = (four(t, node, 0)?, four(t, node, 1)?);
    let dilations = Some([DILATION_H, DILATION_W]);
    let window = Window::read(node, [high, wide], TAG, [STRIDE_H, STRIDE_W], dilations, PADDING)?;
    let groups = map[3].checked_div(per_group).filter(|groups| groups * per_group == map[3]);
    let groups =
        groups.ok_or_else(|| node.wrong(&format!("filters of {per_group} of {} channels", map[3])))?;
    // Weights are [out, high, wide, in].
    let active = node.option(TAG, ACTIVATION)?;
    filtered(t, node, &window, groups, [0, 3, 1, 2], active)
}

pub(super) fn depthwise(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use depthwise_conv_2d::{ACTIVATION, DILATION_H, DILATION_W, PADDING, STRIDE_H, STRIDE_W, TAG};
    let (map, [_, high, wide, out]) = (four(t, node, 0)?, four(t, node, 1)?);
    let dilations = Some([DILATION_H, DILATION_W]);
    let window = Window::read(node, [high, wide], TAG, [STRIDE_H, STRIDE_W], dilations, PADDING)?;
    if out.checked_rem(map[3]) != Some(0) {
        return Err(node.wrong(&format!("{out} filters of {} channels", map[3])));
    }
    // Weights are [1, high, wide, in · multiplier].
    let active = node.option(TAG, ACTIVATION)?;
    filtered(t, node, &window, map[3], [3, 0, 1, 2], active)
}

fn filtered(
    t: &mut Translation<'_>,
    node: &Node<'_>,
    window: &Window,
    groups: u64,
    order: [usize; 4],
    active: i8,
) -> Translated {
    let mut attributes = window.attributes(&four(t, node, 0)?, node)?;
    attributes.push(("dilations", ints(&window.dilations)));
    attributes.push(("group", ints_one(groups)));
    let mut inputs = vec![t.own(node, node.need(0)?)?, weights(t, node, 1, &order)?];
    if let Some(bias) = node.input(2) {
        inputs.push(t.own(node, bias)?);
    }
    t.give_active(node, "Conv", inputs, attributes, active)?;
    Ok(true)
}

fn ints_one(value: u64) -> AttributeValue {
    AttributeValue::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Weights with their sides in another order.
pub(super) fn weights(
    t: &mut Translation<'_>,
    node: &Node<'_>,
    place: usize,
    order: &[usize],
) -> Result<String, TfliteError> {
    use crate::tflite::order::Order;
    let index = node.need(place)?;
    let dims = t.tensor(index).dims.clone();
    if let Some(name) = t.constant_value(node, index, &dims, order)? {
        return Ok(name);
    }
    let value = t.value(node, index, Order::File)?;
    let perm = AttributeValue::Ints(order.iter().map(|&side| side as i64).collect());
    Ok(t.step(node, "weights", "Transpose", vec![value], vec![("perm", perm)]))
}

pub(super) fn pool(t: &mut Translation<'_>, node: &Node<'_>, builtin: Builtin) -> Translated {
    use pool_2d::{ACTIVATION, FILTER_H, FILTER_W, PADDING, STRIDE_H, STRIDE_W, TAG};
    let map = four(t, node, 0)?;
    let side = |field| Ok::<u64, TfliteError>(u64::try_from(node.option::<i32>(TAG, field)?).unwrap_or(0));
    let kernel = [side(FILTER_H)?, side(FILTER_W)?];
    let window = Window::read(node, kernel, TAG, [STRIDE_H, STRIDE_W], None, PADDING)?;
    let (operator, inputs) = (
        if builtin == Builtin::MAX_POOL_2D { "MaxPool" } else { "AveragePool" },
        vec![t.own(node, node.need(0)?)?],
    );
    let active = node.option(TAG, ACTIVATION)?;
    t.give_active(node, operator, inputs, window.attributes(&map, node)?, active)?;
    Ok(true)
}

/// Inputs: the output's sides, weights, the map, biases.
pub(super) fn transposed(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    use transpose_conv::{ACTIVATION, PADDING, STRIDE_H, STRIDE_W, TAG};
    let [_, high, wide, _] = four(t, node, 1)?;
    let window = Window::read(node, [high, wide], TAG, [STRIDE_H, STRIDE_W], None, PADDING)?;
    let active = node.option(TAG, ACTIVATION)?;
    spread(t, node, &window, [2, 1, 3], active)
}

/// MediaPipe's own operator. Inputs: the map, weights, biases; options: `TfLiteTransposeConvParams`, whose padding is 1 for
/// SAME and 2 for VALID, then the strides right and down.
pub(super) fn mediapipe_transposed(t: &mut Translation<'_>, node: &Node<'_>) -> Translated {
    let number = |place: usize| node.custom.get(4 * place..4 * place + 4).map(i32::read);
    let (Some(pads @ 1..=2), Some(right @ 1..), Some(down @ 1..)) = (number(0), number(1), number(2)) else {
        return Ok(false);
    };
    let [_, high, wide, _] = four(t, node, 1)?;
    let window = Window {
        kernel: [high, wide],
        strides: [down.unsigned_abs().into(), right.unsigned_abs().into()],
        dilations: [1, 1],
        padding: if pads == 1 { padding::SAME } else { padding::VALID },
    };
    spread(t, node, &window, [0, 1, 2], activation::NONE)
}

/// A transposed convolution; `places` are those of the map, the weights and the biases.
fn spread(
    t: &mut Translation<'_>,
    node: &Node<'_>,
    window: &Window,
    [map, filters, biases]: [usize; 3],
    active: i8,
) -> Translated {
    let (small, [out_channels, ..]) = (four(t, node, map)?, four(t, node, filters)?);
    let output = t.tensor(node.output()?);
    let &[_, high, wide, channels] = output.dims.as_slice() else { return Ok(false) };
    if channels != out_channels {
        return Err(node.wrong(&format!("{out_channels} filters give {channels} channels")));
    }
    // What the convolution that it turns around would pad; what it would not reach is added behind.
    let reach = |side: usize, size: u64| {
        let positions = size.saturating_sub(1).saturating_mul(window.strides[side]);
        positions.saturating_add(window.kernel[side])
    };
    let [reach_down, reach_right] = [reach(0, small[1]), reach(1, small[2])];
    let [pad_down, pad_right] = [reach_down.saturating_sub(high), reach_right.saturating_sub(wide)];
    let (top, left) = (pad_down / 2, pad_right / 2);
    let more = [high.saturating_sub(reach_down), wide.saturating_sub(reach_right)];
    if window.padding == padding::VALID && (pad_down > 0 || pad_right > 0) {
        return Err(node.wrong(&format!(
            "without padding it gives {:?}, not {reach_down} x {reach_right}",
            output.dims
        )));
    }
    let attributes = vec![
        ("kernel_shape", ints(&window.kernel)),
        ("strides", ints(&window.strides)),
        ("pads", ints(&[top, left, pad_down - top, pad_right - left])),
        ("output_padding", ints(&more)),
    ];
    // Weights are [out, high, wide, in].
    let mut inputs = vec![t.own(node, node.need(map)?)?, weights(t, node, filters, &[3, 0, 1, 2])?];
    if let Some(bias) = node.input(biases) {
        inputs.push(t.own(node, bias)?);
    }
    t.give_active(node, "ConvTranspose", inputs, attributes, active)?;
    Ok(true)
}
