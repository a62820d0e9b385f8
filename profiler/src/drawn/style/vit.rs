//! Transformer blocks over a sequence of patches. Source: Dosovitskiy et al., arXiv:2010.11929.

use super::{Pen, Sketched, Start, Style};
use crate::drawn::heads::{Bias, Heads, Normalized, encoder};
use crate::onnx::Curve;

pub(super) const STYLE: Style = Style { name: "vit", curves: &[Curve::Gelu], start: Start::Patches, block };

fn block(pen: &mut Pen<'_>, x: Sketched, _: u32, _: u32) -> Sketched {
    transformer(pen, &x)
}

/// Attention and two products with weights, each behind a layer normalization and added to what they read: `[n, t, c]`.
pub(super) fn transformer(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let each = pen.draw.one_of(&[16, 32, 32, 64, 64]);
    encoder(pen, x, Heads { each, narrower: 1, bias: Bias::Nothing }, Normalized::Before)
}
