//! From a seed to a network.

use super::start::network;
use super::style::{STYLES, Start, Style};
use crate::onnx::{Sketch, Sketched, Weights};
use crate::spec::{Draw, Macs};

/// Fewest and most multiply-accumulates drawn for a network: about 0.1 to 300 ms on one core of an x86-64 server.
pub const SMALLEST_DRAWN: Macs = Macs(200_000);
/// See [`SMALLEST_DRAWN`].
pub const LARGEST_DRAWN: Macs = Macs(12_000_000_000);

/// Networks of less are tiny, those of more large; shares of such, the latter of networks of sequences and of others.
const TINY: Macs = Macs(5_000_000);
const LARGE: Macs = Macs(2_000_000_000);
const TINY_SHARE: f64 = 0.08;
const LARGE_SHARES: (f64, f64) = (0.15, 0.04);

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

/// `count` random networks, style after style, or of some styles alone (none for styles that there are not); the same for the same
/// seed, whatever the count.
pub fn draw_networks(count: usize, seed: u64, styles: &[String]) -> impl Iterator<Item = DrawnNetwork> {
    let is_wanted =
        |place: &usize| styles.is_empty() || styles.iter().any(|name| name == STYLES[*place].name);
    let wanted: Vec<usize> = (0..STYLES.len()).filter(is_wanted).collect();
    let round = move |round: usize| wanted.clone().into_iter().map(move |place| round * STYLES.len() + place);
    (0..count).flat_map(round).take(count).map(move |index| draw_network(seed, index))
}

/// Seed and index of the network of this name; `None` for names that no network has that is drawn now.
pub fn drawn_place(name: &str) -> Option<(u64, usize)> {
    let mut parts = name.strip_prefix("drawn_")?.splitn(3, '_');
    let (seed, index) = (parts.next()?.parse().ok()?, parts.next()?.parse::<usize>().ok()?);
    (parts.next()? == STYLES[index % STYLES.len()].name).then_some((seed, index))
}

/// One of them.
pub fn draw_network(seed: u64, index: usize) -> DrawnNetwork {
    // Any two networks and attempts have different seeds, far from each other.
    let seed_of = |attempt: u64| {
        let mixed =
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed.wrapping_add(attempt.wrapping_mul(0x94d0_49bb_1331_11eb))
    };
    let style = STYLES[index % STYLES.len()];
    let mut rng = Draw::generator(seed_of(u64::MAX));
    let mut draw = Draw::new(&mut rng);
    let (of_sequences, of_others) = LARGE_SHARES;
    let is_sequence = matches!(style.start, Start::Patches | Start::Text);
    let (is_tiny, is_large) =
        (draw.chance(TINY_SHARE), draw.chance(if is_sequence { of_sequences } else { of_others }));
    let (extent, low, high) = match (is_tiny, is_large) {
        (true, _) => (Extent::Tiny, SMALLEST_DRAWN, TINY),
        (false, false) => (Extent::Usual, TINY, LARGE),
        (false, true) => (Extent::Large, LARGE, LARGEST_DRAWN),
    };
    let wanted = draw.spread(low.0 as f64, high.0 as f64);
    let structure = |attempt: u64| Structure { style, extent, seed: seed_of(attempt) };
    let found = (0..ATTEMPTS).map(|attempt| structure(attempt).fitted(wanted));
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
    let Fitted { structure: chosen, width, .. } =
        nearest.unwrap_or(Fitted { structure: structure(0), width: 16.0, miss: 0.0 });
    let name = format!("drawn_{seed}_{index:03}_{}", style.name);
    let (sketch, output) = chosen.build(width, Weights::Seeded(chosen.seed));
    let macs = Macs(sketch.macs());
    let onnx = sketch.finish(&name, &output);
    DrawnNetwork { name, style: style.name, macs, onnx }
}

/// How far networks reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Small inputs and few blocks, as on microcontrollers.
    Tiny,
    /// Inputs and depths as phones have them.
    Usual,
    /// Large inputs, deep and wide networks, as servers have them.
    Large,
}

impl Extent {
    /// Most weights of a network, and most elements of a value: 16 and 64 MiB of f32.
    fn most(self) -> (u64, u64) {
        match self {
            Self::Tiny | Self::Usual => (20_000_000, 1 << 22),
            Self::Large => (50_000_000, 1 << 24),
        }
    }
}

/// All of a network but its width.
#[derive(Clone, Copy)]
pub(super) struct Structure {
    pub(super) style: &'static Style,
    pub(super) extent: Extent,
    pub(super) seed: u64,
}

/// A structure, and the width that gives it about the work wanted.
struct Fitted {
    structure: Structure,
    width: f64,
    /// By how much its work misses what is wanted, on log scale; without bound for one that is too large in other respects.
    miss: f64,
}

impl Structure {
    fn fitted(self, wanted: f64) -> Fitted {
        let work = |width: f64| self.build(width, Weights::Counted).0;
        let (mut low, mut high) = (4.0_f64, 400.0_f64);
        for _ in 0..9 {
            let middle = (low * high).sqrt();
            if (work(middle).macs() as f64) < wanted { low = middle } else { high = middle }
        }
        let width = (low * high).sqrt();
        let sketch = work(width);
        let (most_parameters, most_elements) = self.extent.most();
        let is_small = sketch.parameters() <= most_parameters && sketch.largest() <= most_elements;
        let miss = (sketch.macs().max(1) as f64 / wanted).ln().abs();
        Fitted { structure: self, width, miss: if is_small { miss } else { f64::INFINITY } }
    }

    /// Draws the network. What is drawn depends on the seed alone, never on the width.
    pub(super) fn build(self, width: f64, weights: Weights) -> (Sketch, Sketched) {
        network(self.style, self.extent, Draw::new(&mut Draw::generator(self.seed)), width, weights)
    }
}
