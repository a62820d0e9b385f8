//! Convolutions and matrix products by dynamic quantization, as ONNX Runtime's quantizer makes it of a network. Source: Jacob et al.,
//! arXiv:1712.05877.

use super::{MOST_POSITIONS, Pen, RELU, RELU6, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "dynamic", curves: &[RELU, RELU6, SWISH], start: Start::Dynamic, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (is_narrow, mixes, has_depthwise) =
        (pen.draw.chance(0.3), pen.draw.chance(0.5), pen.draw.chance(0.3));
    let first = if is_narrow { Filters::pointwise(out) } else { Filters::square(out, 3, 1) };
    let x = pen.dynamic_conv(&x, Filters { stride, ..first });
    let x = pen.act(&x);
    let second = if has_depthwise { Filters::depthwise(out, 3, 1) } else { Filters::square(out, 3, 1) };
    let inside = pen.dynamic_conv(&x, second);
    let sum = pen.sketch.add(&inside, &x);
    let x = pen.act(&sum);
    let (high, wide) = (x.side(2), x.side(3));
    if !mixes || high * wide > MOST_POSITIONS {
        return x;
    }
    // Two products of what was quantized once, and one of their sum.
    let sequence = pen.sequence(&x);
    let read = pen.sketch.quantize_dynamically(&sequence);
    let (left, right) = (pen.sketch.dynamic_matmul(&read, out), pen.sketch.dynamic_matmul(&read, out));
    let both = pen.sketch.add(&left, &right);
    let both = pen.act(&both);
    let read = pen.sketch.quantize_dynamically(&both);
    let mixed = pen.sketch.dynamic_matmul(&read, out);
    pen.map(&mixed, [high, wide])
}
