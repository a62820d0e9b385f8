use super::*;
use crate::alpha::relative_entropy;

#[test]
fn explore() {
    let n: u64 = std::env::var("STEPS").ok().and_then(|v| v.parse().ok()).unwrap_or(800);
    for kind in [StrategyKind::Gradient, StrategyKind::Reinforce] {
        let (mut gains, mut used, mut errors, mut modes, mut ent) = (vec![], vec![], vec![], vec![], vec![]);
        for seed in 0..20 {
            let landscape = Landscape::random(seed);
            let (fastest, slowest) = landscape.table.range_ms();
            for share in [0.3, 0.5, 0.7] {
                let target = fastest + share * (slowest - fastest);
                let s = landscape.search(kind, LatencyLoss::Target, target, SETTINGS, n, seed);
                let path = landscape.derived(&*s, target);
                let (best, chance) = (landscape.merit(&landscape.best(target)), landscape.chance(target, seed));
                gains.push((landscape.merit(&path) - chance) / (best - chance));
                used.push(landscape.table.path_ms(&path) / target - 1.0);
                errors.push(landscape.table.expected_ms(&s.probabilities()) / target - 1.0);
                modes.push(landscape.table.path_ms(&s.finalists(None).unwrap()[0]) / target - 1.0);
                ent.push(relative_entropy(&s.probabilities()));
            }
        }
        for (name, v) in [("gain", gains), ("used", used), ("E", errors), ("mode", modes), ("entropy", ent)] {
            let mean = v.iter().sum::<f64>() / v.len() as f64;
            let (low, high) = v.iter().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
            println!("{kind:?} {name} mean {mean:.4} low {low:.4} high {high:.4}");
        }
    }
}
