//! The rules by which TensorFlow Lite's GPU delegate cuts convolutions up, by family of processor.
//!
//! As read from its `delegates/gpu/common/tasks/conv_powervr.cc` and, for Mali (Bifrost of the third generation),
//! `delegates/gpu/cl/kernels/util.cc` of 2021, half precision. Where weights are constants, the latencies of a public table say.

use std::fmt;

use profiler::spec::{Conv, Layer, PlacedLayer};
use serde::{Deserialize, Serialize};

use super::work_groups::{Cut, Grid};

/// Inputs that [`inputs`] gives to learners.
pub(crate) const INPUTS: usize = 7;
/// Weights (output channels rounded up to fours) that fit an Adreno's memory of constants, 3584 bytes of two each: where
/// convolutions of a Pixel 4 become two and a half times as slow from one number of channels to the next.
const CONSTANTS: u64 = 1792;
/// Slices of four channels that a lane can hold where weights are constants.
const HELD_SLICES: u32 = 8;
/// The highest power of two that counts in a number of channels.
const ALIGNMENT: u32 = 64;

/// How many outputs of a convolution one lane computes, which grows with the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case", deny_unknown_fields)]
pub enum DelegateRule {
    /// By the waves each unit would run.
    Adreno {
        /// Units × lanes of a wave.
        lanes: u32,
    },
    /// By the outputs of each core.
    Mali {
        /// Cores.
        cores: u32,
    },
    /// By the number of slices.
    PowerVr,
}

impl DelegateRule {
    /// Rules of processors that phones have.
    pub(crate) const KNOWN: [Self; 17] = {
        use DelegateRule::{Adreno, Mali, PowerVr};
        [
            Adreno { lanes: 64 },
            Adreno { lanes: 128 },
            Adreno { lanes: 256 },
            Adreno { lanes: 512 },
            Adreno { lanes: 1024 },
            Mali { cores: 1 },
            Mali { cores: 2 },
            Mali { cores: 4 },
            Mali { cores: 6 },
            Mali { cores: 8 },
            Mali { cores: 10 },
            Mali { cores: 12 },
            Mali { cores: 14 },
            Mali { cores: 16 },
            Mali { cores: 20 },
            Mali { cores: 24 },
            PowerVr,
        ]
    };

    /// How a convolution of a kernel side of `kernel` is cut; `constant`: its weights are constants.
    fn cut(self, outputs: Grid, kernel: u32, constant: bool) -> Cut {
        let all: f64 = outputs.iter().map(|n| f64::from(*n)).product();
        let slices = outputs[2];
        match self {
            Self::Adreno { .. } if constant => Cut::of_convolution(outputs, [1, 1, slices], 64),
            Self::Adreno { lanes } => {
                let waves = all / f64::from(lanes);
                let block = match waves {
                    ..=6.0 => [1, 1, 1],
                    ..=12.0 => [2, 1, 1],
                    ..=24.0 => [2, 1, 2],
                    _ => [2, 2, 2],
                };
                Cut::of_convolution(outputs, block, 64)
            }
            Self::Mali { cores } => {
                let odd = slices == 1 || slices == 3;
                let block = match all / f64::from(cores) {
                    ..=256.0 => [1, 1, 1],
                    ..=1536.0 => [2, 1, 1],
                    _ if odd => [2, 2, 1],
                    ..=4096.0 => [2, 1, 2],
                    _ if kernel > 1 => [2, 1, 2],
                    _ => [2, 2, 2],
                };
                Cut::of_convolution(outputs, block, 16)
            }
            Self::PowerVr => {
                let at_once = match slices {
                    1..4 if slices % 2 == 1 => slices,
                    n if n.is_multiple_of(4) || n >= 8 => 4,
                    _ => 2,
                };
                Cut::in_rows(outputs, [2, 1, at_once], 32)
            }
        }
    }
}

impl fmt::Display for DelegateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adreno { lanes } => write!(f, "Adreno, {lanes} lanes in all units"),
            Self::Mali { cores } => write!(f, "Mali, {cores} cores"),
            Self::PowerVr => f.write_str("PowerVR"),
        }
    }
}

/// Whether a rule says how a layer is cut.
pub(crate) fn is_ruled(placed: PlacedLayer) -> bool {
    let PlacedLayer { layer, input, .. } = placed;
    matches!(layer, Layer::Conv(Conv { groups, .. }) if groups == 1 || groups < input.channels)
}

