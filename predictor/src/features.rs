//! An op as named amounts of physical work.
//!
//! They are counted layer by layer, so that a new kind of op needs nothing here.

use profiler::spec::{FeatureMap, OpSpec};

use crate::{
    primitive::{Elementwise, Primitive},
    window_walk::WindowWalk,
};

/// Names of the work terms, in order.
///
/// Per class of layer with weights: `macs` in millions (padding counted), elements `read`, `written` and of `weights` in
/// millions, and `calls` (layers). `linear` layers are those that a runtime computes as a matrix times a vector: fully
/// connected ones and 1×1 convolutions of a single position. Of depthwise layers also what the edges of the map break up,
/// in millions over all channels: `scalar_macs` of outputs outside whole groups of eight neighbours, `runs` of outputs with
/// the same taps, and `run_taps`, the taps of all runs. Per element-wise layer: elements in millions. `window_pooled_taps`:
/// elements read by windows, each as often as it is. `joined_calls`: maps that are put side by side. `other_*`: layers this release does not know. `constant` is 1 for
/// every op.
pub const TERMS: [&str; 45] = [
    "pointwise_macs",
    "pointwise_read",
    "pointwise_written",
    "pointwise_weights",
    "pointwise_calls",
    "depthwise_macs",
    "depthwise_read",
    "depthwise_written",
    "depthwise_weights",
    "depthwise_calls",
    "depthwise_scalar_macs",
    "depthwise_runs",
    "depthwise_run_taps",
    "dense_macs",
    "dense_read",
    "dense_written",
    "dense_weights",
    "dense_calls",
    "grouped_macs",
    "grouped_read",
    "grouped_written",
    "grouped_weights",
    "grouped_calls",
    "linear_macs",
    "linear_read",
    "linear_written",
    "linear_weights",
    "linear_calls",
    "relu_elements",
    "relu6_elements",
    "hswish_elements",
    "sigmoid_elements",
    "added_elements",
    "added_calls",
    "scaled_elements",
    "scaled_calls",
    "pooled_elements",
    "pooled_calls",
    "window_pooled_taps",
    "window_pooled_calls",
    "joined_elements",
    "joined_calls",
    "other_elements",
    "other_calls",
    "constant",
];

/// Number of work terms.
pub const N_TERMS: usize = TERMS.len();

const POINTWISE: usize = 0;
const DEPTHWISE: usize = 5;
const DENSE: usize = 13;
const GROUPED: usize = 18;
const LINEAR: usize = 23;
const RELU: usize = 28;
const RELU6: usize = 29;
const HSWISH: usize = 30;
const SIGMOID: usize = 31;
const ADDED: usize = 32;
const SCALED: usize = 34;
const POOLED: usize = 36;
const WINDOW_POOLED: usize = 38;
const JOINED: usize = 40;
const OTHER: usize = 42;
const CONSTANT: usize = 44;

/// How many elements or multiply-accumulates make 1 in a work term, so that coefficients are milliseconds per million.
const MILLION: f64 = 1e6;

/// Names of the sizes, in order: natural logarithms of what people tell an op by.
pub const SIZES: [&str; 8] = [
    "log_pixels_in",
    "log_pixels_out",
    "log_channels_in",
    "log_channels_out",
    "log_channels_widest",
    "log_kernel",
    "log_macs",
    "log_layers",
];

/// What regressors see of an op.
#[derive(Clone, Debug, PartialEq)]
pub struct OpFeatures {
    /// Amounts of work, in the order of [`TERMS`]; all finite and at least 0.
    pub work: [f64; N_TERMS],
    /// Logarithms of sizes, in the order of [`SIZES`].
    pub sizes: [f64; SIZES.len()],
}

impl OpFeatures {
    /// The features of an op.
    #[must_use]
    pub fn of(op: &OpSpec) -> Self {
        let layers: Vec<Primitive> = op.graph().nodes().iter().map(Primitive::from).collect();
        Self::of_layers(op.input(), op.output(), &layers)
    }

    /// The features of layers that together read `input` and give `output`.
    #[must_use]
    pub fn of_layers(input: FeatureMap, output: FeatureMap, layers: &[Primitive]) -> Self {
        let mut work = [0.0; N_TERMS];
        work[CONSTANT] = 1.0;
        layers.iter().for_each(|layer| add_work(layer, &mut work));
        let widest = layers.iter().map(|layer| layer.output().channels).max().unwrap_or(1);
        let kernel = layers.iter().map(Primitive::kernel).max().unwrap_or(1);
        let log = |count: u64| (count.max(1) as f64).ln();
        let sizes = [
            log(input.pixels()),
            log(output.pixels()),
            log(input.channels.into()),
            log(output.channels.into()),
            log(widest.into()),
            log(kernel.into()),
            log(layers.iter().map(Primitive::macs).sum()),
            log(layers.len() as u64),
        ];
        Self { work, sizes }
    }

