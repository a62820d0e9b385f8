//! Networks of one origin on one device.

use serde::Serialize;

use super::curve::{Cost, Curve, Spread};

/// One network on one device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OnDevice {
    /// Its key.
    pub key: String,
    /// Seed of its search and training; of a target's network its place among the targets.
    pub seed: u64,
    /// Share of test images it gets right; none for a network that is not trained.
    pub accuracy: Option<f64>,
    /// Predicted latency in milliseconds.
    pub predicted_ms: f64,
    /// Ends of the prediction's 90 % interval in milliseconds.
    pub predicted_interval_ms: [f64; 2],
    /// Measured latency in milliseconds.
    pub measured_ms: f64,
}

/// A network against the baselines of its accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SpeedUp {
    /// Seed.
    pub seed: u64,
    /// Latency of a baseline as accurate.
    pub baseline: Cost,
    /// That over the network's own: a bound where the curve does not reach so far.
    pub ratio: f64,
}

/// Networks of one origin, one per seed, on one device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The networks.
    pub networks: Vec<OnDevice>,
    /// Against the baselines on this device.
    pub speed_ups: Vec<SpeedUp>,
}

impl Group {
    /// Networks against the curve of the baselines, where there is one.
    #[must_use]
    pub fn new(networks: Vec<OnDevice>, curve: Option<&Curve>) -> Self {
        let speed_up = |network: &OnDevice| {
            let baseline = curve?.cost(network.accuracy?);
            let (Cost::Exactly(ms) | Cost::MoreThan(ms) | Cost::LessThan(ms)) = baseline;
            Some(SpeedUp { seed: network.seed, baseline, ratio: ms / network.measured_ms })
        };
        Self { speed_ups: networks.iter().filter_map(speed_up).collect(), networks }
    }

    /// Their test accuracy.
    #[must_use]
    pub fn accuracy(&self) -> Option<Spread> {
        Spread::of(self.networks.iter().filter_map(|one| one.accuracy).collect())
    }

    /// Their measured latency in milliseconds.
    #[must_use]
    pub fn measured_ms(&self) -> Option<Spread> {
        Spread::of(self.networks.iter().map(|one| one.measured_ms).collect())
    }

    /// How many times as fast as baselines of their accuracy they are.
    #[must_use]
    pub fn speed_up(&self) -> Option<Spread> {
        Spread::of(self.speed_ups.iter().map(|one| one.ratio).collect())
    }

    /// Whether some are less accurate than every baseline, so that their speed-up is at most what is said.
    #[must_use]
    pub fn is_at_most(&self) -> bool {
        self.speed_ups.iter().any(|one| matches!(one.baseline, Cost::LessThan(_)))
    }

    /// Whether some are more accurate than every baseline, so that their speed-up is at least what is said.
    #[must_use]
    pub fn is_at_least(&self) -> bool {
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
