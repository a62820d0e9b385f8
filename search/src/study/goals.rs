use serde::Serialize;

use super::curve::Spread;
use super::findings::{DeviceFindings, Findings};
use super::group::Group;

/// Speed-up at equal accuracy that is to be reached. Source: ProxylessNAS reports 1.83, arXiv:1812.00332, table 2.
const SPEED_UP: f64 = 1.5;
/// Accuracies that differ by less are equal.
const EQUAL: f64 = 0.003;
/// Trainings that a search must cost less than.
const TRAININGS: f64 = 10.0;
/// How far a measured latency may lie above its target, and in which share of the targets.
const ABOVE: f64 = 1.05;
const SHARE: f64 = 0.95;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    pub(crate) name: String,
    pub(crate) found: String,
    pub(crate) reached: bool,
}

/// All goals; none of emulated figures, which show nothing.
pub(crate) fn goals(findings: &Findings) -> Vec<Goal> {
    if findings.emulated {
        return Vec::new();
    }
    let mut goals = Vec::new();
    for device in &findings.devices {
        goals.extend([speed_up(device), latency_loss(device), predicted(device), measured(device)]);
        goals.extend(own_device(device));
    }
    let (search, training) = (&findings.costs.search_s, &findings.costs.training_s);
    goals.push(Goal {
        name: format!("a search costs less than training {TRAININGS:.0} networks"),
        found: format!("{:.2} trainings", search.mean / training.mean),
        reached: search.mean < TRAININGS * training.mean,
    });
    goals
}

fn mean(spread: Option<Spread>) -> f64 {
    spread.map_or(f64::NAN, |spread| spread.mean)
}

fn speed_up(device: &DeviceFindings) -> Goal {
    let (mean, below) = (mean(device.searched.speed_up()), device.searched.is_at_most());
    let bound = if below { ", less accurate than every baseline in some seeds" } else { "" };
    Goal {
        name: format!("{}: {SPEED_UP} times as fast as baselines of its accuracy", device.name),
        found: format!("{mean:.2} times{bound}"),
        reached: mean >= SPEED_UP && !below,
    }
}

/// How much more accurate one group is than another, as a share.
fn gap(group: &Group, other: &Group) -> f64 {
    mean(group.accuracy()) - mean(other.accuracy())
}

fn against(group: &Group, other: &Group) -> String {
    let [ms, other_ms] = [group, other].map(|group| mean(group.measured_ms()));
    format!("{:+.2} points, {ms:.4} against {other_ms:.4} ms", 100.0 * gap(group, other))
}

fn latency_loss(device: &DeviceFindings) -> Goal {
    let (own, without) = (&device.searched, &device.blind.rescaled);
    Goal {
        name: format!(
            "{}: with the latency loss more accurate than without, rescaled by width to the same target",
            device.name
        ),
        found: against(own, without),
        reached: gap(own, without) > 0.0,
    }
}

fn predicted(device: &DeviceFindings) -> Goal {
    let within = device.held.iter().filter(|held| held.network.predicted_ms <= held.target_ms).count();
    Goal {
        name: format!("{}: predicted within the target, always", device.name),
        found: format!("{within} of {}", device.held.len()),
        reached: within == device.held.len(),
    }
}

fn measured(device: &DeviceFindings) -> Goal {
    let within = device.held.iter().filter(|held| held.network.measured_ms <= ABOVE * held.target_ms).count();
    Goal {
        name: format!("{}: measured within {ABOVE} times the target, in {:.0} %", device.name, 100.0 * SHARE),
        found: format!("{within} of {}", device.held.len()),
        reached: within as f64 >= SHARE * device.held.len() as f64,
    }
}

