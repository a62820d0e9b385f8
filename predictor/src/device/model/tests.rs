use super::super::evaluate::Scoring;
use super::super::test_rows::{fitted, law_ms, measurements, small_space, small_space_rows};
use super::*;
use crate::rows::draw_hold_out;
use rand::SeedableRng;

fn random_networks(count: usize) -> Vec<Architecture> {
    let space = small_space();
    let mut random = rand_pcg::Pcg64::seed_from_u64(99);
    (0..count).map(|_| space.network("n", &space.random_choices(&mut random)).unwrap()).collect()
}

#[test]
fn the_mock_law_is_recovered_through_both_levels() {
    let model = fitted(0.0, 30);
    // Networks of the law cost 0.05 ms + 0.9 · Σ ops.
    assert!((model.networks().coefficients.constant_ms - 0.05).abs() < 1e-3, "{:?}", model.networks());
    assert!((model.networks().coefficients.scale - 0.9).abs() < 1e-3, "{:?}", model.networks());
    for network in random_networks(50) {
        let truth = 0.05 + 0.9 * network.ops().iter().map(law_ms).sum::<f64>();
        let predicted = model.predict_architecture(&network).unwrap().latency.ms();
        assert!((predicted / truth - 1.0).abs() < 1e-3, "{predicted}, expected {truth}");
    }
}

#[test]
fn noise_is_averaged_away_on_held_out_subjects() {
    let measurements = measurements(small_space_rows(0.05, 40));
    let held_out = draw_hold_out(&measurements.rows, &measurements.repeats, 0.25, 3).unwrap();
    let model = LatencyModel::fit(&measurements, &FitOptions { held_out, ..FitOptions::default() }).unwrap();
    let scores = model.evaluate(&measurements.rows, Scoring::NewSubjects).unwrap();
    let (op, network) = (scores.op.unwrap(), scores.network.unwrap());
    assert_eq!((op.n, network.n), (model.provenance().held_out.op.len(), 10));
    // Uniform noise of ± 5 % has a mean of 2.5 % and never exceeds 5 %.
    assert!(op.mape < 0.05 && op.within_10 == 1.0, "{op:?}");
    assert!(network.mape < 0.035 && network.within_10 == 1.0, "{network:?}");
    assert!(network.spearman.unwrap() > 0.9, "{network:?}");
}

#[test]
fn a_network_is_exactly_its_constant_and_its_ops() {
    let model = fitted(0.04, 20);
    let additive = model.additive();
    for network in random_networks(20) {
        let ops = network.ops().iter().map(|op| additive.op_ms(op).unwrap());
        let sum = ops.fold(additive.constant_ms(), |sum, ms| sum + ms);
        assert_eq!(model.predict_architecture(&network).unwrap().latency.ms().to_bits(), sum.to_bits());
    }
}

#[test]
fn a_networks_interval_follows_from_the_sum_of_its_shares() {
    let model = fitted(0.04, 20);
    let additive = model.additive();
    for network in random_networks(20) {
        let prediction = model.predict_architecture(&network).unwrap();
        let shares = network.ops().iter().map(|op| additive.share(op).unwrap());
        let ops = shares.reduce(|sum, share| sum + share).unwrap();
        let ms = additive.constant_ms() + ops.ms;
        let half_width = model.networks().log_half_width(ms, &ops);
        assert!((prediction.latency.ms() / ms - 1.0).abs() < 1e-12);
        assert!((prediction.high.ms() / ms - half_width.exp()).abs() < 1e-9, "{half_width}, {prediction:?}");
    }
}

#[test]
fn without_networks_the_answer_is_a_flagged_wide_sum() {
    let model = fitted(0.0, 0);
    let network = &random_networks(1)[0];
    let prediction = model.predict_architecture(network).unwrap();
    let sum: f64 = network.ops().iter().map(|op| model.predict(op).unwrap().latency.ms()).sum();
    assert!((prediction.latency.ms() / sum - 1.0).abs() < 1e-12);
    assert!(prediction.flags.contains(&Flag::NoNetworks));
    assert!(prediction.high.ms() > 1.5 * sum && prediction.low.ms() < 0.7 * sum);
}

#[test]
fn networks_beyond_the_measured_ones_are_flagged_and_wider() {
    let model = fitted(0.02, 20);
    let inside = &random_networks(1)[0];
    let twice: Vec<_> = [inside.ops(); 4].concat();
    let [near, far] = [inside.ops(), &twice].map(|ops| model.predict_network(ops).unwrap());
    let outside = |p: &Prediction| p.flags.iter().any(|flag| matches!(flag, Flag::NetworkOutside { .. }));
    assert!(!outside(&near) && outside(&far), "{near:?}, {far:?}");
    let width = |p: &Prediction| (p.high.ms() / p.latency.ms()).ln();
    // Four times a network within the range is at least ln 4 - ln(largest / least) outside; here more than 0.5.
    assert!(width(&far) > 2.0 * width(&near), "{near:?}, {far:?}");
}

#[test]
fn unknown_ops_are_named_with_the_device() {
    let error = fitted(0.0, 5).predict(&"mbconv-7x7x64-o64-e6-k3-s1-hswish".parse().unwrap()).unwrap_err();
    let text = "no latency for `mbconv-7x7x64-o64-e6-k3-s1-hswish` on test bench (mock): nothing that was measured has `hswish_elements`";
    assert_eq!(error.to_string(), text);
    assert!(error.is_input());
}

#[test]
fn the_cache_state_that_explains_networks_is_chosen() {
    // Hot ops cost what the law says, cold ones that and up to 50 % more, by the op: networks follow the hot ones.
    let mut rows = small_space_rows(0.0, 20);
    let cold = |(i, row): (usize, &Row)| {
        let latency_ms = row.latency_ms * (1.0 + 0.5 * (i % 7) as f64 / 6.0);
        Row { latency_ms, ci_low_ms: latency_ms * 0.99, ci_high_ms: latency_ms * 1.01, ..row.clone() }
    };
    let cold: Vec<Row> = rows.iter().filter(|row| row.level == Level::Op).enumerate().map(cold).collect();
    rows.iter_mut().filter(|row| row.level == Level::Op).for_each(|row| row.cache = Cache::Hot);
    rows.extend(cold);
    let measurements = measurements(rows);
    let model = LatencyModel::fit(&measurements, &FitOptions::default()).unwrap();
    assert_eq!(model.ops().cache(), Cache::Hot);
    assert_eq!(model.provenance().op_caches.len(), 2);
    let asked = FitOptions { op_cache: Some(Cache::Cold), ..FitOptions::default() };
    assert_eq!(LatencyModel::fit(&measurements, &asked).unwrap().ops().cache(), Cache::Cold);
    let missing = FitOptions { op_cache: Some(Cache::InPlace), ..FitOptions::default() };
    let error = LatencyModel::fit(&measurements, &missing).unwrap_err().to_string();
    assert_eq!(error, "cannot fit: no op rows in cache state in_place; the table has hot, cold");
}

#[test]
fn a_table_that_was_fitted_whole_cannot_be_scored_unasked() {
    let measurements = measurements(small_space_rows(0.01, 12));
    let model = LatencyModel::fit(&measurements, &FitOptions::default()).unwrap();
    let error = model.evaluate(&measurements.rows, Scoring::NewSubjects).unwrap_err();
    assert!(error.to_string().contains("a fifth held out") && error.is_input(), "{error}");
    let all = model.evaluate(&measurements.rows, Scoring::AllSubjects).unwrap();
    assert_eq!(all.network.unwrap().n, 12);
}
