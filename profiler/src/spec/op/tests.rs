use proptest::prelude::*;

use super::*;
use crate::spec::{Layer, Macs, Precision, sample};

fn spec(key: &str) -> OpSpec {
    key.parse().unwrap()
}

#[test]
fn macs_match_hand_count() {
    // c_mid = 2·3 = 6 at 4×4, 2×2 after the stride: expand 16·2·6 = 192, depthwise 4·6·9 = 216, project 4·6·5 = 120.
    assert_eq!(spec("mbconv-4x4x2-o5-e3-k3-s2-relu6").macs(), Macs(528));
    // 2×2 positions, 4 groups of 2 → 1 channels, 3×3: 4·4·2·9 = 288.
    assert_eq!(spec("conv-4x4x8-o4-k3-s2-g4").macs(), Macs(288));
    // No expansion layer at ratio 1: depthwise 9·2·9 = 162, project 9·2·2 = 36.
    assert_eq!(spec("mbconv-3x3x2-o2-e1-k3-s1-relu6-res").macs(), Macs(198));
    assert_eq!(spec("linear-1x1x64-o10").macs(), Macs(640));
    assert_eq!(spec("gpool-7x7x64").macs(), Macs(0));
    // Dilation moves taps apart, it adds none: 16·8·8·9.
    assert_eq!(spec("conv-4x4x8-o8-k3-s1-d2").macs(), Macs(9216));
    // Expand 16·8·24 = 3072, depthwise 16·24·9 = 3456, squeeze 24·8 and back 8·24, project 16·24·8 = 3072.
    assert_eq!(spec("mbconv-4x4x8-o8-e3-k3-s1-se4-hswish").macs(), Macs(3072 + 3456 + 384 + 3072));
    // A pair is the sum of both: 16·3·4 + 0, and 16 · 0 + 8·10.
    assert_eq!(spec("conv-4x4x3-o4-k1-s1+act-hswish").macs(), Macs(192));
    assert_eq!(spec("gpool-4x4x8+linear-o10-int8").macs(), Macs(80));
    for key in ["maxpool-8x8x4-k3-s2", "add-8x8x4", "mul-8x8x4-gate", "concat-8x8x4-c2", "softmax-8x8x4"] {
        assert_eq!(spec(key).macs(), Macs(0), "{key}");
    }
}

#[test]
fn shapes_match_hand_computed_ones() {
    for (key, (height, width, channels)) in [
        ("conv-9x7x3-o8-k3-s1-d2", (9, 7, 8)),
        ("maxpool-9x7x3-k3-s2", (5, 4, 3)),
        ("avgpool-9x7x3-k2-s2", (5, 4, 3)),
        ("add-9x7x3", (9, 7, 3)),
        ("mul-9x7x3", (9, 7, 3)),
        ("mul-9x7x3-gate", (9, 7, 3)),
        ("concat-9x7x3-c5", (9, 7, 8)),
        ("act-9x7x3-hsigmoid", (9, 7, 3)),
        ("upsample-9x7x3-f2-nearest", (18, 14, 3)),
        ("upsample-9x7x3-f4-bilinear", (36, 28, 3)),
        ("softmax-1x1x10", (1, 1, 10)),
        ("upsample-9x7x3-f2-nearest+concat-c4", (18, 14, 7)),
        ("mbconv-9x7x8-o16-e6-k5-s2-se4-hswish", (5, 4, 16)),
    ] {
        assert_eq!(spec(key).output(), FeatureMap::new(height, width, channels).unwrap(), "{key}");
    }
}

#[test]
fn squeezed_channels_are_rounded_as_mobilenetv3_does() {
    // 120 / 4 = 30 → 32; 72 / 4 = 18 → 16 would be more than a tenth below, so 24; 16 / 4 = 4 → 8.
    for (key, squeezed) in [
        ("mbconv-28x28x40-o40-e3-k5-s1-se4-relu-res", 32),
        ("mbconv-56x56x24-o40-e3-k5-s2-se4-relu", 24),
        ("mbconv-56x56x16-o16-e1-k3-s2-se4-relu", 8),
    ] {
        let graph = spec(key).graph();
        let gate = graph.nodes().iter().position(|node| node.layer == Layer::GlobalAveragePool).unwrap();
        assert_eq!(graph.nodes()[gate + 1].output.channels, squeezed, "{key}");
        let last = graph.nodes()[gate + 4].layer;
        assert_eq!(last, Layer::Activation(crate::spec::Activation::Hsigmoid), "{key}");
    }
}

