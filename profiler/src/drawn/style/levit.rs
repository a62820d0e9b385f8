//! Convolutions down to few positions, then attention whose keys are narrow and whose scores have trained numbers. Source:
//! LeViT, arXiv:2104.01136; EfficientFormer, arXiv:2206.01191.

use super::{HSWISH, MOST_POSITIONS, Pen, Sketched, Start, Style};
use crate::drawn::heads::{Bias, Heads, attend, feed_forward};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "levit", curves: &[HSWISH, Curve::Gelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (each, narrower) = (pen.draw.one_of(&[32, 32, 64, 128]), pen.draw.one_of(&[2, 2, 4]));
    let x = if stride == 2 || x.channels() != out {
        pen.conv_act(&x, Filters::square(out, 3, stride))
    } else {
        x
    };
    let (high, wide) = (x.side(2), x.side(3));
    if high * wide > MOST_POSITIONS {
        return x;
    }
    let sequence = pen.sequence(&x);
    let attended = attend(pen, &sequence, Heads { each, narrower, bias: Bias::Pairs });
    let sum = pen.sketch.add(&sequence, &attended);
    let narrow = feed_forward(pen, &sum, 2);
    let sum = pen.sketch.add(&sum, &narrow);
    pen.map(&sum, [high, wide])
}
