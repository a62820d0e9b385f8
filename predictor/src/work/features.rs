//! An op as named amounts of physical work.
//!
//! They are counted layer by layer, so that a new kind of op needs nothing here.

use profiler::spec::{FeatureMap, OpSpec, OtherWork, PlacedLayer};

use super::amounts::{add_work, millions, reach};
use super::terms::{Amount, Class, N_TERMS, TERMS, Term};

/// Names of the sizes, in order: natural logarithms of what people distinguish ops by.
pub(crate) const SIZES: [&str; 8] = [
    "log_pixels_in",
    "log_pixels_out",
    "log_channels_in",
    "log_channels_out",
    "log_channels_widest",
    "log_kernel",
    "log_macs",
    "log_layers",
];

/// A number for each of them.
pub(super) type Sizes = [f64; SIZES.len()];

/// What regressors see of an op.
#[derive(Clone, Debug, PartialEq)]
pub struct OpFeatures {
    /// Amounts of work, in the order of [`TERMS`](crate::work::terms::TERMS); all finite and at least 0.
    pub work: [f64; N_TERMS],
    /// Logarithms of sizes, in the order of [`SIZES`].
    pub sizes: Sizes,
    /// The layer that a delegate launches, of an op traced in one; nothing for ops of ours.
    pub launched: Option<PlacedLayer>,
}

impl OpFeatures {
    /// The features of an op.
    pub fn of(op: &OpSpec) -> Self {
        let layers: Vec<_> = op.graph().layers().collect();
        Self::of_layers(op.input(), op.output(), &layers)
    }

    /// The features of layers that together read `input` and give `output`.
    pub fn of_layers(input: FeatureMap, output: FeatureMap, layers: &[PlacedLayer]) -> Self {
        let is_constant = |place: usize| TERMS[place].class == Class::Constant;
        let mut work = std::array::from_fn(|place| f64::from(u8::from(is_constant(place))));
        layers.iter().for_each(|layer| add_work(layer, &mut work));
        let widest = layers.iter().map(|layer| layer.output.channels).max().unwrap_or(1);
        let kernel = layers.iter().map(|placed| reach(placed).kernel).max().unwrap_or(1);
        let log = |count: u64| (count.max(1) as f64).ln();
        let sizes = [
            log(input.pixels()),
            log(output.pixels()),
            log(input.channels.into()),
            log(output.channels.into()),
            log(widest.into()),
            log(kernel.into()),
            log(layers.iter().map(|placed| placed.macs().0).sum()),
            log(layers.len() as u64),
        ];
        Self { work, sizes, launched: None }
    }

    /// The features of work that no layer describes.
    pub(super) fn of_other(amounts: &OtherWork) -> Self {
        let mut features = Self::of_layers(amounts.input, amounts.output, &[]);
        for (place, term) in TERMS.iter().enumerate().filter(|(_, term)| term.class == Class::Other) {
            features.work[place] = match term.amount {
                Amount::Macs => millions(amounts.macs),
                Amount::Read => millions(amounts.read),
                Amount::Written => millions(amounts.written),
                Amount::Weights => millions(amounts.constants),
                Amount::Calls => 1.0,
                // Of layers, and of what is fused behind them.
                Amount::ScalarMacs
                | Amount::Runs
                | Amount::RunTaps
                | Amount::Elements
                | Amount::Pooled
                | Amount::Taps
                | Amount::Parts
                | Amount::Steps
                | Amount::One => 0.0,
            };
        }
        let [.., log_widest, _, log_macs, _] = &mut features.sizes;
        *log_widest = f64::from(amounts.output.channels.max(1)).ln();
        *log_macs = (amounts.macs.max(1) as f64).ln();
        features
    }

