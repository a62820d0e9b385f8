//! Blocks of several styles in 8-bit integers. Source: Jacob et al., arXiv:1712.05877.

use super::{
    HSWISH, Pen, RELU, RELU6, Sketched, Start, Style, attention, basic, bottleneck, dense, fire, fused,
    grouped, inception, mb, mbv3, resnetd, separable, shuffle, uib,
};

pub(super) const STYLE: Style =
    Style { name: "int8", curves: &[RELU, RELU, RELU6, HSWISH], start: Start::Integers, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let style = pen.draw.one_of(&[
        &mb::STYLE,
        &mb::STYLE,
        &mbv3::STYLE,
        &uib::STYLE,
        &separable::STYLE,
        &basic::STYLE,
        &basic::STYLE,
        &bottleneck::STYLE,
        &resnetd::STYLE,
        &grouped::STYLE,
        &shuffle::STYLE,
        &inception::STYLE,
        &dense::STYLE,
        &fire::STYLE,
        &fused::STYLE,
        &attention::STYLE,
    ]);
    (style.block)(pen, x, out, stride)
}
