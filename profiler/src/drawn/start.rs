//! How networks begin and end.

use super::network::Extent;
use super::pen::{Mask, Pen};
use super::style::{Start, Style};
use crate::onnx::{Filters, Operand, Sketch, Sketched, Weights};
use crate::spec::Draw;

/// A whole network.
pub(super) fn network(
    style: &Style,
    extent: Extent,
    mut draw: Draw<'_>,
    width: f64,
    weights: Weights,
) -> (Sketch, Sketched) {
    let (mut sketch, input) = begin(style.start, extent, &mut draw, weights);
    let curve = draw.one_of(style.curves);
    let multiple = draw.one_of(&[8, 8, 8, 8, 8, 16, 16, 4, 2, 1]);
    let mut pen = Pen { sketch: &mut sketch, draw, curve, multiple, extent, mask: Mask::Nothing };
    let features = match style.start {
        Start::Stem | Start::Dynamic => stages(&mut pen, style, input, width),
        Start::Integers => {
            pen.sketch.quantize();
            stages(&mut pen, style, input, width)
        }
        Start::Sound => sound(&mut pen, style, input, width),
        Start::Patches => patches(&mut pen, style, input, width),
        Start::Text => text(&mut pen, style, input, width),
    };
    let output = head(&mut pen, style.start, features, width);
    (sketch, output)
}

/// The input.
fn begin(start: Start, extent: Extent, draw: &mut Draw<'_>, weights: Weights) -> (Sketch, Sketched) {
    let (sides, frames, words): (&[u32], &[u32], &[u32]) = match extent {
        Extent::Tiny => (&[16, 24, 32, 32, 48, 64], &[25, 50, 50, 100], &[8, 16, 32]),
        Extent::Usual => {
            (&[96, 112, 128, 160, 192, 224, 224, 256], &[100, 200, 400, 800], &[32, 64, 128, 256])
        }
        Extent::Large => (&[224, 256, 320, 384, 448], &[400, 800, 1600], &[128, 256, 384]),
    };
    match start {
        Start::Stem | Start::Integers | Start::Dynamic | Start::Patches => {
            let channels = draw.one_of(if extent == Extent::Tiny { &[3, 1] } else { &[3] });
            Sketch::new(channels, draw.one_of(sides), weights)
        }
        Start::Sound => {
            // The bands of a spectrum, or one wave, which has 40 numbers where a spectrum has one.
            let (bands, frames) = (draw.one_of(&[1, 40, 40, 64, 80]), draw.one_of(frames));
            Sketch::over_sound(bands, if bands == 1 { 40 * frames } else { frames }, weights)
        }
        Start::Text => Sketch::over_tokens(draw.one_of(words), weights),
    }
}

/// A stem, and stages of blocks, each at half of the resolution of the one before.
fn stages(pen: &mut Pen<'_>, style: &Style, input: Sketched, width: f64) -> Sketched {
    let kernel = pen.draw.one_of(&[3, 3, 3, 7]);
    let wider = pen.draw.one_of(&[1.0, 1.0, 1.5, 2.0]);
    let channels = pen.round(width * wider);
    let first = Filters::square(channels, kernel, 2);
    let mut x = match style.start {
        Start::Dynamic => {
            let x = pen.dynamic_conv(&input, first);
            pen.act(&x)
        }
        Start::Stem | Start::Integers | Start::Sound | Start::Patches | Start::Text => {
            pen.conv_act(&input, first)
        }
    };
    if pen.draw.chance(0.3) {
        x = pen.sketch.max_pool(&x, 3, 2);
    }
    let (stages, depths): (&[i32], &[u32]) = match pen.extent {
        Extent::Tiny => (&[2, 2, 3], &[1, 1, 2]),
        Extent::Usual | Extent::Large => (&[3, 4, 4, 5], &[1, 2, 2, 3, 3, 4, 6]),
    };
    let (stages, growth) = (pen.draw.one_of(stages), pen.draw.spread(1.4, 2.2));
    for stage in 0..stages {
        let out = pen.round(width * growth.powi(stage + 1));
        let (depth, steps) = (pen.draw.one_of(depths), stage > 0 || pen.draw.chance(0.5));
        for block in 0..depth {
            let stride = if block == 0 && steps && x.side(2) >= 7 { 2 } else { 1 };
            x = (style.block)(pen, x, out, stride);
        }
    }
    x
}

