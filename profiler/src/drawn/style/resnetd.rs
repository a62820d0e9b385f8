//! Bottlenecks with pooled shortcuts and gates of channels and of positions. Source: ResNet-D, arXiv:1812.01187; ECA-Net,
//! arXiv:1910.03151; CBAM, arXiv:1807.06521.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};
use crate::spec::Activation;

pub(super) const STYLE: Style =
    Style { name: "resnetd", curves: &[RELU, RELU, SWISH], start: Start::Stem, block };

const SIGMOID: Curve = Curve::Known(Activation::Sigmoid);

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (gate, wider) = (pen.draw.one_of(&[0_u32, 0, 1, 2]), pen.draw.one_of(&[1, 2, 4]));
    let wide = out * wider;
    let narrow = pen.conv_act(&x, Filters::pointwise(out));
    let deep = pen.conv_act(&narrow, Filters::square(out, 3, stride));
    let last = pen.sketch.conv(&deep, Filters::pointwise(wide));
    let last = match gate {
        0 => last,
        1 => of_channels(pen, &last),
        2.. => of_positions(pen, &last),
    };
    let pooled = if stride == 2 {
        let kernel = if x.side(2).is_multiple_of(2) { 2 } else { 3 };
        pen.sketch.average_pool(&x, kernel, 2)
    } else {
        x
    };
    let shortcut = pen.shortcut(&pooled, wide, 1);
    let sum = pen.sketch.add(&last, &shortcut);
    pen.act(&sum)
}

/// A gate by a convolution along the channels.
fn of_channels(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let channels = u64::from(x.channels());
    let pooled = pen.sketch.global_pool(x);
    let row = pen.sketch.reshape(&pooled, &[1, 1, channels]);
    let mixed = pen.sketch.conv(&row, Filters::square(1, 3, 1));
    let gate = pen.sketch.act(&mixed, SIGMOID);
    let gate = pen.sketch.reshape(&gate, &[1, channels, 1, 1]);
    pen.sketch.mul(x, &gate)
}

/// A gate by a convolution over what channels have at each position.
fn of_positions(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let [mean, most] = ["ReduceMean", "ReduceMax"].map(|reduction| pen.sketch.reduce(reduction, x, 1));
    let both = pen.sketch.concat(&[&mean, &most]);
    let mixed = pen.sketch.conv(&both, Filters::square(1, 7, 1));
    let gate = pen.sketch.act(&mixed, SIGMOID);
    pen.sketch.mul(x, &gate)
}
