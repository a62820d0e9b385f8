//! Residual blocks with grouped convolutions. Source: RegNet, arXiv:2003.13678; ResNeXt, arXiv:1611.05431.

use super::{Pen, RELU, SWISH, Sketched, Start, Style, bottleneck::bottleneck};

pub(super) const STYLE: Style =
    Style { name: "grouped", curves: &[RELU, RELU, SWISH], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (group, wider) = (pen.draw.one_of(&[4, 8, 8, 16, 24, 32]), pen.draw.one_of(&[1, 1, 2]));
    let squeezes = pen.draw.chance(0.3);
    let inside = out.next_multiple_of(group);
    bottleneck(pen, &x, [inside, inside * wider], [stride, inside / group], squeezes)
}