/// The same over sound; a wave goes through a bank of filters first.
fn sound(pen: &mut Pen<'_>, style: &Style, input: Sketched, width: f64) -> Sketched {
    let first = if input.channels() == 1 {
        let channels = pen.round(width);
        pen.conv_act(&input, Filters::square(channels, 41, 20))
    } else {
        input
    };
    stages(pen, style, first, width)
}

/// Patches of the image as a sequence, and blocks that keep its length and width.
fn patches(pen: &mut Pen<'_>, style: &Style, image: Sketched, width: f64) -> Sketched {
    let factor = match pen.extent {
        Extent::Tiny => pen.draw.one_of(&[4, 8]),
        Extent::Usual | Extent::Large if image.side(2) > 128 => pen.draw.one_of(&[16, 16, 14]),
        Extent::Usual | Extent::Large => pen.draw.one_of(&[16, 14, 8]),
    };
    let has_class = pen.draw.chance(0.6);
    let channels = pen.round(width * 4.0);
    let x = pen.sketch.patches(&image, channels, factor);
    let x = pen.sequence(&x);
    let x = if has_class { pen.sketch.class_token(&x) } else { x };
    let x = pen.sketch.combine("Add", &x, Operand::Constants);
    blocks(pen, style, x, channels)
}

/// Vectors of words and of their places, and blocks that keep length and width.
fn text(pen: &mut Pen<'_>, style: &Style, tokens: Sketched, width: f64) -> Sketched {
    let words = pen.draw.one_of(&[500, 1_000, 2_000, 4_000, 8_000]);
    let (mask, comparison) = (pen.draw.one_of(&[0_u32, 1, 1, 2]), pen.draw.one_of(&["Equal", "Greater"]));
    let channels = pen.round(width * 4.0);
    pen.mask = match mask {
        0 => Mask::Nothing,
        1 => Mask::Padding(pen.sketch.padding_mask(&tokens, comparison)),
        2.. => Mask::Later,
    };
    let x = pen.sketch.embed(&tokens, words, channels);
    let x = pen.sketch.combine("Add", &x, Operand::Constants);
    let x = pen.layer_norm(&x);
    blocks(pen, style, x, channels)
}

fn blocks(pen: &mut Pen<'_>, style: &Style, mut x: Sketched, channels: u32) -> Sketched {
    let depths: &[u32] = if pen.extent == Extent::Tiny { &[1, 2, 3] } else { &[2, 4, 6, 8, 12] };
    for _ in 0..pen.draw.one_of(depths) {
        x = (style.block)(pen, x, channels, 1);
    }
    x
}

/// From features to classes.
fn head(pen: &mut Pen<'_>, start: Start, features: Sketched, width: f64) -> Sketched {
    let (has_last, wider) = (pen.draw.chance(0.5), pen.draw.one_of(&[8.0, 16.0, 32.0]));
    let (is_other, has_hidden) = (pen.draw.chance(0.2), pen.draw.chance(0.15));
    let classes = pen.draw.one_of(&[10, 100, 1000]);
    let wide = pen.round((width * wider).min(1280.0));
    let pooled = match start {
        Start::Stem | Start::Integers | Start::Dynamic => {
            let last = if has_last { pen.conv_act(&features, Filters::pointwise(wide)) } else { features };
            if is_other {
                pen.sketch.mean(&last, &[2, 3])
            } else {
                let pooled = pen.sketch.global_pool(&last);
                pen.sketch.flatten(&pooled)
            }
        }
        Start::Sound if has_last => pen.sketch.gather(&features, 2, features.side(2) - 1),
        Start::Sound => {
            let pooled = match is_other {
                true => pen.sketch.global_max_pool(&features),
                false => pen.sketch.global_pool(&features),
            };
            pen.sketch.flatten(&pooled)
        }
        Start::Patches | Start::Text => {
            let normal = pen.layer_norm(&features);
            if has_last { pen.sketch.gather(&normal, 1, 0) } else { pen.sketch.mean(&normal, &[1]) }
        }
    };
    let hidden = if has_hidden {
        let hidden = pen.sketch.linear(&pooled, wide);
        pen.act(&hidden)
    } else {
        pooled
    };
    pen.sketch.linear(&hidden, classes)
}
