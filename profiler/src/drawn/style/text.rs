//! Transformer blocks over words. Source: BERT, arXiv:1810.04805; GPT-2.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::drawn::heads::{Bias, Heads, Normalized, encoder};
use crate::drawn::pen::Mask;
use crate::onnx::Curve;

pub(super) const STYLE: Style =
    Style { name: "text", curves: &[Curve::Gelu, Curve::GeluTanh, RELU], start: Start::Text, block };

fn block(pen: &mut Pen<'_>, x: Sketched, _: u32, _: u32) -> Sketched {
    // Of those that read left to right, blocks normalize first.
    let normalized = if matches!(pen.mask, Mask::Later) { Normalized::Before } else { Normalized::Behind };
    let each = pen.draw.one_of(&[32, 64, 64]);
    encoder(pen, &x, Heads { each, narrower: 1, bias: Bias::Nothing }, normalized)
}
