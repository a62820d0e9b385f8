use super::*;

/// Whether it compares networks when all weights are trained.
fn compares(kind: StrategyKind) -> bool {
    kind.preset(Preset::Quick).after_training().is_some()
}

/// Where a search ended: (latency of its path over the target, merit of its path from chance (0) to the best (1)).
fn ended(kind: StrategyKind, landscape: &Landscape, target_ms: f64, steps: u64, seed: u64) -> (f64, f64) {
    let strategy = landscape.search(kind, LatencyLoss::Target, target_ms, steps, seed);
    let path = landscape.derived(&*strategy, target_ms);
    let (best, chance) = (landscape.merit(&landscape.best(target_ms)), landscape.chance(target_ms, seed));
    let gain = (landscape.merit(&path) - chance) / (best - chance);
    (landscape.table.path_ms(&path) / target_ms, gain)
}

/// A mock search of a known landscape ends with a path that is never slower than its target, wherever that is, uses
/// the budget, and is much better than chance at the same latency.
#[test]
fn the_budget_holds_and_is_well_used() {
    for kind in [StrategyKind::Gradient, StrategyKind::Reinforce] {
        let mut all = Vec::new();
        for seed in 0..20 {
            let landscape = Landscape::random(seed);
            let (fastest, slowest) = landscape.table.range_ms();
            for share in [0.3, 0.5, 0.7] {
                let target_ms = fastest + share * (slowest - fastest);
                let (used, gain) = ended(kind, &landscape, target_ms, 800, seed);
                assert!(used <= 1.0 && used > 0.9, "{kind:?}, seed {seed}, share {share}: {used}");
                all.push((used, gain));
            }
        }
        let count = all.len() as f64;
        let mean =
            all.iter().fold((0.0, 0.0), |sum, (used, gain)| (sum.0 + used / count, sum.1 + gain / count));
        println!("{kind:?} {mean:?}");
        assert!(mean.0 > 0.98 && mean.1 > 0.8, "{kind:?}: {mean:?}");
    }
}

/// Without a latency loss the search ends above a target that is easily met.
#[test]
fn without_a_latency_loss_the_target_is_missed() {
    for seed in 0..5 {
        let landscape = Landscape::random(seed);
        let (fastest, slowest) = landscape.table.range_ms();
        let target_ms = fastest + 0.3 * (slowest - fastest);
        let kind = StrategyKind::Gradient;
        let strategy = landscape.search(kind, LatencyLoss::None, target_ms, 800, seed);
        let path = strategy.finalists(None).unwrap().swap_remove(0);
        assert!(landscape.table.path_ms(&path) > 1.05 * target_ms, "seed {seed}");
    }
}

/// Seeds of 100 with which a strategy finds the one best path among 5^10, looking at 2,000 networks.
///
/// Evolution and random paths compare with trained weights on the same images: without noise. The others see each batch
/// once, with noise as large as the merits.
fn finds(kind: StrategyKind) -> usize {
    let found = |seed: &u64| {
        let noise = if compares(kind) { 0.0 } else { 0.03 };
        let landscape = Landscape { noise, ..Landscape::known(*seed) };
        let target_ms = landscape.target_ms();
        // A step of the gradient strategy looks at one network, in the others' ten.
        let steps = if kind == StrategyKind::Gradient { 2000 } else { 200 };
        let strategy = landscape.search(kind, LatencyLoss::Target, target_ms, steps, *seed);
        landscape.derived(&*strategy, target_ms) == landscape.best(target_ms)
    };
    (0..100).filter(found).count()
}

#[test]
fn the_optimum_of_a_known_landscape_is_found_but_not_by_chance() {
    let kinds =
        [StrategyKind::Gradient, StrategyKind::Reinforce, StrategyKind::Evolution, StrategyKind::Random];
    let found = kinds.map(finds);
    println!("{found:?}");
    assert!(found[..3].iter().all(|&count| count >= 95), "{kinds:?}: {found:?}");
    assert!(found[3] < 5, "random: {}", found[3]);
}

/// One search per strategy answers 20 targets between the fastest and the slowest path: all that it would compare is
/// predicted within each, and where it can, uses it.
#[test]
fn twenty_targets_hold_for_every_strategy() {
    for (seed, &kind) in StrategyKind::ALL.iter().enumerate() {
        let landscape = Landscape::random(seed as u64);
        let (fastest, slowest) = landscape.table.range_ms();
        let own_ms = 0.5 * (fastest + slowest);
        let loss = LatencyLoss::Target;
        let strategy = landscape.search(kind, loss, own_ms, 200, seed as u64);
        for index in 0..20 {
            // The lowest is the fastest path's own latency.
            let target_ms = fastest + (slowest - fastest) * f64::from(index) / 20.0 + 1e-6;
            let budget = Budget::new(&landscape.table, target_ms);
            let finalists = strategy.finalists(Some(&budget)).unwrap();
            assert!(!finalists.is_empty(), "{kind:?}, {target_ms} ms");
            for path in &finalists {
                let ms = landscape.table.path_ms(path);
                assert!(ms <= target_ms, "{kind:?}: {ms} of {target_ms} ms");
            }
            // Paths that were evolved or drawn for one target are too slow or too fast for most others.
            if !compares(kind) && index > 0 {
                let used = landscape.table.path_ms(&finalists[0]) / target_ms;
                assert!(used > 0.9, "{kind:?}: {used} of {target_ms} ms");
            }
        }
    }
}
