//! Recurrent layers over sound, convolutions between them. Source: Deep Speech 2, arXiv:1512.02595.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::{Filters, Recurrent};

pub(super) const STYLE: Style = Style { name: "recurrent", curves: &[RELU], start: Start::Sound, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let kind = pen.draw.one_of(&[Recurrent::Lstm, Recurrent::Gru]);
    let (directions, convolves) = (pen.draw.one_of(&[1, 1, 2]), pen.draw.chance(0.4));
    if stride == 2 || convolves {
        return pen.conv_act(&x, Filters::square(out, 5, stride));
    }
    let steps = pen.sketch.transpose(&x, &[2, 0, 1]);
    let read = pen.sketch.recurrent(&steps, kind, out / directions, directions);
    pen.sketch.transpose(&read, &[1, 2, 0])
}
