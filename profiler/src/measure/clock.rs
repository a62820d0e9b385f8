//! Clocks: the machine's, and a fake one that tests and emulated backends move by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{MeasureError, median};

/// A monotonic clock in nanoseconds since an arbitrary start.
pub trait Clock {
    /// Nanoseconds since the clock's own start; never goes backwards.
    fn now_ns(&self) -> u64;
}

/// The operating system's monotonic clock.
#[derive(Clone, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        // 2^64 ns are 584 years.
        self.start.elapsed().as_nanos() as u64
    }
}

/// A clock that only moves when it is advanced, plus one nanosecond per reading (its resolution and its cost).
///
/// Clones share the time.
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    now_ns: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the time forward.
    pub fn advance(&self, ns: u64) {
        self.now_ns.fetch_add(ns, Ordering::Relaxed);
    }

    /// The time, without moving it.
    pub fn peek_ns(&self) -> u64 {
        self.now_ns.load(Ordering::Relaxed)
    }
}

impl Clock for FakeClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What a clock can distinguish, and what reading it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockQuality {
    /// Smallest step seen between two readings.
    pub resolution_ns: u64,
    /// Median time from one reading to the next, averaged over batches: what one reading adds to a sample.
    pub cost_ns: f64,
}

impl ClockQuality {
    /// Measures a clock with a few thousand readings.
    ///
    /// # Errors
    /// [`MeasureError::ClockStuck`] if it did not move during ten million readings,
    /// [`MeasureError::ClockBackwards`] if it went back.
    pub fn of(clock: &dyn Clock) -> Result<Self, MeasureError> {
        const STEPS: usize = 200;
        const MOST_READINGS: usize = 10_000_000;
        let mut resolution_ns = u64::MAX;
        let mut steps = 0;
        let mut last = clock.now_ns();
        for _ in 0..MOST_READINGS {
            let now = clock.now_ns();
            if now < last {
                return Err(MeasureError::ClockBackwards { from_ns: last, to_ns: now });
            }
            if now > last {
                resolution_ns = resolution_ns.min(now - last);
                steps += 1;
            }
            last = now;
            if steps == STEPS {
                break;
            }
        }
        if steps < STEPS {
            return Err(MeasureError::ClockStuck { readings: MOST_READINGS });
        }
        Ok(Self { resolution_ns, cost_ns: cost_of_reading(clock) })
    }

    /// The shortest sample in which neither the clock's step nor its cost is worth more than a thousandth,
    /// and never less than `floor_ns`.
    pub fn shortest_sample_ns(&self, floor_ns: u64) -> f64 {
        (floor_ns as f64).max(1000.0 * self.cost_ns.max(self.resolution_ns as f64))
    }
}

/// Batches, because one reading may be cheaper than the clock's step; the median, because batches get
/// pre-empted.
fn cost_of_reading(clock: &dyn Clock) -> f64 {
    const BATCHES: usize = 31;
    const READINGS: u64 = 100;
    let mut costs = [0.0; BATCHES];
    for cost in &mut costs {
        let start = clock.now_ns();
        for _ in 1..READINGS {
            std::hint::black_box(clock.now_ns());
        }
        *cost = (clock.now_ns() - start) as f64 / READINGS as f64;
    }
    median(&costs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of `step_ns` once every `readings_per_step` readings.
    struct CoarseClock {
        readings: AtomicU64,
        step_ns: u64,
        readings_per_step: u64,
    }

    impl Clock for CoarseClock {
        fn now_ns(&self) -> u64 {
            self.readings.fetch_add(1, Ordering::Relaxed) / self.readings_per_step * self.step_ns
        }
    }

    struct StuckClock;
    impl Clock for StuckClock {
        fn now_ns(&self) -> u64 {
            7
        }
    }

    #[test]
    fn fake_clock_moves_only_when_told_or_read() {
        let clock = FakeClock::new();
        let twin = clock.clone();
        twin.advance(500);
        assert_eq!(clock.now_ns(), 501);
        assert_eq!(twin.peek_ns(), 501);
        // Each reading is one tick: resolution 1 ns, cost 1 ns.
        assert_eq!(ClockQuality::of(&clock).unwrap(), ClockQuality { resolution_ns: 1, cost_ns: 1.0 });
    }

    #[test]
    fn coarse_clock_asks_for_long_samples() {
        // One step of 400 ns every 50 readings: a reading costs 8 ns on average.
        let clock = CoarseClock { readings: AtomicU64::new(0), step_ns: 400, readings_per_step: 50 };
        let quality = ClockQuality::of(&clock).unwrap();
        assert_eq!(quality, ClockQuality { resolution_ns: 400, cost_ns: 8.0 });
        // 1000 steps of 400 ns are longer than the floor of 20 µs.
        assert_eq!(quality.shortest_sample_ns(20_000), 400_000.0);
        // A fine clock is ruled by the floor.
        assert_eq!(ClockQuality { resolution_ns: 1, cost_ns: 2.0 }.shortest_sample_ns(20_000), 20_000.0);
    }

    #[test]
    fn stuck_clock_is_refused() {
        assert!(matches!(ClockQuality::of(&StuckClock), Err(MeasureError::ClockStuck { .. })));
    }

    #[test]
    fn system_clock_moves_and_knows_itself() {
        let quality = ClockQuality::of(&SystemClock::new()).unwrap();
        assert!(quality.resolution_ns >= 1);
        assert!(quality.cost_ns > 0.0);
    }
}
