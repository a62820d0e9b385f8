//! Convolutions along time. Source: QuartzNet, arXiv:1910.10261; WaveNet, arXiv:1609.03499; TC-ResNet, arXiv:1904.03814.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};
use crate::spec::Activation;

pub(super) const STYLE: Style =
    Style { name: "audio", curves: &[RELU, SWISH, Curve::Elu], start: Start::Sound, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (way, kernel) = (pen.draw.one_of(&[0_u32, 0, 1, 1, 2]), pen.draw.one_of(&[3, 3, 5, 9, 15]));
    let (squeezes, dilation) = (pen.draw.chance(0.2), pen.draw.one_of(&[1, 2, 4]));
    match way {
        0 => {
            let first = pen.conv_act(&x, Filters::square(out, kernel, stride));
            let second = pen.sketch.conv(&first, Filters::square(out, kernel, 1));
            let shortcut = pen.shortcut(&x, out, stride);
            let sum = pen.sketch.add(&second, &shortcut);
            pen.act(&sum)
        }
        1 => {
            let deep = pen.sketch.conv(&x, Filters::depthwise(x.channels(), kernel, stride));
            let wide = pen.sketch.conv(&deep, Filters::pointwise(out));
            let wide = pen.sketch.batch_norm(&wide);
            let wide = pen.act(&wide);
            if squeezes { pen.squeeze(&wide) } else { wide }
        }
        2.. => {
            let x = pen.shortcut(&x, out, stride);
            let filters = Filters { dilation, ..Filters::square(out, 3, 1) };
            let [value, gate] = [Curve::Tanh, Curve::Known(Activation::Sigmoid)].map(|curve| {
                let mixed = pen.sketch.conv(&x, filters);
                pen.sketch.act(&mixed, curve)
            });
            let gated = pen.sketch.mul(&value, &gate);
            let last = pen.sketch.conv(&gated, Filters::pointwise(out));
            pen.sketch.add(&x, &last)
        }
    }
}
