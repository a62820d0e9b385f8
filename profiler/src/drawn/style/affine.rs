//! Branches that add up as they are trained, with normalization alone on one and numbers that nobody folded. Source: RepVGG,
//! arXiv:2101.03697; MobileOne, arXiv:2206.04040; learned affine blocks of PP-LCNetV3.

use super::{HSWISH, Pen, RELU, Sketched, Start, Style};
use crate::onnx::{Filters, Operand};

pub(super) const STYLE: Style =
    Style { name: "affine", curves: &[RELU, RELU, HSWISH], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (is_deep, begins_at_zero) = (pen.draw.chance(0.4), pen.draw.chance(0.5));
    let (scaled, shifted) = (pen.draw.one_of(&[0_u32, 1, 2]), pen.draw.chance(0.5));
    let x = if is_deep {
        let deep = branches(pen, &x, Filters::depthwise(x.channels(), 3, stride), begins_at_zero);
        pen.act(&deep)
    } else {
        x
    };
    let filters = if is_deep { Filters::pointwise(out) } else { Filters::square(out, 3, stride) };
    let sum = branches(pen, &x, filters, begins_at_zero);
    let affine = match scaled {
        0 => pen.sketch.times(&sum, 0.9),
        1 => pen.sketch.scale(&sum),
        2.. => sum,
    };
    let with = if shifted { Operand::Number(0.1) } else { Operand::PerChannel };
    let affine = if scaled < 2 { pen.sketch.combine("Add", &affine, with) } else { affine };
    pen.act(&affine)
}

/// Two kernels side by side, and where shapes are the same, what is read, normalized.
fn branches(pen: &mut Pen<'_>, x: &Sketched, filters: Filters, begins_at_zero: bool) -> Sketched {
    let wide = pen.sketch.conv(x, filters);
    let narrow = pen.sketch.conv(x, Filters { kernel: [1, 1], ..filters });
    let sum = pen.sketch.add(&wide, &narrow);
    if sum.dims() != x.dims() {
        return sum;
    }
    let normal = pen.sketch.batch_norm(x);
    // Loops that sum branches up begin at the number 0.
    let normal =
        if begins_at_zero { pen.sketch.combine("Add", &normal, Operand::Number(0.0)) } else { normal };
    pen.sketch.add(&normal, &sum)
}
