//! Attention in several heads, and the blocks around it, as exporters write them.

use super::pen::{Mask, Pen};
use crate::onnx::{Operand, Shifted, Sketched};

/// How positions attend to each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    /// Channels of a head's values, about.
    pub(super) each: u32,
    /// By how much fewer its queries and keys have.
    pub(super) narrower: u32,
    /// What is added to the scores.
    pub(super) bias: Bias,
}

/// What is added to scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bias {
    /// Nothing.
    Nothing,
    /// A trained number for each pair of positions.
    Pairs,
    /// The same, in windows that were shifted.
    ShiftedPairs,
}

/// Where a block normalizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normalized {
    /// Before attention and before the products.
    Before,
    /// Behind the sums.
    Behind,
}

/// Attention and two products with weights, each added to what it reads: `[n, t, c]`.
pub(super) fn encoder(pen: &mut Pen<'_>, x: &Sketched, heads: Heads, normalized: Normalized) -> Sketched {
    let wider = pen.draw.one_of(&[2, 3, 4, 4]);
    match normalized {
        Normalized::Before => {
            let normal = pen.layer_norm(x);
            let attended = attend(pen, &normal, heads);
            let x = pen.sketch.add(x, &attended);
            let normal = pen.layer_norm(&x);
            let narrow = feed_forward(pen, &normal, wider);
            pen.sketch.add(&x, &narrow)
        }
        Normalized::Behind => {
            let attended = attend(pen, x, heads);
            let sum = pen.sketch.add(x, &attended);
            let x = pen.layer_norm(&sum);
            let narrow = feed_forward(pen, &x, wider);
            let sum = pen.sketch.add(&x, &narrow);
            pen.layer_norm(&sum)
        }
    }
}

/// Two products with weights, the network's activation between them: the last side becomes wider and as before.
pub(super) fn feed_forward(pen: &mut Pen<'_>, x: &Sketched, wider: u32) -> Sketched {
    let channels = x.side(x.dims().len() - 1);
    let wide = pen.sketch.matmul(x, channels * wider);
    let wide = pen.act(&wide);
    pen.sketch.matmul(&wide, channels)
}

/// Scaled dot products among the positions of each of `n` sequences, projected: `[n, t, c]`.
pub(super) fn attend(pen: &mut Pen<'_>, x: &Sketched, heads: Heads) -> Sketched {
    let (is_packed, scales_both) = (pen.draw.chance(0.4), pen.draw.chance(0.4));
    let [count, positions, channels] = [0, 1, 2].map(|axis| u64::from(x.side(axis)));
    let most = (channels / u64::from(heads.each)).max(1);
    let parts = (1..=most).rev().find(|parts| channels.is_multiple_of(*parts)).unwrap_or(1);
    let (each, narrow) = (channels / parts, (channels / parts / u64::from(heads.narrower)).max(1));
    let (query, key, value) = if is_packed && each == narrow {
        let all = pen.sketch.matmul(x, 3 * x.side(2));
        let split = pen.sketch.reshape(&all, &[count, positions, 3, parts, each]);
        let first = pen.sketch.transpose(&split, &[2, 0, 3, 1, 4]);
        let [query, key, value] = [0, 1, 2].map(|place| pen.sketch.gather(&first, 0, place));
        (query, pen.sketch.transpose(&key, &[0, 1, 3, 2]), value)
    } else {
        let mut project = |each: u64, order: &[usize]| {
            let projected = pen.sketch.matmul(x, (parts * each) as u32);
            let split = pen.sketch.reshape(&projected, &[count, positions, parts, each]);
            pen.sketch.transpose(&split, order)
        };
        (project(narrow, &[0, 2, 1, 3]), project(narrow, &[0, 2, 3, 1]), project(each, &[0, 2, 1, 3]))
    };
    let scale = 1.0 / (narrow as f32).sqrt();
    let scores = if scales_both {
        let [query, key] = [query, key].map(|value| pen.sketch.times(&value, scale.sqrt()));
        pen.sketch.product(&query, &key)
    } else {
        let scores = pen.sketch.product(&query, &key);
        pen.sketch.times(&scores, scale)
    };
    let scores = match heads.bias {
        Bias::Nothing => scores,
        Bias::Pairs => pen.sketch.biased(&scores, Shifted::No),
        Bias::ShiftedPairs => pen.sketch.biased(&scores, Shifted::Yes),
    };
    let scores = match pen.mask.clone() {
        Mask::Nothing => scores,
        Mask::Padding(mask) => pen.sketch.combine("Add", &scores, Operand::Value(&mask)),
        Mask::Later => pen.sketch.mask_later(&scores),
    };
    let weights = pen.sketch.softmax(&scores);
    let mixed = pen.sketch.product(&weights, &value);
    let mixed = pen.sketch.transpose(&mixed, &[0, 2, 1, 3]);
    let mixed = pen.sketch.reshape(&mixed, &[count, positions, channels]);
    // Heads of which queries are narrower are followed by an activation.
    let mixed = if each == narrow { mixed } else { pen.act(&mixed) };
    pen.sketch.matmul(&mixed, x.side(2))
}
