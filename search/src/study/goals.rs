//! What a study is to show, and whether it does.

use serde::Serialize;

use super::{
    curve::{Cost, Spread},
    findings::{DeviceFindings, Findings, OnDevice},
};

/// Speed-up at equal accuracy that is to be reached. Source: ProxylessNAS reports 1.83, arXiv:1812.00332, table 2.
const SPEED_UP: f64 = 1.5;
/// Accuracies that differ by less are equal.
const EQUAL: f64 = 0.003;
/// Trainings that a search must cost less than.
const TRAININGS: f64 = 10.0;
/// How far a measured latency may lie above its target, and in which share of the targets.
const ABOVE: f64 = 1.05;
const SHARE: f64 = 0.95;

/// One goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// What is to be shown.
    pub name: String,
    /// What was found, in words.
    pub found: String,
    /// Whether that is enough.
    pub reached: bool,
}

/// All goals; none of emulated figures, which show nothing.
#[must_use]
pub fn goals(findings: &Findings) -> Vec<Goal> {
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

fn speed_up(device: &DeviceFindings) -> Goal {
    let ratios = Spread::of(device.speed_ups.iter().map(|one| one.ratio).collect());
    let below = device.speed_ups.iter().any(|one| matches!(one.baseline, Cost::LessThan(_)));
    let mean = ratios.as_ref().map_or(f64::NAN, |ratios| ratios.mean);
    let bound = if below { ", less accurate than every baseline in some seeds" } else { "" };
    Goal {
        name: format!("{}: {SPEED_UP} times as fast as baselines of its accuracy", device.name),
        found: format!("{mean:.2} times{bound}"),
        reached: mean >= SPEED_UP && !below,
    }
}

fn mean_accuracy(networks: &[OnDevice]) -> f64 {
    Spread::of(networks.iter().filter_map(|one| one.accuracy).collect())
        .map_or(f64::NAN, |spread| spread.mean)
}

fn mean_ms(networks: &[OnDevice]) -> f64 {
    Spread::of(networks.iter().map(|one| one.measured_ms).collect()).map_or(f64::NAN, |spread| spread.mean)
}

fn latency_loss(device: &DeviceFindings) -> Goal {
    let gap = mean_accuracy(&device.searched) - mean_accuracy(&device.blind);
    Goal {
        name: format!("{}: with the latency loss better than without, within the same target", device.name),
        found: format!("{:+.2} points", 100.0 * gap),
        reached: gap > 0.0,
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

/// Against the networks searched for each other device.
fn own_device(device: &DeviceFindings) -> Vec<Goal> {
    let others = device.cross.iter().filter(|(name, _)| *name != device.name);
    let (own_ms, own) = (mean_ms(&device.searched), mean_accuracy(&device.searched));
    others
        .map(|(name, networks)| {
            let (ms, gap) = (mean_ms(networks), own - mean_accuracy(networks));
            Goal {
                name: format!(
                    "{}: its networks faster there than those for {name}, equally accurate",
                    device.name
                ),
                found: format!("{own_ms:.4} against {ms:.4} ms, {:+.2} points", 100.0 * gap),
                reached: own_ms < ms && gap >= -EQUAL,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::findings::{Costs, Held, SpeedUp};

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

    fn held(target_ms: f64, predicted_ms: f64, measured_ms: f64) -> Held {
        Held { target_ms, network: OnDevice { predicted_ms, ..network(0.5, measured_ms) } }
    }

    /// Speed-ups 1.4 and 1.8; 0.2 points better than blind; 19 of 20 targets hold, one by 1.06 times.
    fn findings() -> Findings {
        let speed_up = |ratio| SpeedUp { seed: 0, baseline: Cost::Exactly(ratio), ratio };
        let mut targets = vec![held(1.0, 0.99, 1.04); 19];
        targets.push(held(1.0, 1.0, 1.06));
        let own = vec![network(0.910, 1.0), network(0.914, 1.2)];
        let device = DeviceFindings {
            name: "a".to_owned(),
            runtime: String::new(),
            target_ms: 1.2,
            baselines: Vec::new(),
            speed_ups: vec![speed_up(1.4), speed_up(1.8)],
            blind: vec![network(0.910, 1.1)],
            blind_expected_over_target: Vec::new(),
            held: targets,
            cross: vec![("a".to_owned(), own.clone()), ("b".to_owned(), vec![network(0.913, 1.3)])],
            searched: own,
        };
        let one = |value| Spread { mean: value, deviation: 0.0, values: vec![value] };
        let costs = Costs { search_s: one(90.0), training_s: one(10.0) };
        Findings { emulated: false, machine: String::new(), devices: vec![device], costs }
    }

    #[test]
    fn goals_by_hand() {
        let found: Vec<_> = goals(&findings()).into_iter().map(|goal| (goal.found, goal.reached)).collect();
        let expected = [
            ("1.60 times", true),
            ("+0.20 points", true),
            ("20 of 20", true),
            ("19 of 20", true),
            ("1.1000 against 1.3000 ms, -0.10 points", true),
            ("9.00 trainings", true),
        ];
        assert_eq!(found, expected.map(|(text, reached)| (text.to_owned(), reached)));
    }

    #[test]
    fn what_falls_short_is_not_reached() {
        let mut short = findings();
        let device = &mut short.devices[0];
        device.speed_ups[0].baseline = Cost::LessThan(9.9);
        device.blind = vec![network(0.912, 1.0)];
        device.held[0] = held(1.0, 1.01, 1.2);
        device.cross[1].1 = vec![network(0.916, 1.3)];
        short.costs.training_s.mean = 9.0;
        assert!(goals(&short).iter().all(|goal| !goal.reached), "{:?}", goals(&short));
        short.emulated = true;
        assert!(goals(&short).is_empty());
    }
}
