//! Chains of 3×3 convolutions. Source: VGG, arXiv:1409.1556; RepVGG, arXiv:2101.03697.

use super::{HSWISH, Pen, RELU, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "plain", curves: &[RELU, RELU, HSWISH, Curve::HswishInParts], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (pools, kernel) = (pen.draw.chance(0.4), pen.draw.one_of(&[3, 3, 3, 5]));
    if pools && stride == 2 && x.side(2).is_multiple_of(2) {
        let pooled = pen.sketch.max_pool(&x, 2, 2);
        return pen.conv_act(&pooled, Filters::square(out, kernel, 1));
    }
    if pools && stride == 2 {
        // As tools write same padding of a window that steps: in front of it, by itself.
        let padded = pen.sketch.pad(&x, &[0, 0, 1, 1]);
        return pen.conv_act(&padded, Filters::square(out, kernel, 2));
    }
    pen.conv_act(&x, Filters::square(out, kernel, stride))
}
