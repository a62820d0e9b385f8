//! From a seed to a network.

use super::pen::Pen;
use super::style::{STYLES, Start, Style};
use crate::onnx::{Filters, Sketch, Sketched, Weights};
use crate::spec::{Draw, Macs};

/// Fewest and most multiply-accumulates drawn for a network: about 1 to 60 ms on one core of an x86-64 server.
pub const SMALLEST_DRAWN: Macs = Macs(5_000_000);
/// See [`SMALLEST_DRAWN`].
pub const LARGEST_DRAWN: Macs = Macs(2_000_000_000);

/// Most weights of a network.
const MOST_PARAMETERS: u64 = 20_000_000;
/// Most elements of a value: 16 MiB of f32.
const MOST_ELEMENTS: u64 = 1 << 22;
/// A network whose work is further from what was drawn for it than by this factor is drawn anew.
const TOLERANCE: f64 = 1.5;
const ATTEMPTS: u64 = 60;

/// A random network.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnNetwork {
    /// What it is called: `drawn_SEED_INDEX_STYLE`.
    pub name: String,
    /// Name of its style.
    pub style: &'static str,
    /// Its multiply-accumulates.
    pub macs: Macs,
    /// The ONNX model, with random weights.
    pub onnx: Vec<u8>,
}

/// `count` random networks, style after style; the same for the same seed, whatever the count.
pub fn draw_networks(count: usize, seed: u64) -> impl Iterator<Item = DrawnNetwork> {
    (0..count).map(move |index| draw_network(seed, index))
}

/// Seed and index of the network of this name; `None` for names that no network has that is drawn now.
#[must_use]
pub fn drawn_place(name: &str) -> Option<(u64, usize)> {
    let mut parts = name.strip_prefix("drawn_")?.splitn(3, '_');
    let (seed, index) = (parts.next()?.parse().ok()?, parts.next()?.parse::<usize>().ok()?);
    (parts.next()? == STYLES[index % STYLES.len()].name).then_some((seed, index))
}

/// One of them.
#[must_use]
pub fn draw_network(seed: u64, index: usize) -> DrawnNetwork {
    // Any two networks and attempts have different seeds, far from each other.
    let seed_of = |attempt: u64| {
        let mixed =
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed.wrapping_add(attempt.wrapping_mul(0x94d0_49bb_1331_11eb))
    };
    let style = STYLES[index % STYLES.len()];
    let mut rng = Draw::generator(seed_of(u64::MAX));
    let wanted = Draw::new(&mut rng).spread(SMALLEST_DRAWN.0 as f64, LARGEST_DRAWN.0 as f64);
    let found = (0..ATTEMPTS).map(|attempt| Fitted::of(style, seed_of(attempt), wanted));
    // The first that will do; if none, the nearest.
    let mut nearest: Option<Fitted> = None;
    for fitted in found {
        let is_nearer = nearest.as_ref().is_none_or(|nearest| fitted.miss < nearest.miss);
        if is_nearer {
            nearest = Some(fitted);
        }
        if nearest.as_ref().is_some_and(|nearest| nearest.miss <= TOLERANCE.ln()) {
            break;
        }
    }
    let Fitted { seed: chosen, width, .. } =
        nearest.unwrap_or(Fitted { seed: seed_of(0), width: 16.0, miss: 0.0 });
    let name = format!("drawn_{seed}_{index:03}_{}", style.name);
    let (sketch, output) = build(style, chosen, width, Weights::Seeded(chosen));
    let macs = Macs(sketch.macs());
    let onnx = sketch.finish(&name, &output);
    DrawnNetwork { name, style: style.name, macs, onnx }
}

/// A structure, and the width that gives it about the work wanted.
struct Fitted {
    seed: u64,
    width: f64,
    /// By how much its work misses what is wanted, on log scale; without bound for one that is too large in other respects.
    miss: f64,
}

impl Fitted {
    fn of(style: &Style, seed: u64, wanted: f64) -> Self {
        let work = |width: f64| build(style, seed, width, Weights::Counted).0;
        let (mut low, mut high) = (4.0_f64, 400.0_f64);
        for _ in 0..9 {
            let middle = (low * high).sqrt();
            if (work(middle).macs() as f64) < wanted { low = middle } else { high = middle }
        }
        let width = (low * high).sqrt();
        let sketch = work(width);
        let is_small = sketch.parameters() <= MOST_PARAMETERS && sketch.largest() <= MOST_ELEMENTS;
        let miss = (sketch.macs().max(1) as f64 / wanted).ln().abs();
        Self { seed, width, miss: if is_small { miss } else { f64::INFINITY } }
    }
}