#[test]
fn kinds_name_pairs_and_precision() {
    assert_eq!(spec("conv-4x4x3-o4-k1-s1").kind(), "conv");
    assert_eq!(spec("conv-4x4x3-o4-k1-s1+act-hswish").kind(), "conv+act");
    assert_eq!(spec("conv-4x4x3-o4-k1-s1+act-hswish-int8").kind(), "conv+act-int8");
}

#[test]
fn odd_sizes_round_up() {
    assert_eq!(spec("conv-7x5x3-o8-k3-s2-relu").output(), FeatureMap::new(4, 3, 8).unwrap());
}

#[test]
fn wrong_keys_say_why() {
    let cases = [
        ("", "unknown kind"),
        ("mbconf-4x4x2-o5-e3-k3-s2-relu6", "unknown kind `mbconf`"),
        ("mbconv-4x4-o5-e3-k3-s2-relu6", "not a feature map"),
        ("mbconv-4x4x2-e3-k3-s2-relu6", "`o` with a number is missing"),
        ("mbconv-4x4x2-o5-e3-k3-s2-relu6-x1", "`x1` is not one of its parameters"),
        ("mbconv-4x4x2-k3-o5-e3-s2-relu6", "write it as `mbconv-4x4x2-o5-e3-k3-s2-relu6`"),
        ("mbconv-4x4x2-o5-e3-k3-s2-relu6-res", "both inputs must have one shape"),
        ("mbconv-4x4x2-o5-e3-k4-s2-relu6", "the kernel must be odd"),
        ("mbconv-4x4x65536-o5-e64-k3-s2-relu6", "channels"),
        ("conv-4x4x3-o8-k3-s1-g2", "the groups must divide"),
        ("linear-2x1x64-o10", "takes 1x1xC"),
        ("conv-4x4x3-o0-k3-s1", "channels is 0"),
        ("conv-4x4x3-o8-k3-s1-d1", "leave out `d1`"),
        ("conv-4x4x3-o8-k1-s1-d2", "1 for a 1x1 kernel"),
        ("mbconv-4x4x8-o8-e3-k3-s1-se0-relu6", "squeeze-excite ratio is 0"),
        ("maxpool-4x4x8-k1-s1", "the window must be 2 to 63"),
        ("upsample-4x4x8-f2", "either `nearest` or `bilinear`"),
        ("upsample-4x4x8-f1-nearest", "the factor must be 2 to 32"),
        ("concat-4x4x8-c0", "channels is 0"),
        ("act-4x4x8-tanh", "its activation is missing"),
        ("conv-4x4x3-o8-k3-s1+linear-o10", "takes 1x1xC"),
        ("conv-4x4x3-o8-k3-s1+act-relu+add", "its activation is missing"),
        ("conv-4x4x3-o8-k3-s1+", "unknown kind ``"),
        ("act-4x4x8-hswish-int8", "`act-4x4x8-hswish` has no int8 form"),
        ("conv-int8-4x4x3-o8-k3-s1", "`4x4x3` is not one of its parameters"),
    ];
    for (key, part) in cases {
        let error = key.parse::<OpSpec>().unwrap_err().to_string();
        assert!(error.contains(part), "{key}: {error}");
    }
}

proptest! {
    #[test]
    fn keys_round_trip(seed: u64, int8: bool) {
        let precision = if int8 { Precision::Int8 } else { Precision::F32 };
        for spec in sample("all", Op::KINDS.len() + 10, seed, precision).unwrap() {
            let parsed = spec.key().parse::<OpSpec>();
            prop_assert_eq!(parsed, Ok(spec));
            prop_assert!(spec.key().starts_with(spec.op().kind()));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9x+-]{0,60}") {
        if let Ok(spec) = text.parse::<OpSpec>() {
            prop_assert_eq!(spec.key(), text);
        }
    }
}
