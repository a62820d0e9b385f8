//! How to measure: the parameters of the round loop, checked before use.

use serde::{Deserialize, Serialize};

use super::{HeatLimits, Speed};

/// Parameters of [`measure`](super::measure). All of them are part of the session's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// Seeds the order of every round.
    pub seed: u64,
    /// A subject is done when the half width of its latency's 95 % interval is at most this fraction of it.
    pub target_half_width: f64,
    /// Rounds every subject gets at least (at least 6: below, there is no 95 % interval).
    pub min_rounds: u32,
    /// Rounds a subject gets at most.
    pub max_rounds: u32,
    /// Time the whole session may take, earlier segments included, in nanoseconds of its clock.
    pub budget_ns: u64,
    /// Back-to-back samples per turn after the first, cold, one.
    pub hot_samples: u32,
    /// After its cold run, a turn runs its subject until this long has passed before hot samples count, once at least where
    /// a run is shorter than `turn_ns`: one run does not bring weights back that fill the caches. Older sessions did not.
    ///
    /// Measured on an x86-64 server with tract (`--example settling`): after its cold run, a classifier of 5 MB and 0.09 ms
    /// takes 1.88, 1.33, 1.14 and 1.01 of its steady time in runs 2, 6, 13 and 33; ops with 2 MB of weights and 2 ms
    /// 1.04 and 1.02 in runs 2 and 3; other ops of a mobile space at most 1.02 in run 2.
    #[serde(default)]
    pub settle_ns: u64,
    /// Runs of that kind at most.
    #[serde(default)]
    pub settle_runs: u32,
    /// The same for subjects that keep at most `small_bytes`: those are back in the caches after few runs.
    #[serde(default)]
    pub small_settle_runs: u32,
    /// Largest model, in bytes, that is small in this sense; 0 for none, as in older sessions.
    #[serde(default)]
    pub small_bytes: usize,
    /// A turn stops taking hot samples after this long, but takes at least one.
    #[serde(rename = "burst_ns")]
    pub turn_ns: u64,
    /// A hot sample repeats the subject until it lasts at least this long.
    pub shortest_sample_ns: u64,
    /// The reference block is timed whenever this long has passed since it was last.
    pub reference_every_ns: u64,
    /// Back-to-back runs of the reference block per reading; the shortest counts.
    pub reference_runs: u32,
    /// In rounds in which fewer subjects take hot runs the cache evictor runs before each turn, so that first runs stay cold
    /// however few still take part: small subjects whose first runs alone are timed stay in the caches from round to round.
    ///
    /// Measured on an x86-64 server with 32 MiB of last-level cache and tract (`--example coldness`), first runs of the 71 ops
    /// of a mobile space against those after turns of all others: evicted like that 2.4 % longer in the middle, 0.1 to 12 % for
    /// nine ops in ten, 21 % for one; twelve at a time without it 1.4 % shorter, 4.4 % shorter to 0.2 % longer, 10 % for one.
    pub min_round_size: usize,
    /// Drift of the reference beyond which the session is flagged.
    pub drift_limit: f64,
    /// Which of the machine's speeds figures are of; older sessions did not distinguish them.
    #[serde(default = "fast_alone")]
    pub speeds: Vec<Speed>,
    /// When to pause for the machine to cool; `None` for never. Older sessions did not.
    #[serde(default)]
    pub heat: Option<HeatLimits>,
}

impl Default for Protocol {
    /// ±2 %, 24 to 600 rounds, 10 minutes, pauses at 45 °C of the skin or 80 °C of the processor.
    fn default() -> Self {
        Self {
            seed: 0,
            target_half_width: 0.02,
            min_rounds: 24,
            max_rounds: 600,
            budget_ns: 600_000_000_000,
            hot_samples: 5,
            settle_ns: 4_000_000,
            settle_runs: 48,
            small_settle_runs: 2,
            small_bytes: 1024 * 1024,
            turn_ns: 5_000_000,
            shortest_sample_ns: 20_000,
            reference_every_ns: 8_000_000,
            reference_runs: 2,
            min_round_size: 48,
            drift_limit: 0.15,
            speeds: fast_alone(),
            heat: Some(HeatLimits::default()),
        }
    }
}

fn fast_alone() -> Vec<Speed> {
    vec![Speed::Fast]
}

/// A protocol nobody could follow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("protocol: {field} is {value}, but must be {must_be}")]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub struct ProtocolError {
    pub field: &'static str,
    pub value: String,
    pub must_be: &'static str,
}

impl Protocol {
    /// The default with 8 to 200 rounds: enough for a network alone, whose layers are measured as well.
    pub fn brief() -> Self {
        Self { min_rounds: 8, max_rounds: 200, ..Self::default() }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ProtocolError`] names the first field that makes no sense.
    pub fn check(&self) -> Result<(), ProtocolError> {
        let (target, drift) = (self.target_half_width, self.drift_limit);
        let (fewest, most) = (f64::from(self.min_rounds), f64::from(self.max_rounds));
        let (samples, runs) = (f64::from(self.hot_samples), f64::from(self.reference_runs));
        let is_cool = self.heat.is_none_or(|heat| heat.is_sensible());
        let celsius = self.heat.map_or(0.0, |heat| heat.least_celsius());
        let is_order = matches!(self.speeds[..], [_] | [Speed::Fast, Speed::Sustained]);
        let (fraction, positive) = ("a fraction between 0 and 1", "at least 1");
        let heat = "limits above 0 °C that are further up than the fall waited for";
        // A NaN is in no range.
        let checks = [
            ((1e-6..1.0).contains(&target), "target_half_width", target, fraction),
            ((1e-6..1.0).contains(&drift), "drift_limit", drift, fraction),
            (fewest >= 6.0, "min_rounds", fewest, "at least 6"),
            (most >= fewest, "max_rounds", most, "at least min_rounds"),
            (self.budget_ns > 0, "budget_ns", self.budget_ns as f64, positive),
            (samples > 0.0, "hot_samples", samples, positive),
            (is_cool, "heat", celsius, heat),
            (is_order, "speeds", self.speeds.len() as f64, "fast, sustained, or both"),
            (runs > 0.0, "reference_runs", runs, positive),
        ];
        for (holds, field, value, must_be) in checks {
            if !holds {
                return Err(ProtocolError { field, value: value.to_string(), must_be });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_can_be_followed() {
        assert_eq!(Protocol::default().check(), Ok(()));
        assert_eq!(Protocol::brief().check(), Ok(()));
    }

    #[test]
    fn each_senseless_field_is_named() {
        type Spoil = fn(&mut Protocol);
        let cases: [(&str, Spoil); 10] = [
            ("speeds", |p| p.speeds = Vec::new()),
            ("heat", |p| p.heat = Some(HeatLimits { skin_celsius: f64::NAN, ..HeatLimits::default() })),
            ("target_half_width", |p| p.target_half_width = f64::NAN),
            ("target_half_width", |p| p.target_half_width = 0.0),
            ("drift_limit", |p| p.drift_limit = -0.1),
            ("min_rounds", |p| p.min_rounds = 5),
            ("max_rounds", |p| p.max_rounds = 7),
            ("budget_ns", |p| p.budget_ns = 0),
            ("hot_samples", |p| p.hot_samples = 0),
            ("reference_runs", |p| p.reference_runs = 0),
        ];
        for (field, spoil) in cases {
            let mut protocol = Protocol::brief();
            spoil(&mut protocol);
            assert_eq!(protocol.check().unwrap_err().field, field);
        }
    }
}
