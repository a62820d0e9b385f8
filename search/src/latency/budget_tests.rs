use predictor::{NetworkModel, Share};
use profiler::record::Cache;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

use super::*;

/// Intervals of ± 10 % on log scale, and for each block the variances of its candidates.
fn intervals(table: &ExpectedLatency, variances_ms2: &[Vec<f64>]) -> Intervals {
    let mut networks = NetworkModel::sum(Cache::Hot);
    networks.band.log_half_width = 0.1;
    let share =
        |(&ms, &variance_ms2): (&f64, &f64)| Share { sum_ms: ms, ms, variance_ms2, ..Share::default() };
    let block = |(costs, variances): (&Vec<f64>, &Vec<f64>)| costs.iter().zip(variances).map(share).collect();
    let blocks = table.blocks_ms.iter().zip(variances_ms2).map(block).collect();
    Intervals { networks, fixed: Share::default(), blocks }
}

#[test]
fn a_risk_leaves_room_for_its_quantile() {
    let table = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![0.0, 1.0]] };
    let intervals = intervals(&table, &[vec![0.0, 0.0]]);
    // The 90 % interval holds 1.645 deviations: one is 0.1 / 1.644854 = 0.060796. z(0.9) = 1.281552, z(0.95) = 1.644854.
    let expected = [(0.5, 1.0), (0.1, (-1.281_552_f64 * 0.060_796).exp()), (0.05, (-0.1_f64).exp())];
    for (risk, share) in expected {
        let budget = Budget::new(&table, 2.0).with_risk(risk, &intervals);
        let found = budget.limit_ms(&[1]) / 2.0;
        assert!((found - share).abs() < 1e-5, "{risk}: {found}, {share}");
    }
    assert_eq!(Budget::new(&table, 2.0).limit_ms(&[1]), 2.0 * (1.0 - 1e-9));
}

#[test]
fn the_chance_of_missing_the_target_is_the_risk() {
    // A variance of 0.01 ms² of 2 ms: a deviation of 0.05 beside the band's, 1.645 · 0.05 = 0.08225 in quadrature.
    let table = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![0.0, 1.0]] };
    let intervals = intervals(&table, &[vec![0.0, 0.01]]);
    let target_ms = 2.3;
    let deviation = intervals.log_deviation(&[1], 2.0);
    assert!((deviation - 0.1_f64.hypot(0.082_25) / 1.644_854).abs() < 1e-5, "{deviation}");
    // Where the limit is just what is predicted, a drawn latency is above the target as often as the risk says.
    let risk = 0.5 * libm::erfc((target_ms / 2.0_f64).ln() / deviation / std::f64::consts::SQRT_2);
    let budget = Budget::new(&table, target_ms).with_risk(risk, &intervals);
    assert!((budget.limit_ms(&[1]) - 2.0).abs() < 1e-6);
    let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
    let draws = 40_000;
    let missed = (0..draws).filter(|_| {
        let normal = normal_quantile(rng.random_range(1e-9..1.0));
        2.0 * (deviation * normal).exp() > target_ms
    });
    let share = missed.count() as f64 / f64::from(draws);
    // Five standard deviations of a share of 4 % in 40,000 draws.
    assert!((share - risk).abs() < 5.0 * (0.04_f64 / 40_000.0).sqrt(), "{share} {risk}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever the candidates' own uncertainty, what is found meets the budget by its own interval, and something is
    /// found wherever the fastest path meets it.
    #[test]
    fn what_is_found_meets_its_own_limit(
        blocks in proptest::collection::vec(
            proptest::collection::vec((0.01..0.99_f64, 0.0..1.0_f64, 0.0..0.1_f64), 1..5), 1..6),
        share in -0.1..1.1_f64, risk in 0.01..0.6_f64,
    ) {
        let part = |pick: fn(&(f64, f64, f64)) -> f64| -> Vec<Vec<f64>> {
            blocks.iter().map(|block| block.iter().map(pick).collect()).collect()
        };
        let table = ExpectedLatency { constant_ms: 0.3, blocks_ms: part(|c| c.1) };
        let (fastest, slowest) = table.range_ms();
        let budget = Budget::new(&table, fastest + share * (slowest - fastest) + 0.01)
            .with_risk(risk, &intervals(&table, &part(|c| c.2)));
        let p = part(|c| c.0);
        match budget.fastest() {
            Ok(_) => {
                prop_assert!(budget.allows(&budget.best(&p).unwrap()));
                for path in budget.finalists(&p).unwrap() {
                    prop_assert!(budget.allows(&path));
                }
            }
            Err(error) => prop_assert!(error.to_string().contains("fastest network of the space needs")),
        }
    }
}

#[test]
fn impossible_targets_are_named() {
    // Between 0.5 + 0 + 0.25 and 0.5 + 2 + 0.75 ms.
    let table = ExpectedLatency { constant_ms: 0.5, blocks_ms: vec![vec![1.0, 2.0, 0.0], vec![0.25, 0.75]] };
    let error = Budget::new(&table, 0.7).check().unwrap_err().to_string();
    assert!(
        error.contains("0.7 ms") && error.contains("0.7500 ms") && error.contains("3.2500 ms"),
        "{error}"
    );
    assert!(Budget::new(&table, f64::NAN).check().is_err());
    assert!(Budget::new(&table, 2.0).check().is_ok());
}

#[test]
fn an_impossible_risk_says_which_target_would_do() {
    let table = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![1.0, 2.0]] };
    let budget = Budget::new(&table, 2.1).with_risk(0.05, &intervals(&table, &[vec![0.0, 0.0]]));
    // 2 ms · e^0.1 = 2.2103 ms.
    let error = budget.check().unwrap_err().to_string();
    assert!(error.contains("needs 2.2103 ms"), "{error}");
    assert!(budget.with_target(2.2104).check().is_ok());
}

#[test]
fn random_paths_use_the_budget_where_paths_can() {
    use rand::SeedableRng;
    // Eight blocks of 0 to 3 ms: half of 24 ms and a bit is used from 0.9 · 12.5 = 11.25 ms on, so with 12.
    let table = ExpectedLatency { constant_ms: 0.0, blocks_ms: vec![vec![0.0, 1.0, 2.0, 3.0]; 8] };
    let mut rng = rand_pcg::Pcg64::seed_from_u64(0);
    let budget = Budget::new(&table, 12.5);
    for _ in 0..50 {
        let path = crate::strategy::random_within(&budget, &mut rng);
        assert!((11.25..12.5).contains(&table.path_ms(&path)), "{path:?}");
    }
    // Nothing lies between 0.9 · 3.3 and 3.3 ms if the only block has 0 and 1 ms: the slower is taken, and counts as used.
    let short = ExpectedLatency { constant_ms: 0.0, blocks_ms: vec![vec![0.0, 1.0]] };
    let budget = Budget::new(&short, 3.3);
    assert_eq!(crate::strategy::random_within(&budget, &mut rng), [1]);
    assert!(budget.is_used_by(&[1]) && !budget.is_used_by(&[0]));
}