/// What learners see of how a layer that a delegate launches is cut: logarithms of the outputs of a lane, the lanes of a group,
/// the groups, the excess of lanes; 1 where weights are constants; powers of two in the channels of a depthwise convolution.
///
/// 0 where nothing is known: no layer of a delegate, or a convolution without a rule.
pub(crate) fn inputs(launched: Option<PlacedLayer>, rule: Option<DelegateRule>) -> [f64; INPUTS] {
    let nothing = [0.0; INPUTS];
    let Some(PlacedLayer { layer: Layer::Conv(conv), input, output }) = launched else { return nothing };
    let outputs = [output.width, output.height, output.channels.div_ceil(4)];
    if input.channels == 0 || outputs.contains(&0) {
        return nothing;
    }
    let of = |cut: Cut| {
        let log = |count: u32| f64::from(count).ln();
        [log(cut.block), log(cut.lanes), log(cut.groups), cut.excess(outputs).ln()]
    };
    if launched.is_some_and(is_ruled) {
        let Some(rule) = rule else { return nothing };
        let weights =
            conv.taps().saturating_mul(u64::from(input.channels)).saturating_mul(4 * u64::from(outputs[2]));
        let is_adreno = matches!(rule, DelegateRule::Adreno { .. });
        let constant = is_adreno && conv.groups == 1 && weights <= CONSTANTS && outputs[2] <= HELD_SLICES;
        let [block, lanes, groups, excess] = of(rule.cut(outputs, conv.kernel[0], constant));
        [block, lanes, groups, excess, f64::from(u8::from(constant)), 0.0, 0.0]
    } else {
        let [block, lanes, groups, excess] = of(Cut::of_outputs(outputs));
        let twos = |channels: u32| f64::from(channels.trailing_zeros().min(ALIGNMENT.ilog2()));
        [block, lanes, groups, excess, 0.0, twos(input.channels), twos(output.channels)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::op_entry::OpEntry;

    fn launched(key: &str) -> Option<PlacedLayer> {
        format!("k@{key}").parse::<OpEntry>().unwrap().features.launched
    }

    #[test]
    fn blocks_grow_with_the_map() {
        let block = |rule: DelegateRule, outputs, kernel| rule.cut(outputs, kernel, false).block;
        let adreno = DelegateRule::Adreno { lanes: 256 };
        // 7·7·31 = 1519, just under 6 · 256 = 1536; 1568; 3136; 6272 outputs.
        let of = |slices| block(adreno, [7, 7, slices], 1);
        assert_eq!([31, 32, 64, 128].map(of), [1, 2, 4, 8]);
        let mali = DelegateRule::Mali { cores: 12 };
        // Per core 147, 588, 2352 and 9408; more than 4 are computed at once by 1x1 kernels only.
        let of = |slices| block(mali, [14, 14, slices], 1);
        assert_eq!([9, 36, 144, 576].map(of), [1, 2, 4, 8]);
        assert_eq!(block(mali, [14, 14, 576], 3), 4);
        // Three slices are not halved.
        assert_eq!(block(mali, [112, 112, 3], 1), 4);
        let power_vr = |slices| block(DelegateRule::PowerVr, [8, 8, slices], 1) / 2;
        assert_eq!([1, 2, 3, 4, 5, 6, 9].map(power_vr), [1, 2, 3, 4, 2, 2, 4]);
    }

    #[test]
    fn few_weights_are_constants_on_one_family() {
        let mark = |key: &str, rule| inputs(launched(key), Some(rule))[4];
        let adreno = DelegateRule::Adreno { lanes: 256 };
        // 72 · 24 = 1728 and 76 · 24 = 1824 weights.
        assert_eq!(mark("conv-56x56x72-56x56x24-k1-s1-g1", adreno), 1.0);
        assert_eq!(mark("conv-56x56x76-56x56x24-k1-s1-g1", adreno), 0.0);
        // 44 channels are 11 slices, more than a lane holds.
        assert_eq!(mark("conv-56x56x16-56x56x44-k1-s1-g1", adreno), 0.0);
        assert_eq!(mark("conv-56x56x72-56x56x24-k1-s1-g1", DelegateRule::Mali { cores: 12 }), 0.0);
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        let rule = Some(DelegateRule::PowerVr);
        assert_eq!(inputs(None, rule), [0.0; INPUTS]);
        assert_eq!(inputs(launched("conv-8x8x8-8x8x8-k3-s1-g1"), None), [0.0; INPUTS]);
        assert_eq!(inputs(launched("gpool-7x7x512"), rule), [0.0; INPUTS]);
        // A depthwise convolution needs no rule: 96 = 32 · 3 channels.
        let depthwise = inputs(launched("conv-8x8x96-8x8x96-k3-s1-g96"), None);
        assert_eq!(depthwise[5..], [5.0, 5.0]);
        assert!(depthwise[1] > 0.0);
    }
}
