//! A backend that computes nothing: its runs move a fake clock by an analytic cost.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::{Backend, BackendError, Model, Runnable};
use crate::measure::FakeClock;

/// What a run of a subject costs in nanoseconds, from its key; `None` for one whose ops are not known.
pub type CostModel = Box<dyn Fn(&str) -> Option<f64>>;

/// Multiplicative noise: every run costs `cost · (1 + amplitude · u)`, `u` uniform in `[-1, 1)`, times [`MockNoise::SLOWER`] while the
/// machine that is emulated has its slow speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MockNoise {
    /// Fraction of the cost; 0 for none.
    pub amplitude: f64,
    /// Seed; every subject draws its own stream from it.
    pub seed: u64,
    /// Share of the time at the fast speed, in stretches of half a second and multiples of it; 1 for a machine of one speed.
    pub fast_share: f64,
}

impl MockNoise {
    /// No noise at all.
    pub const NONE: Self = Self { amplitude: 0.0, seed: 0, fast_share: 1.0 };
    /// How many times as long everything takes at the slow speed.
    pub const SLOWER: f64 = 1.83;

    /// How many times as long as at the fast speed a run takes at this moment. Multiples of the golden ratio spread evenly, so that
    /// any minute has the share.
    fn slowness(&self, at_ns: u64) -> f64 {
        const STRETCH_NS: u64 = 500_000_000;
        let drawn = ((at_ns / STRETCH_NS) as f64 * 0.618_033_988_749_895).fract();
        if drawn < self.fast_share { 1.0 } else { Self::SLOWER }
    }
}

/// The mock backend.
pub struct Mock {
    clock: FakeClock,
    cost: CostModel,
    noise: MockNoise,
}

impl Mock {
    /// Name in tables.
    pub const NAME: &'static str = "mock";

    /// A backend whose runs cost what `cost` says of their keys.
    pub fn new(cost: CostModel, noise: MockNoise) -> Self {
        Self { clock: FakeClock::new(), cost, noise }
    }
}

impl Backend for Mock {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn prepare(&self, model: Model<'_>, _threads: usize) -> Result<Box<dyn Runnable>, BackendError> {
        let refuse = |reason: &str| BackendError::prepare(Self::NAME, model.key, reason);
        let cost_ns = (self.cost)(model.key).ok_or_else(|| refuse("its ops are not known"))?;
        if !(cost_ns.is_finite() && cost_ns >= 1.0) {
            return Err(refuse(&format!("its cost is {cost_ns} ns, expected at least 1")));
        }
        Ok(Box::new(MockRunnable {
            key: model.key.to_owned(),
            clock: self.clock.clone(),
            cost_ns,
            noise: self.noise,
            random: Pcg64::seed_from_u64(self.noise.seed ^ fingerprint(model.key)),
            owed_ns: 0.0,
        }))
    }

    fn emulated_clock(&self) -> Option<FakeClock> {
        Some(self.clock.clone())
    }
}

struct MockRunnable {
    key: String,
    clock: FakeClock,
    cost_ns: f64,
    noise: MockNoise,
    random: Pcg64,
    /// Fractions of a nanosecond the clock could not be moved by yet.
    owed_ns: f64,
}

impl Runnable for MockRunnable {
    fn run(&mut self) -> Result<(), BackendError> {
        let noise = 1.0 + self.noise.amplitude * (self.random.random::<f64>() * 2.0 - 1.0);
        let cost = self.cost_ns * noise * self.noise.slowness(self.clock.peek_ns()) + self.owed_ns;
        self.owed_ns = cost.fract();
        self.clock.advance(cost as u64);
        Ok(())
    }

    fn input_len(&self) -> usize {
        0
    }

    fn outputs(&mut self, _input: &[f32]) -> Result<Vec<f32>, BackendError> {
        Err(BackendError::NoOutputs { backend: Mock::NAME, key: self.key.clone() })
    }
}

/// FNV-1a, so that a subject's noise does not depend on the order of preparation.
fn fingerprint(key: &str) -> u64 {
    key.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_length() -> CostModel {
        Box::new(|key| (!key.is_empty()).then_some(key.len() as f64 * 100.5))
    }

    fn model(key: &str) -> Model<'_> {
        Model::whole(key, &[])
    }

    #[test]
    fn runs_cost_what_the_model_says() {
        let mock = Mock::new(by_length(), MockNoise::NONE);
        let clock = mock.emulated_clock().unwrap();
        let mut subject = mock.prepare(model("abcde"), 1).unwrap();
        for _ in 0..4 {
            subject.run().unwrap();
        }
        // 4 · 5 · 100.5 = 2010: halves are carried over, not lost.
        assert_eq!(clock.peek_ns(), 2010);
        assert!(matches!(subject.outputs(&[]), Err(BackendError::NoOutputs { .. })));
    }

    #[test]
    fn noise_is_seeded_by_subject_and_bounded() {
        let costs = |seed, keys: [&str; 2]| {
            let mock = Mock::new(by_length(), MockNoise { amplitude: 0.1, seed, ..MockNoise::NONE });
            let clock = mock.emulated_clock().unwrap();
            keys.map(|key| {
                let mut subject = mock.prepare(model(key), 1).unwrap();
                let before = clock.peek_ns();
                subject.run().unwrap();
                clock.peek_ns() - before
            })
        };
        let [a, b] = costs(1, ["aaaaaaaaaa", "bbbbbbbbbb"]);
        assert_ne!(a, b);
        assert!((904..=1106).contains(&a) && (904..=1106).contains(&b), "{a} {b}");
        // The order of preparation changes nothing; the seed does.
        assert_eq!(costs(1, ["bbbbbbbbbb", "aaaaaaaaaa"]), [b, a]);
        assert_ne!(costs(2, ["aaaaaaaaaa", "bbbbbbbbbb"]), [a, b]);
    }

    #[test]
    fn a_slow_machine_has_its_fast_speed_for_the_share_that_is_asked_for() {
        for share in [0.15, 0.85] {
            let noise = MockNoise { fast_share: share, ..MockNoise::NONE };
            // A minute, read every 10 ms.
            let moments = (0..6000).map(|i| noise.slowness(i * 10_000_000));
            let fast = moments.filter(|slowness| *slowness == 1.0).count() as f64 / 6000.0;
            assert!((fast - share).abs() < 0.02, "{fast}");
        }
        assert!((0..100).all(|i| MockNoise::NONE.slowness(i * 1_000_000_000) == 1.0));
    }

    #[test]
    fn subjects_without_a_sensible_cost_are_refused() {
        let mock = Mock::new(by_length(), MockNoise::NONE);
        let error = mock.prepare(model(""), 1).err().unwrap();
        assert_eq!(error.to_string(), "mock does not take ``: its ops are not known");
        for cost in [f64::NAN, 0.0, -4.0, f64::INFINITY] {
            let mock = Mock::new(Box::new(move |_| Some(cost)), MockNoise::NONE);
            assert!(matches!(mock.prepare(model("a"), 1), Err(BackendError::Prepare { .. })));
        }
    }
}