    /// The amount of a work term; 0 for one that there is not.
    pub(crate) fn amount(&self, class: Class, amount: Amount) -> f64 {
        let is_it = |(term, _): &(&Term, f64)| (term.class, term.amount) == (class, amount);
        TERMS.iter().zip(self.work).find(is_it).map_or(0.0, |(_, amount)| amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(key: &str) -> Vec<(&'static str, f64)> {
        let features = OpFeatures::of(&key.parse().unwrap());
        let named = TERMS.iter().map(|term| term.name).zip(features.work);
        named.filter(|(_, amount)| *amount != 0.0).collect()
    }

    #[test]
    fn work_matches_a_hand_count() {
        // 4x4x2, expansion 3: expand 16 px · 2 · 6 = 192 MACs, reads 32, writes 96, 12 weights;
        // depthwise stride 2: 4 px · 6 · 9 = 216 MACs, reads 96, writes 24, 54 weights;
        // project 4 px · 6 · 5 = 120 MACs, reads 24, writes 20, 30 weights. relu6 on 96 + 24 elements.
        // Depthwise outputs at 0 (2 taps inside) and 2 (3 taps) of each side: 4 runs of 1 output, taps 4 + 6 + 6 + 9.
        let expected = [
            ("pointwise_macs", 312e-6),
            ("pointwise_read", 56e-6),
            ("pointwise_written", 116e-6),
            ("pointwise_weights", 42e-6),
            ("pointwise_calls", 2.0),
            ("depthwise_macs", 216e-6),
            ("depthwise_read", 96e-6),
            ("depthwise_written", 24e-6),
            ("depthwise_weights", 54e-6),
            ("depthwise_calls", 1.0),
            ("depthwise_scalar_macs", 150e-6),
            ("depthwise_runs", 24e-6),
            ("depthwise_run_taps", 150e-6),
            ("relu_elements", 120e-6),
            // Expand 1 tap · 1 group of four channels, depthwise 9 · 1, project 1 · 2.
            ("serial_steps", 12e-3),
            ("constant", 1.0),
        ];
        let found = work("mbconv-4x4x2-o5-e3-k3-s2-relu6");
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((name, amount), (expected_name, expected)) in found.into_iter().zip(expected) {
            assert_eq!(name, expected_name);
            assert!((amount - expected).abs() < 1e-15, "{name}: {amount}, expected {expected}");
        }
    }

    #[test]
    fn relu_and_relu6_are_the_same_work() {
        for key in
            ["conv-14x14x8-o16-k3-s1-relu", "mbconv-7x7x16-o16-e6-k5-s1-se4-relu-res", "act-7x7x8-relu"]
        {
            let [relu, relu6] = [key.to_owned(), key.replace("relu", "relu6")]
                .map(|key| OpFeatures::of(&key.parse().unwrap()));
            assert_eq!(relu, relu6, "{key}");
        }
    }

    #[test]
    fn every_class_of_layer_has_its_own_terms() {
        let names = |key| work(key).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        for (key, term) in [
            ("conv-8x8x3-o8-k3-s1-hswish", "dense_macs"),
            ("conv-8x8x3-o8-k3-s1-hswish", "hswish_elements"),
            ("conv-8x8x8-o8-k1-s1-relu", "pointwise_macs"),
            ("conv-8x8x8-o8-k3-s1-g8", "depthwise_macs"),
            ("conv-8x8x8-o8-k3-s1-g2", "grouped_macs"),
            ("conv-8x8x8-o16-k3-s1-g8", "grouped_macs"),
            ("linear-1x1x8-o10", "linear_weights"),
            ("mbconv-8x8x8-o8-e1-k3-s1-relu6-res", "added_elements"),
        ] {
            assert!(names(key).contains(&term), "{key}");
        }
        assert_eq!(names("gpool-8x8x8"), ["pooled_elements", "pooled_calls", "serial_steps", "constant"]);
    }

    #[test]
    fn work_without_weights_matches_a_hand_count() {
        for (key, expected) in [
            // 3×3 at stride 2 on 4×4: windows at 0 (2 inside) and 2 (3 inside) of each side: 5 · 5 taps of 8 channels.
            (
                "maxpool-4x4x8-k3-s2",
                "max_pool_taps 200e-6, max_pool_calls 1, max_pool_written 32e-6, serial_steps 9e-3",
            ),
            (
                "avgpool-4x4x8-k2-s2",
                "average_pool_taps 128e-6, average_pool_calls 1, average_pool_written 32e-6, serial_steps 4e-3",
            ),
            ("add-4x4x8", "added_elements 128e-6, added_calls 1"),
            ("mul-4x4x8", "multiplied_elements 128e-6, multiplied_calls 1"),
            ("mul-4x4x8-gate", "gated_elements 128e-6, gated_calls 1"),
            ("concat-4x4x8-c2", "concatenated_elements 160e-6, concatenated_calls 2, serial_steps 3e-3"),
            ("act-4x4x8-sigmoid", "sigmoid_elements 128e-6"),
            ("upsample-4x4x8-f2-nearest", "nearest_elements 512e-6, upsampled_calls 1"),
            ("upsample-4x4x8-f2-bilinear", "bilinear_elements 512e-6, upsampled_calls 1"),
            ("softmax-1x1x10", "softmax_elements 10e-6, softmax_calls 1"),
            ("act-4x4x8-relu+act-swish", "relu_elements 128e-6, swish_elements 128e-6"),
        ] {
            let found = work(key);
            let expected: Vec<(&str, &str)> =
                expected.split(", ").map(|term| term.split_once(' ').unwrap()).collect();
            assert_eq!(found.len(), expected.len() + 1, "{key}: {found:?}");
            for (name, amount) in expected {
                let amount: f64 = amount.parse().unwrap();
                let near = found.iter().any(|(n, a)| *n == name && (a - amount).abs() < 1e-12);
                assert!(near, "{key}: {found:?}");
            }
        }
        // 4x4x8 expanded by 4 to 32 channels, stride 2: the map is 2x2x32, squeezed to 8 by two 1×1 convolutions of one
        // position, which are linear: 32 · 8 + 8 · 32 MACs. ReLU of the squeezed 8, ReLU6 of 512 and of 128.
        let found = work("mbconv-4x4x8-o5-e4-k3-s2-se4-relu6");
        for (name, expected) in [
            ("pointwise_calls", 2.0),
            ("linear_macs", 512e-6),
            ("linear_calls", 2.0),
            ("pooled_elements", 128e-6),
            ("gated_elements", 128e-6),
            ("gated_calls", 1.0),
            ("hsigmoid_elements", 32e-6),
            ("relu_elements", 648e-6),
        ] {
            let near = found.iter().any(|(n, amount)| *n == name && (amount - expected).abs() < 1e-15);
            assert!(near, "{name}: {found:?}");
        }
        // Dilated: 16 px · 8 · 8 · 9 = 9216 MACs, once as dense and once as dilated.
        let found = work("conv-4x4x8-o8-k3-s1-d2");
        for name in ["dense_macs", "dilated_macs"] {
            assert!(found.contains(&(name, 9216e-6)), "{found:?}");
        }
    }
}
