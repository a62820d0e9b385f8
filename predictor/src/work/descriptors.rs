//! An op as a point for learners that know no physics.

use super::delegate_rule::{DelegateRule, INPUTS, inputs};
use super::features::{OpFeatures, Sizes};
use super::slope::FeatureSlope;
use super::terms::{Amount, Class, TERMS};

/// Multiples to which kernels round channels up.
const CHANNEL_GROUPS: [f64; 3] = [4.0, 8.0, 16.0];
/// Multiples to which kernels round positions up.
const PIXEL_GROUPS: [f64; 3] = [4.0, 8.0, 32.0];

/// Classes of work of which it matters whether an op has any.
const MARKS: [(Class, Amount); 14] = [
    (Class::Dense, Amount::Macs),
    (Class::Grouped, Amount::Macs),
    (Class::Depthwise, Amount::Macs),
    (Class::Pointwise, Amount::Macs),
    (Class::Linear, Amount::Macs),
    (Class::Relu, Amount::Elements),
    (Class::Hswish, Amount::Elements),
    (Class::Sigmoid, Amount::Elements),
    (Class::Added, Amount::Elements),
    (Class::Gated, Amount::Elements),
    (Class::Pooled, Amount::Pooled),
    (Class::MaxPool, Amount::Taps),
    (Class::AveragePool, Amount::Taps),
    (Class::Concatenated, Amount::Elements),
];

/// What distinguishes ops: logarithms of sizes; what rounding channels and positions up to whole groups adds, on log scale;
/// 1 or 0 for the classes of work; how a delegate cuts its layer up.
pub(crate) fn descriptors(op: &OpFeatures, rule: Option<DelegateRule>) -> Vec<f64> {
    let [pixels_in, pixels_out, channels_in, channels_out, widest, _, macs, _] = op.sizes;
    let mut point = plain(op.sizes);
    let count = |log: f64| log.exp().round();
    for channels in [channels_in, channels_out, widest].map(count) {
        point.extend(CHANNEL_GROUPS.map(|group| rounding_up(channels, group)));
    }
    point.extend(PIXEL_GROUPS.map(|group| rounding_up(count(pixels_out), group)));
    let side = count(0.5 * pixels_out);
    point.extend([2.0, 4.0, 8.0].map(|group| rounding_up(side, group)));
    // Multiply-accumulates per element: how much a layer computes for what it moves.
    point.push(macs - widest - pixels_in);
    // What can be computed side by side, and how much of it follows one after the other for each output: a processor with
    // many lanes takes the time of a few outputs for one, and changes how it cuts work up where they are enough.
    let in_fours = channels_out + rounding_up(count(channels_out), 4.0);
    point.extend([pixels_out + in_fours, macs - pixels_out - channels_out]);
    point.extend(MARKS.map(|(class, amount)| f64::from(u8::from(op.amount(class, amount) > 0.0))));
    point.extend(inputs(op.launched, rule));
    point
}

/// The derivative of [`descriptors`] along a slope of the features, roundings, marks and cuts held.
pub(crate) fn descriptor_slopes(slope: &FeatureSlope) -> Vec<f64> {
    let [pixels_in, pixels_out, _, channels_out, widest, _, macs, _] = slope.sizes;
    let mut slopes = plain(slope.sizes);
    slopes.resize(slopes.len() + 3 * CHANNEL_GROUPS.len() + 2 * PIXEL_GROUPS.len(), 0.0);
    slopes.push(macs - widest - pixels_in);
    slopes.extend([pixels_out + channels_out, macs - pixels_out - channels_out]);
    slopes.resize(slopes.len() + MARKS.len() + INPUTS, 0.0);
    slopes
}

/// What descriptors begin with: linear in the logarithms of the sizes.
fn plain([pixels_in, pixels_out, channels_in, channels_out, widest, kernel, _, layers]: Sizes) -> Vec<f64> {
    let (shrunk, expanded) = (pixels_in - pixels_out, widest - channels_in);
    vec![pixels_in, shrunk, channels_in, channels_out, expanded, kernel, layers]
}

fn rounding_up(count: f64, group: f64) -> f64 {
    let count = count.max(1.0);
    ((count / group).ceil() * group / count).ln()
}

/// Places of work terms by their class, in the order of [`TERMS`].
pub(crate) fn groups() -> Vec<Vec<usize>> {
    let places: Vec<usize> = (0..TERMS.len()).collect();
    places.chunk_by(|a, b| TERMS[*a].class == TERMS[*b].class).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_match_a_hand_count() {
        // 10x10x6 -> 5x5x20 by a dense 3x3 of stride 2: pixels 100 and 25; channels 6 (8 in fours), 20; widest 20.
        let point = descriptors(&OpFeatures::of(&"conv-10x10x6-o20-k3-s2-relu".parse().unwrap()), None);
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, {expected}");
        near(point[0], 100.0_f64.ln());
        near(point[1], 4.0_f64.ln());
        near(point[4], (20.0_f64 / 6.0).ln());
        near(point[7], (8.0_f64 / 6.0).ln());
        near(point[8], (8.0_f64 / 6.0).ln());
        near(point[9], (16.0_f64 / 6.0).ln());
        // 25 positions in fours: 28; a side of 5 in twos: 6.
        near(point[16], (28.0_f64 / 25.0).ln());
        near(point[19], (6.0_f64 / 5.0).ln());
        let marks = &point[point.len() - MARKS.len() - INPUTS..point.len() - INPUTS];
        assert_eq!(marks.iter().sum::<f64>(), 2.0);
        assert_eq!((marks[0], marks[5]), (1.0, 1.0));
        let slope = FeatureSlope { work: [0.0; crate::work::terms::N_TERMS], sizes: [0.0; 8] };
        assert_eq!(descriptor_slopes(&slope).len(), point.len());
    }

    #[test]
    fn every_mark_is_a_term_and_every_term_in_a_group() {
        let is_term = |mark: &(Class, Amount)| TERMS.iter().any(|term| (term.class, term.amount) == *mark);
        assert!(MARKS.iter().all(is_term));
        assert_eq!(groups().concat(), (0..TERMS.len()).collect::<Vec<_>>());
    }
}