/// Against the networks searched for each other device: where both are equally accurate by their latency, else by the
/// speed-up over baselines of their accuracy, that is at equal accuracy.
fn own_device(device: &DeviceFindings) -> Vec<Goal> {
    let others = device.cross.iter().filter(|(name, _)| *name != device.name);
    others
        .map(|(name, other)| {
            let own = &device.searched;
            let [ms, other_ms] = [own, other].map(|group| mean(group.measured_ms()));
            let [ratio, other_ratio] = [own, other].map(|group| mean(group.speed_up()));
            let (by, reached) = if gap(own, other).abs() <= EQUAL {
                ("by latency, equally accurate", ms < other_ms)
            } else if own.is_at_most() || other.is_at_least() {
                ("the speed-up is a bound, nothing can be said", false)
            } else {
                ("by speed-up at equal accuracy", ratio > other_ratio)
            };
            let baselines = "times as fast as baselines of their accuracy";
            Goal {
                name: format!(
                    "{}: its networks faster there than those for {name} at equal accuracy",
                    device.name
                ),
                found: format!(
                    "{by}: {}, {ratio:.2} against {other_ratio:.2} {baselines}",
                    against(own, other)
                ),
                reached,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::curve::Cost;
    use crate::study::findings::{Costs, TargetCheck, WithoutLatencyLoss};
    use crate::study::group::{OnDevice, SpeedUp};

    fn network(accuracy: f64, measured_ms: f64) -> OnDevice {
        OnDevice {
            key: String::new(),
            seed: 0,
            accuracy: Some(accuracy),
            predicted_ms: measured_ms,
            predicted_interval_ms: [measured_ms, measured_ms],
            measured_ms,
        }
    }

    /// Networks with an accuracy, a latency and a speed-up each.
    fn group(networks: &[(f64, f64, f64)]) -> Group {
        let speed_up = |&(_, _, ratio)| SpeedUp { seed: 0, baseline: Cost::Exactly(ratio), ratio };
        Group {
            networks: networks.iter().map(|&(accuracy, ms, _)| network(accuracy, ms)).collect(),
            speed_ups: networks.iter().map(speed_up).collect(),
        }
    }

    fn held(target_ms: f64, predicted_ms: f64, measured_ms: f64) -> TargetCheck {
        TargetCheck { target_ms, network: OnDevice { predicted_ms, ..network(0.5, measured_ms) } }
    }

    /// Speed-ups 1.4 and 1.8; 0.2 points better than without latency loss; 19 of 20 targets hold, one by 1.06 times.
    fn findings() -> Findings {
        let mut targets = vec![held(1.0, 0.99, 1.04); 19];
        targets.push(held(1.0, 1.0, 1.06));
        let own = group(&[(0.910, 1.0, 1.4), (0.914, 1.2, 1.8)]);
        let blind = WithoutLatencyLoss {
            over_target: vec![2.0],
            widths: vec![0.7],
            rescaled_over_target: vec![0.99],
            rescaled: group(&[(0.910, 1.2, 1.3)]),
            cut: group(&[]),
        };
        let device = DeviceFindings {
            machine: None,
            name: "a".to_owned(),
            runtime: String::new(),
            target_ms: 1.2,
            baselines: Vec::new(),
            blind,
            held: targets,
            cross: vec![("a".to_owned(), own.clone()), ("b".to_owned(), group(&[(0.913, 1.3, 1.5)]))],
            searched: own,
        };
        let one = |value| Spread { mean: value, deviation: 0.0, values: vec![value] };
        let costs = Costs { search_s: one(90.0), training_s: one(10.0) };
        Findings { emulated: false, machine: String::new(), devices: vec![device], costs }
    }

    #[test]
    fn goals_by_hand() {
        let found: Vec<_> = goals(&findings()).into_iter().map(|goal| (goal.found, goal.reached)).collect();
        let cross = "by latency, equally accurate: -0.10 points, 1.1000 against 1.3000 ms, 1.60 against 1.50 times as \
                     fast as baselines of their accuracy";
        let expected = [
            ("1.60 times", true),
            ("+0.20 points, 1.1000 against 1.2000 ms", true),
            ("20 of 20", true),
            ("19 of 20", true),
            (cross, true),
            ("9.00 trainings", true),
        ];
        assert_eq!(found, expected.map(|(text, reached)| (text.to_owned(), reached)));
    }

    #[test]
    fn what_falls_short_is_not_reached() {
        let mut short = findings();
        let device = &mut short.devices[0];
        device.searched.speed_ups[0].baseline = Cost::LessThan(9.9);
        device.blind.rescaled = group(&[(0.912, 1.0, 1.0)]);
        device.held[0] = held(1.0, 1.01, 1.2);
        device.cross[1].1 = group(&[(0.913, 1.0, 1.5)]);
        short.costs.training_s.mean = 9.0;
        assert!(goals(&short).iter().all(|goal| !goal.reached), "{:?}", goals(&short));
        short.emulated = true;
        assert!(goals(&short).is_empty());
    }

    /// Own networks: 91.2 %, 1.1 ms, 1.6 times as fast as baselines.
    #[test]
    fn networks_that_are_not_equally_accurate_are_compared_by_their_speed_up() {
        let cross = |other: Group, own_baseline: Cost| {
            let mut findings = findings();
            findings.devices[0].cross[1].1 = other;
            findings.devices[0].searched.speed_ups[0].baseline = own_baseline;
            let goal = goals(&findings).remove(4);
            (goal.found.split(':').next().map(str::to_owned), goal.reached)
        };
        let (exactly, by) = (Cost::Exactly(1.0), |text: &str| Some(text.to_owned()));
        // 0.8 points more accurate and slower, 0.8 less and faster: the speed-up decides.
        let speed_up = "by speed-up at equal accuracy";
        assert_eq!(cross(group(&[(0.920, 2.0, 1.5)]), exactly), (by(speed_up), true));
        assert_eq!(cross(group(&[(0.920, 2.0, 1.7)]), exactly), (by(speed_up), false));
        assert_eq!(cross(group(&[(0.904, 0.9, 1.5)]), exactly), (by(speed_up), true));
        assert_eq!(cross(group(&[(0.904, 0.9, 1.7)]), exactly), (by(speed_up), false));
        // Equally accurate and slower: the speed-up does not count.
        let latency = "by latency, equally accurate";
        assert_eq!(cross(group(&[(0.914, 1.0, 1.5)]), exactly), (by(latency), false));
        // The own speed-up at least so much, the other's at most so much: still decided. The other way round it is not.
        let bound = "the speed-up is a bound, nothing can be said";
        let with = |baseline| {
            let mut other = group(&[(0.920, 2.0, 1.5)]);
            other.speed_ups[0].baseline = baseline;
            other
        };
        assert_eq!(cross(with(Cost::LessThan(1.0)), Cost::MoreThan(1.0)), (by(speed_up), true));
        assert_eq!(cross(with(Cost::MoreThan(1.0)), exactly), (by(bound), false));
        assert_eq!(cross(with(exactly), Cost::LessThan(1.0)), (by(bound), false));
    }
}
