#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::spec::Activation;

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
    ];
    for (key, part) in cases {
        let error = key.parse::<OpSpec>().unwrap_err().to_string();
        assert!(error.contains(part), "{key}: {error}");
    }
}

prop_compose! {
    fn any_op()(h in 1u32..40, w in 1u32..40, c in 1u32..65, o in 1u32..65, e in 1u32..7, k in 0u32..4,
                s in 1u32..3, kind in 0..4, act in 0usize..4, res in any::<bool>()) -> (FeatureMap, Op) {
        let (kernel, activation) = (2 * k + 1, Activation::ALL.get(act).copied());
        match kind {
            0 => (FeatureMap::new(h, w, c).unwrap(),
                  ConvOp { out_channels: o, kernel, stride: s, groups: 1, activation }.into()),
            1 => {
                let residual = res && s == 1;
                let activation = activation.unwrap_or(Activation::Relu6);
                let out_channels = if residual { c } else { o };
                (FeatureMap::new(h, w, c).unwrap(),
                 MbConv { out_channels, expansion: e, kernel, stride: s, activation, residual }.into())
            }
            2 => (FeatureMap::new(h, w, c).unwrap(), GlobalPool.into()),
            _ => (FeatureMap::new(1, 1, c).unwrap(), Linear { out_features: o }.into()),
        }
    }
}

proptest! {
    #[test]
    fn keys_round_trip((input, op) in any_op()) {
        let spec = OpSpec::new(input, op).unwrap();
        prop_assert_eq!(spec.key().parse::<OpSpec>().unwrap(), spec);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9x-]{0,60}") {
        if let Ok(spec) = text.parse::<OpSpec>() {
            prop_assert_eq!(spec.key(), text);
        }
    }
}
