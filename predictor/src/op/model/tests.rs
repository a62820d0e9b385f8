//! The op level, tested on laws of work.
use super::*;
use crate::device::test_rows::{law_ms, small_space_samples};
use crate::rows::Sample;

#[test]
fn measurement_and_model_meet_by_precision() {
    // Noise 0.1 and deviation 0.2: weights 100 and 25; logarithms 0 and ln 2 give 0.2 · ln 2.
    let model = LogNormal { ms: 2.0, deviation: 0.2, log_half_width: 0.4 };
    let combined =
        combine(Measured { latency_ms: 1.0, noise: 0.1, measurements: 1 }, model, crate::interval::NORMAL_90);
    assert!((combined.ms.ln() - 0.2 * 2.0_f64.ln()).abs() < 1e-12);
    assert!((combined.deviation - 125.0_f64.sqrt().recip()).abs() < 1e-12);
}

#[test]
fn left_out_ops_are_predicted_by_the_law_and_measured_ones_are_drawn_to_it() {
    let noisy = small_space_samples(0.05);
    let (held, kept): (Vec<_>, Vec<_>) =
        noisy.iter().cloned().enumerate().partition(|(i, s)| s.kind() == "mbconv" && i % 5 == 0);
    let kept: Vec<Sample> = kept.into_iter().map(|(_, s)| s).collect();
    let model = OpModel::fit(&kept, Cache::Cold, 1).unwrap();
    let error = |op: &OpSpec| (model.estimate(op).unwrap().combined.ms / law_ms(op) - 1.0).abs();
    let mean = |ops: &[OpSpec]| ops.iter().map(error).sum::<f64>() / ops.len() as f64;
    let held: Vec<_> = held.iter().map(|(_, s)| s.key.parse().unwrap()).collect();
    // Noise ± 5 % uniform has a mean of 2.5 %; a fit over some 50 rows averages most of it away.
    assert!(mean(&held) < 0.025, "{}", mean(&held));
}

#[test]
fn unknown_work_and_unknown_kinds_are_refused() {
    let only_blocks: Vec<_> = small_space_samples(0.0).into_iter().filter(|s| s.kind() == "mbconv").collect();
    let model = OpModel::fit(&only_blocks, Cache::Cold, 1).unwrap();
    let refused = |key: &str| model.estimate(&key.parse().unwrap()).unwrap_err().to_string();
    assert_eq!(refused("linear-1x1x320-o10"), "no op of kind `linear` was measured");
    let reason = "nothing that was measured has `hswish_elements`";
    assert_eq!(refused("mbconv-7x7x64-o64-e6-k3-s1-hswish"), reason);
}

#[test]
fn int8_rows_never_shape_f32_predictions() {
    let f32_only = small_space_samples(0.02);
    // The same ops in int8 at a fifth of their latency: were they pooled, f32 ops would come out shorter.
    let int8 = f32_only.iter().filter_map(|sample| {
        let op: OpSpec = sample.key.parse().unwrap();
        let op = op.in_precision(Precision::Int8).ok()?;
        Some(Sample::new(&op, sample.latency_ms / 5.0, sample.noise))
    });
    let both: Vec<Sample> = f32_only.iter().cloned().chain(int8).collect();
    let (alone, together) = [&f32_only, &both].map(|s| OpModel::fit(s, Cache::Cold, 1).unwrap()).into();
    for key in ["mbconv-7x7x16-o16-e5-k3-s1-relu6-res", "mbconv-14x14x16-o16-e3-k5-s1-relu6-res"] {
        let op: OpSpec = key.parse().unwrap();
        assert_eq!(alone.estimate(&op), together.estimate(&op), "{key}");
        let int8 = together.estimate(&op.in_precision(Precision::Int8).unwrap()).unwrap();
        let ratio = int8.combined.ms / alone.estimate(&op).unwrap().combined.ms;
        // A fifth, but for noise of ± 2 %.
        assert!((ratio * 5.0 - 1.0).abs() < 0.05, "{key}: {ratio}");
    }
    let refused = alone.estimate(&"conv-8x8x8-o8-k3-s1-int8".parse().unwrap()).unwrap_err();
    assert_eq!(refused.to_string(), "no op of kind `conv-int8` was measured");
}

#[test]
fn far_ops_are_flagged_and_their_interval_is_wider() {
    let model = OpModel::fit(&small_space_samples(0.02), Cache::Cold, 1).unwrap();
    let estimate = |key: &str| model.estimate(&key.parse().unwrap()).unwrap();
    let near = estimate("mbconv-7x7x16-o16-e5-k3-s1-relu6-res");
    let far = estimate("mbconv-112x112x64-o64-e6-k7-s1-relu6-res");
    assert!(near.flags.is_empty(), "{:?}", near.flags);
    assert!(matches!(far.flags[..], [Flag::OutsideMeasured { .. }]), "{:?}", far.flags);
    assert!(far.combined.log_half_width > 2.0 * near.combined.log_half_width);
}
