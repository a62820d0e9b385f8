//! A network's layers, timed in place, against the network as a whole: what the runtime notes must add up.

use super::flags::Flags;
use super::job::{Found, Job};
use super::{BenchError, Detail, Goal, Ratio, Unit, furthest_from_one, geometric_mean};
use crate::layers::{TracePlan, TraceProgress};
use crate::measure::{Protocol, Silent, Speed};
use crate::sweep::{CompareWith, NetworkProfile, plan_networks};

const NETWORKS: usize = 4;
/// Time for a network as a whole by itself: here only its layers, with plain runs in turns, are of interest.
const WHOLE_NS: u64 = 4_000_000_000;
const LAYERS_NS: u64 = 6_000_000_000;

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let bench = job.bench;
    let networks = plan_networks(&bench.space, NETWORKS, bench.seed)?;
    let mut found = Found::default();
    let (mut shares, mut flags) = (Vec::new(), Vec::new());
    for (index, network) in networks.iter().enumerate() {
        let part = |index: usize| index as f64 / NETWORKS as f64;
        job.at(&format!("network {} of {NETWORKS}", index + 1), part(index));
        let budget_ns = job.budget_ns((part(index), part(index + 1)))?;
        let layers_ns = LAYERS_NS.min(budget_ns / 2);
        let profile = NetworkProfile {
            network,
            backend: job.backend,
            threads: bench.threads,
            cpus: bench.cpus.clone(),
            // Of the speed, shares in place are independent.
            protocol: Protocol { budget_ns: WHOLE_NS.min(budget_ns / 2), ..job.protocol(Speed::Fast) },
            plan: TracePlan { target_half_width: 0.005, budget_ns: layers_ns, ..TracePlan::default() },
            compare_with: CompareWith::Nothing("a bench times what is compared elsewhere"),
            output: None,
        };
        let stop = job.stop;
        let mut progress = |_: &TraceProgress| {};
        let result = profile.run(&mut Silent, &mut progress, stop)?.ok_or(BenchError::Stopped)?;
        let layers = result.layers;
        shares.push(layers.sum_over_whole);
        let too_short = || (2 * layers_ns < LAYERS_NS).then_some("of less than half the time");
        flags.push(layers.is_preempted.then_some("of pre-empted runs").or_else(too_short));
        let figures = [("sum_ms", layers.sum_ms), ("whole_ms", layers.whole.latency_ms)];
        found.details.push(Detail::new(network.key.clone(), figures));
    }
    found.ratios = ratios(&shares, Flags::of(flags.into_iter()).not_shown());
    Ok(found)
}

fn ratios(shares: &[f64], not_shown: Option<String>) -> Vec<Ratio> {
    let base = format!("in place, plain and traced runs in turns, {} random networks", shares.len());
    let ratio = |what: &str, value| {
        Ratio::new(format!("Σ layers / network, {what}"), value, Unit::Times, base.clone())
    };
    vec![
        ratio("geometric mean", geometric_mean(shares))
            .with_goal(Goal::Between(0.98, 1.02))
            .shown_unless(not_shown),
        ratio("furthest from 1", furthest_from_one(shares)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_goal_is_of_the_mean_and_the_furthest_is_told() {
        // √(0.98 · 1.02) = 0.9998: reached; 0.98 is 1/1.0204, further than 1.02.
        let found = ratios(&[0.98, 1.02], None);
        assert!((found[0].value - 0.9998).abs() < 1e-6);
        assert_eq!((found[0].reached, found[1].reached, found[1].value), (Some(true), None, 0.98));
        assert_eq!(ratios(&[0.9], None)[0].reached, Some(false));
        assert_eq!(ratios(&[0.9], Some("busy".to_owned()))[0].verdict(), "not shown");
        assert!(ratios(&[], None)[0].value.is_nan());
    }
}