/// Draws a network. What is drawn depends on the seed alone, never on the width.
pub(super) fn build(style: &Style, seed: u64, width: f64, weights: Weights) -> (Sketch, Sketched) {
    let mut rng = Draw::generator(seed);
    let mut draw = Draw::new(&mut rng);
    let side = draw.one_of(&[96, 112, 128, 160, 192, 224, 224, 256]);
    let curve = draw.one_of(style.curves);
    let multiple = draw.one_of(&[8, 8, 8, 8, 16, 4]);
    let (mut sketch, image) = Sketch::new(3, side, weights);
    let mut pen = Pen { sketch: &mut sketch, draw, curve, multiple };
    let features = match style.start {
        Start::Stem => stages(&mut pen, style, image, width),
        Start::Patches => patches(&mut pen, style, image, width),
    };
    let output = head(&mut pen, &features, width);
    (sketch, output)
}

/// A stem, and stages of blocks, each at half of the resolution of the one before.
fn stages(pen: &mut Pen<'_>, style: &Style, image: Sketched, width: f64) -> Sketched {
    let kernel = pen.draw.one_of(&[3, 3, 3, 7]);
    let wider = pen.draw.one_of(&[1.0, 1.0, 1.5, 2.0]);
    let channels = pen.round(width * wider);
    let mut x = pen.conv_act(&image, Filters::square(channels, kernel, 2));
    if pen.draw.chance(0.3) {
        x = pen.sketch.max_pool(&x, 3, 2);
    }
    let (stages, growth) = (pen.draw.one_of(&[3, 4, 4, 5]), pen.draw.spread(1.4, 2.2));
    for stage in 0..stages {
        let out = pen.round(width * growth.powi(stage + 1));
        let (depth, steps) = (pen.draw.one_of(&[1, 2, 2, 3, 3, 4, 6]), stage > 0 || pen.draw.chance(0.5));
        for block in 0..depth {
            let stride = if block == 0 && steps && x.side(2) >= 7 { 2 } else { 1 };
            x = (style.block)(pen, x, out, stride);
        }
    }
    x
}

/// Patches of the image as a sequence, and blocks that keep its length and width.
fn patches(pen: &mut Pen<'_>, style: &Style, image: Sketched, width: f64) -> Sketched {
    let factor = pen.draw.one_of(&[16, 16, 14, 8]);
    let factor = if image.side(2) > 128 { factor.max(14) } else { factor };
    let channels = pen.round(width * 4.0);
    let x = pen.sketch.patches(&image, channels, factor);
    let mut x = pen.sequence(&x);
    for _ in 0..pen.draw.one_of(&[2, 4, 6, 8, 12]) {
        x = (style.block)(pen, x, channels, 1);
    }
    x
}

/// From features to classes.
fn head(pen: &mut Pen<'_>, features: &Sketched, width: f64) -> Sketched {
    let (has_last, wider) = (pen.draw.chance(0.5), pen.draw.one_of(&[8.0, 16.0, 32.0]));
    let (is_mean, has_hidden) = (pen.draw.chance(0.2), pen.draw.chance(0.15));
    let classes = pen.draw.one_of(&[10, 100, 1000]);
    let wide = pen.round((width * wider).min(1280.0));
    let pooled = if features.dims().len() == 4 {
        let last = if has_last { pen.conv_act(features, Filters::pointwise(wide)) } else { features.clone() };
        if is_mean {
            pen.sketch.mean(&last, &[2, 3])
        } else {
            let pooled = pen.sketch.global_pool(&last);
            pen.sketch.flatten(&pooled)
        }
    } else {
        let normal = pen.layer_norm(features);
        pen.sketch.mean(&normal, &[1])
    };
    let hidden = if has_hidden {
        let hidden = pen.sketch.linear(&pooled, wide);
        pen.act(&hidden)
    } else {
        pooled
    };
    pen.sketch.linear(&hidden, classes)
}
