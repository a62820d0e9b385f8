//! Residual blocks normalized by their own values. Source: group normalization, arXiv:1803.08494; instance normalization,
//! arXiv:1607.08022.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "normalized", curves: &[RELU, SWISH], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let most = pen.draw.one_of(&[0, 0, 4, 8, 32]);
    let first = pen.sketch.conv(&x, Filters::square(out, 3, stride));
    let first = normalized(pen, &first, most);
    let first = pen.act(&first);
    let second = pen.sketch.conv(&first, Filters::square(out, 3, 1));
    let second = normalized(pen, &second, most);
    let shortcut = pen.shortcut(&x, out, stride);
    let sum = pen.sketch.add(&second, &shortcut);
    pen.act(&sum)
}

/// In as many groups as divide the channels, or each channel by itself.
fn normalized(pen: &mut Pen<'_>, x: &Sketched, most: u32) -> Sketched {
    match (1..=most).rev().find(|groups| x.channels().is_multiple_of(*groups)) {
        Some(groups) => pen.sketch.group_norm(x, groups),
        None => pen.sketch.instance_norm(x),
    }
}
