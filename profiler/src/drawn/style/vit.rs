//! Transformer blocks over a sequence of patches. Source: Dosovitskiy et al., arXiv:2010.11929.

use super::{Pen, Sketched, Start, Style};
use crate::onnx::Curve;

pub(super) const STYLE: Style = Style { name: "vit", curves: &[Curve::Gelu], start: Start::Patches, block };

fn block(pen: &mut Pen<'_>, x: Sketched, _: u32, _: u32) -> Sketched {
    transformer(pen, &x)
}

/// Attention and two products with weights, each behind a layer normalization and added to what they read: `[1, t, c]`.
pub(super) fn transformer(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let wider = pen.draw.one_of(&[2, 3, 4, 4]);
    let channels = x.side(2);
    let normal = pen.layer_norm(x);
    let attended = attention(pen, &normal);
    let projected = pen.sketch.matmul(&attended, channels);
    let x = pen.sketch.add(x, &projected);
    let normal = pen.layer_norm(&x);
    let wide = pen.sketch.matmul(&normal, channels * wider);
    let wide = pen.sketch.act(&wide, Curve::Gelu);
    let narrow = pen.sketch.matmul(&wide, channels);
    pen.sketch.add(&x, &narrow)
}

/// Scaled dot products among all positions, in heads of about 32 channels.
fn attention(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let (positions, channels) = (x.side(1), x.side(2));
    let heads = (1..=(channels / 32).max(1)).rev().find(|heads| channels.is_multiple_of(*heads)).unwrap_or(1);
    let each = channels / heads;
    let split = [1, positions, heads, each].map(u64::from);
    let mut project = |order: &[usize]| {
        let projected = pen.sketch.matmul(x, channels);
        let heads = pen.sketch.reshape(&projected, &split);
        pen.sketch.transpose(&heads, order)
    };
    let (query, key, value) = (project(&[0, 2, 1, 3]), project(&[0, 2, 3, 1]), project(&[0, 2, 1, 3]));
    let scores = pen.sketch.product(&query, &key);
    let scores = pen.sketch.times(&scores, 1.0 / (each as f32).sqrt());
    let weights = pen.sketch.softmax(&scores);
    let mixed = pen.sketch.product(&weights, &value);
    let mixed = pen.sketch.transpose(&mixed, &[0, 2, 1, 3]);
    pen.sketch.reshape(&mixed, &[1, positions.into(), channels.into()])
}
