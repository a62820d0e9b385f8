//! Physical amounts of a network.

use profiler::spec::{Layer, PlacedLayer};

use super::shares::Tier;

/// Halvings of the input's side up to which a map is large: down to an eighth of it.
const LARGE: usize = 3;
/// Halvings that are told apart; what is smaller counts with the last.
const LEVELS: usize = 6;

/// Places of amounts in a row of them.
mod place {
    pub(super) const CALLS: usize = 0;
    pub(super) const MACS: usize = 1;
    pub(super) const SMALL_ELEMENTS: usize = 2;
    pub(super) const WEIGHTS: usize = 3;
    pub(super) const GROUPS: usize = 4;
    pub(super) const LARGE_ELEMENTS: usize = 5;
    pub(super) const LARGE_MACS: usize = 6;
    pub(super) const SMALL_MACS: usize = 7;
    pub(super) const GROUPED_CALLS: usize = 8;
    pub(super) const CONVOLUTIONS: usize = 9;
    pub(super) const OTHERS: usize = CONVOLUTIONS + super::KINDS.len() * super::OF_CONVOLUTION.len();
    pub(super) const LEVELS: usize = OTHERS + super::OTHERS.len();
}

const WHOLE: [&str; 9] = [
    "calls",
    "macs",
    "elements of small maps",
    "weights",
    "groups of convolutions",
    "elements of large maps",
    "macs of large maps",
    "macs of small maps",
    "calls of grouped convolutions",
];
const KINDS: [&str; 3] = ["1x1", "depthwise", "other"];
const OF_CONVOLUTION: [&str; 5] =
    ["calls", "macs of large maps", "macs of small maps", "elements of large maps", "elements of small maps"];
const OTHERS: [&str; 4] = ["activations", "sums and products", "maps moved", "pooling"];

/// Number of amounts.
pub(super) const N_AMOUNTS: usize = place::LEVELS + 2 * LEVELS;

/// What an amount is of.
pub(super) fn tier(amount: usize) -> Tier {
    match amount {
        0..place::LARGE_ELEMENTS => Tier::Whole,
        place::LARGE_ELEMENTS..place::LEVELS => Tier::Kind,
        _ => Tier::Level,
    }
}

/// Its name.
pub(super) fn name(amount: usize) -> String {
    if let Some(name) = WHOLE.get(amount) {
        return (*name).to_owned();
    }
    if amount < place::OTHERS {
        let index = amount - place::CONVOLUTIONS;
        let (kind, of) = (index / OF_CONVOLUTION.len(), index % OF_CONVOLUTION.len());
        return format!("{} convolutions: {}", KINDS[kind], OF_CONVOLUTION[of]);
    }
    if amount < place::LEVELS {
        return format!("elements of {}", OTHERS[amount - place::OTHERS]);
    }
    let index = amount - place::LEVELS;
    let what = if index.is_multiple_of(2) { "elements" } else { "macs" };
    format!("{what} at 1/{} of the input's side", 1_u32 << (index / 2))
}

/// Amounts of layers behind an input of this side.
pub(super) fn amounts(layers: impl Iterator<Item = PlacedLayer>, side: u32) -> Vec<f64> {
    let mut sums = vec![0.0; N_AMOUNTS];
    layers.for_each(|layer| add(&layer, side, &mut sums));
    sums
}

fn add(placed: &PlacedLayer, side: u32, sums: &mut [f64]) {
    let PlacedLayer { layer, input, output } = *placed;
    if matches!(layer, Layer::Input(_)) {
        return;
    }
    let level = (side / output.height.max(1)).max(1).ilog2() as usize;
    let is_small = usize::from(level > LARGE);
    let level = level.min(LEVELS - 1);
    let reads = if matches!(layer, Layer::Add | Layer::Mul) { 2 } else { 1 };
    let elements = (reads * input.elements() + output.elements()) as f64;
    let macs = placed.macs().0 as f64;
    sums[place::CALLS] += 1.0;
    sums[place::MACS] += macs;
    sums[if is_small == 1 { place::SMALL_MACS } else { place::LARGE_MACS }] += macs;
    sums[if is_small == 1 { place::SMALL_ELEMENTS } else { place::LARGE_ELEMENTS }] += elements;
    sums[place::WEIGHTS] += placed.weights() as f64;
    sums[place::LEVELS + 2 * level] += elements;
    sums[place::LEVELS + 2 * level + 1] += macs;
    let other = match layer {
        Layer::Conv(conv) => {
            let is_depthwise = conv.is_depthwise(input);
            sums[place::GROUPS] += f64::from(conv.groups);
            sums[place::GROUPED_CALLS] += f64::from(u8::from(conv.groups > 1 && !is_depthwise));
            let kind = if conv.taps() == 1 { 0 } else { 2 - usize::from(is_depthwise) };
            add_convolution(kind, macs, elements, is_small, sums);
            return;
        }
        Layer::Linear { .. } => {
            add_convolution(2, macs, elements, is_small, sums);
            return;
        }
        Layer::Input(_) | Layer::Activation(_) | Layer::Softmax => 0,
        Layer::Add | Layer::Mul | Layer::Scale => 1,
        Layer::Concat { .. } | Layer::Upsample { .. } => 2,
        Layer::MaxPool(_) | Layer::AveragePool(_) | Layer::GlobalAveragePool => 3,
    };
    sums[place::OTHERS + other] += elements;
}

fn add_convolution(kind: usize, macs: f64, elements: f64, is_small: usize, sums: &mut [f64]) {
    let first = place::CONVOLUTIONS + kind * OF_CONVOLUTION.len();
    sums[first] += 1.0;
    sums[first + 1 + is_small] += macs;
    sums[first + 3 + is_small] += elements;
}

#[cfg(test)]
mod tests {
    use profiler::spec::OpSpec;

    use super::*;

    #[test]
    fn amounts_match_a_hand_count() {
        // 1×1: 8·8·4·8 = 2048 macs, 32 weights, 256 + 512 elements; ReLU: 1024 elements. 8 of 128 pixels: four halvings, small.
        let op: OpSpec = "conv-8x8x4-o8-k1-s1-relu".parse().unwrap();
        let found = amounts(op.graph().layers(), 128);
        let of = |wanted: &str| found[(0..N_AMOUNTS).find(|&i| name(i) == wanted).unwrap()];
        for (name, expected) in [
            ("calls", 2.0),
            ("macs of small maps", 2048.0),
            ("macs of large maps", 0.0),
            ("weights", 32.0),
            ("elements of small maps", 1792.0),
            ("1x1 convolutions: calls", 1.0),
            ("1x1 convolutions: elements of small maps", 768.0),
            ("elements of activations", 1024.0),
            ("macs at 1/16 of the input's side", 2048.0),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        let names: std::collections::BTreeSet<String> = (0..N_AMOUNTS).map(name).collect();
        assert_eq!(names.len(), N_AMOUNTS);
        assert!(amounts(op.graph().layers(), 64)[place::LARGE_MACS] > 0.0, "an eighth is large");
        // 1×1 to 24 channels, depthwise, 1×1 to 4: one group, one per channel, one.
        let op: OpSpec = "mbconv-8x8x4-o4-e6-k3-s1-relu6".parse().unwrap();
        assert_eq!(amounts(op.graph().layers(), 128)[place::GROUPS], 26.0);
    }
}
