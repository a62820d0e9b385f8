//! Blocks of several styles in one network.

use super::{
    HSWISH, Pen, RELU, RELU6, SWISH, Sketched, Start, Style, basic, bottleneck, fire, fused, ghost, grouped,
    mb,
};

pub(super) const STYLE: Style =
    Style { name: "mix", curves: &[RELU, RELU6, SWISH, HSWISH], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let style = pen.draw.one_of(&[
        &mb::STYLE,
        &mb::STYLE,
        &basic::STYLE,
        &bottleneck::STYLE,
        &grouped::STYLE,
        &fire::STYLE,
        &fused::STYLE,
        &ghost::STYLE,
    ]);
    (style.block)(pen, x, out, stride)
}
