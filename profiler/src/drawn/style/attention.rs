//! Convolutions at high resolutions, transformer blocks at low ones. Source: MobileViT, arXiv:2110.02178; CoAtNet, arXiv:2106.04803.

use super::{HSWISH, MOST_POSITIONS, Pen, SWISH, Sketched, Start, Style, mb::inverted, vit::transformer};

pub(super) const STYLE: Style =
    Style { name: "attention", curves: &[SWISH, HSWISH], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let expansion = pen.draw.one_of(&[2, 4]);
    let x = inverted(pen, &x, [x.channels() * expansion, out], [3, stride], false);
    let (high, wide) = (x.side(2), x.side(3));
    if high * wide > MOST_POSITIONS {
        return x;
    }
    let sequence = pen.sequence(&x);
    let mixed = transformer(pen, &sequence);
    pen.map(&mixed, [high, wide])
}