    /// The amount of a work term; 0 for one that there is not.
    #[must_use]
    pub fn amount(&self, term: &str) -> f64 {
        TERMS.iter().position(|name| *name == term).map_or(0.0, |place| self.work[place])
    }
}

fn add_work(layer: &Primitive, work: &mut [f64; N_TERMS]) {
    let millions = |count: u64| count as f64 / MILLION;
    let mut add = |place: usize, amounts: &[f64]| {
        work[place..].iter_mut().zip(amounts).for_each(|(term, amount)| *term += amount);
    };
    let elements = millions(layer.output().elements());
    let weighted = |input: FeatureMap| {
        [millions(layer.macs()), millions(input.elements()), elements, millions(layer.weights()), 1.0]
    };
    match *layer {
        Primitive::Conv { input, output, kernel, stride, groups } => {
            let class = conv_class(input, output, kernel, groups);
            add(class, &weighted(input));
            if class == DEPTHWISE {
                let walk = WindowWalk::new(input.height, input.width, kernel, stride);
                let channels = millions(output.channels.into());
                let edges = [walk.scalar_macs, walk.runs, walk.run_taps].map(|count| count as f64 * channels);
                add(DEPTHWISE + 5, &edges);
            }
        }
        Primitive::Linear { input, .. } => add(LINEAR, &weighted(input)),
        Primitive::Elementwise { function, .. } => match function {
            Elementwise::Relu => add(RELU, &[elements]),
            Elementwise::Relu6 => add(RELU6, &[elements]),
            Elementwise::Hswish => add(HSWISH, &[elements]),
            Elementwise::Sigmoid => add(SIGMOID, &[elements]),
            Elementwise::Add => add(ADDED, &[elements, 1.0]),
            Elementwise::Scale => add(SCALED, &[elements, 1.0]),
            Elementwise::Other => add(OTHER, &[elements, 1.0]),
        },
        Primitive::GlobalPool { input } => add(POOLED, &[millions(input.elements()), 1.0]),
        Primitive::Pool { output, kernel, .. } => {
            add(WINDOW_POOLED, &[millions(output.elements() * u64::from(kernel).pow(2)), 1.0]);
        }
        Primitive::Join { parts, .. } => add(JOINED, &[elements, f64::from(parts)]),
        Primitive::Other { .. } => add(OTHER, &[elements, 1.0]),
    }
}

fn conv_class(input: FeatureMap, output: FeatureMap, kernel: u32, groups: u32) -> usize {
    match (groups, kernel) {
        (1, 1) if input.pixels() == 1 => LINEAR,
        (1, 1) => POINTWISE,
        (1, _) => DENSE,
        _ if groups == input.channels && groups == output.channels => DEPTHWISE,
        _ => GROUPED,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn work(key: &str) -> Vec<(&'static str, f64)> {
        let features = OpFeatures::of(&key.parse().unwrap());
        TERMS.into_iter().zip(features.work).filter(|(_, amount)| *amount != 0.0).collect()
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
            ("relu6_elements", 120e-6),
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
    fn every_class_of_layer_has_its_own_terms() {
        let names = |key| work(key).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(names("conv-8x8x3-o8-k3-s1-hswish").contains(&"dense_macs"));
        assert!(names("conv-8x8x3-o8-k3-s1-hswish").contains(&"hswish_elements"));
        assert!(names("conv-8x8x8-o8-k1-s1-relu").contains(&"pointwise_macs"));
        assert!(names("conv-8x8x8-o8-k3-s1-g8").contains(&"depthwise_macs"));
        assert!(names("conv-8x8x8-o8-k3-s1-g2").contains(&"grouped_macs"));
        assert!(names("conv-8x8x8-o16-k3-s1-g8").contains(&"grouped_macs"));
        assert_eq!(names("gpool-8x8x8"), ["pooled_elements", "pooled_calls", "constant"]);
        assert!(names("linear-1x1x8-o10").contains(&"linear_weights"));
        assert!(names("mbconv-8x8x8-o8-e1-k3-s1-relu6-res").contains(&"added_elements"));
    }

    #[test]
    fn classes_of_weighted_layers_stand_where_they_should() {
        for (name, class) in [
            ("pointwise", POINTWISE),
            ("depthwise", DEPTHWISE),
            ("dense", DENSE),
            ("grouped", GROUPED),
            ("linear", LINEAR),
        ] {
            for (offset, amount) in ["macs", "read", "written", "weights", "calls"].into_iter().enumerate() {
                assert_eq!(TERMS[class + offset], format!("{name}_{amount}"));
            }
        }
    }
}
