use serde::Serialize;

use super::curve::{Cost, Curve, Spread};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct OnDevice {
    pub(crate) key: String,
    /// Seed of its search and training; of a target's network its place among the targets.
    pub(crate) seed: u64,
    /// Share of test images it gets right; none for a network that is not trained.
    pub(crate) accuracy: Option<f64>,
    pub(crate) predicted_ms: f64,
    /// Ends of the prediction's 90 % interval in milliseconds.
    pub(crate) predicted_interval_ms: [f64; 2],
    pub(crate) measured_ms: f64,
}

/// A network against the baselines of its accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct SpeedUp {
    pub(crate) seed: u64,
    pub(crate) baseline: Cost,
    /// The baseline's latency over the network's own: a bound where the curve does not reach so far.
    pub(crate) ratio: f64,
}

/// Networks of one origin, one per seed, on one device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    pub(crate) networks: Vec<OnDevice>,
    pub(crate) speed_ups: Vec<SpeedUp>,
}

impl Group {
    /// Networks against the curve of the baselines, where there is one.
    pub(crate) fn new(networks: Vec<OnDevice>, curve: Option<&Curve>) -> Self {
        let speed_up = |network: &OnDevice| {
            let baseline = curve?.cost(network.accuracy?);
            let (Cost::Exactly(ms) | Cost::MoreThan(ms) | Cost::LessThan(ms)) = baseline;
            Some(SpeedUp { seed: network.seed, baseline, ratio: ms / network.measured_ms })
        };
        Self { speed_ups: networks.iter().filter_map(speed_up).collect(), networks }
    }

    pub(crate) fn accuracy(&self) -> Option<Spread> {
        Spread::of(self.networks.iter().filter_map(|one| one.accuracy).collect())
    }

    pub(crate) fn measured_ms(&self) -> Option<Spread> {
        Spread::of(self.networks.iter().map(|one| one.measured_ms).collect())
    }

    /// How many times as fast as baselines of their accuracy they are.
    pub(crate) fn speed_up(&self) -> Option<Spread> {
        Spread::of(self.speed_ups.iter().map(|one| one.ratio).collect())
    }

    /// Whether some are less accurate than every baseline, so that their speed-up is at most what is said.
    pub(crate) fn is_at_most(&self) -> bool {
        self.speed_ups.iter().any(|one| matches!(one.baseline, Cost::LessThan(_)))
    }

    /// Whether some are more accurate than every baseline, so that their speed-up is at least what is said.
    pub(crate) fn is_at_least(&self) -> bool {
        self.speed_ups.iter().any(|one| matches!(one.baseline, Cost::MoreThan(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(seed: u64, accuracy: f64, measured_ms: f64) -> OnDevice {
        OnDevice {
            key: String::new(),
            seed,
            accuracy: Some(accuracy),
            predicted_ms: measured_ms,
            predicted_interval_ms: [measured_ms, measured_ms],
            measured_ms,
        }
    }

    #[test]
    fn speed_ups_by_hand() {
        // Baselines of 1 ms at 0.90 and 4 ms at 0.92: 0.91 costs 2 ms. What lies outside is bounded by their ends.
        let curve = Curve::new(vec![(1.0, 0.90), (4.0, 0.92)]).unwrap();
        let networks = vec![network(0, 0.91, 0.8), network(1, 0.93, 2.0), network(2, 0.89, 0.5)];
        let group = Group::new(networks.clone(), Some(&curve));
        let ratios: Vec<f64> = group.speed_ups.iter().map(|one| one.ratio).collect();
        assert!((ratios[0] - 2.5).abs() < 1e-9 && ratios[1..] == [2.0, 2.0], "{ratios:?}");
        assert!(group.is_at_least() && group.is_at_most());
        assert!(!Group::new(networks[..1].to_vec(), Some(&curve)).is_at_least());
        assert!((group.measured_ms().unwrap().mean - 1.1).abs() < 1e-12);
        assert!(Group::new(networks, None).speed_up().is_none());
    }
}
