//! Down and up again, joined with what was there before. Source: U-Net, arXiv:1505.04597; feature pyramids, arXiv:1612.03144.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;
use crate::spec::Interpolation;

pub(super) const STYLE: Style =
    Style { name: "hourglass", curves: &[RELU, SWISH], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (is_learned, is_joined) = (pen.draw.chance(0.5), pen.draw.chance(0.5));
    let (kernel, interpolation) =
        (pen.draw.one_of(&[2, 2, 4]), pen.draw.one_of(&[Interpolation::Nearest, Interpolation::Bilinear]));
    let x = if stride == 2 { pen.sketch.max_pool(&x, 3, 2) } else { x };
    let before = pen.conv_act(&x, Filters::square(out, 3, 1));
    if !before.side(2).is_multiple_of(2) {
        return before;
    }
    let small = pen.sketch.max_pool(&before, 2, 2);
    let small = pen.conv_act(&small, Filters::square(out, 3, 1));
    let large = if is_learned {
        pen.sketch.conv_transpose(&small, out, kernel)
    } else {
        pen.sketch.upsample(&small, interpolation)
    };
    if is_joined {
        let joined = pen.sketch.concat(&[&before, &large]);
        pen.conv_act(&joined, Filters::pointwise(out))
    } else {
        pen.sketch.add(&before, &large)
    }
}
