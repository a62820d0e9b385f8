//! One part on one runtime, while it runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::speed::{MachineSpeeds, PartSpeed, SpeedRule};
use super::{
    Bench, BenchError, Detail, Part, Ratio, Watcher, cost, fidelity, layers, modes, steadiness, sums,
    under_load,
};
use crate::backend::Backend;
use crate::measure::{Clock, Speed, SystemClock};

/// One part on one backend, while it runs.
pub(super) struct Job<'a> {
    pub(super) bench: &'a Bench<'a>,
    pub(super) backend: &'a dyn Backend,
    pub(super) part: Part,
    /// For files that the part needs; kept until the bench is done.
    pub(super) work: &'a Path,
    pub(super) stop: &'a AtomicBool,
    pub(super) watcher: &'a mut dyn Watcher,
    /// The job's share of the whole: from, to.
    pub(super) share: (f64, f64),
    /// What the latest table of each runtime says of the machine.
    pub(super) seen: &'a mut BTreeMap<&'static str, MachineSpeeds>,
    pub(super) time: JobTime,
}

/// The time that a job may take.
pub(super) struct JobTime {
    clock: Box<dyn Clock>,
    start_ns: u64,
    share_ns: u64,
    /// What the whole bench has left when the job begins.
    bench_left_ns: u64,
}

impl JobTime {
    /// From now on; emulated where the backend's time is.
    pub(super) fn new(backend: &dyn Backend, share_ns: u64, bench_left_ns: u64) -> Self {
        let clock = clock_of(backend);
        Self { start_ns: clock.now_ns(), clock, share_ns, bench_left_ns }
    }

    pub(super) fn spent_ns(&self) -> u64 {
        self.clock.now_ns() - self.start_ns
    }

    pub(super) fn left_ns(&self) -> u64 {
        self.share_ns.saturating_sub(self.spent_ns())
    }
}

/// The clock that a backend's runs move.
pub(super) fn clock_of(backend: &dyn Backend) -> Box<dyn Clock> {
    match backend.emulated_clock() {
        Some(clock) => Box::new(clock),
        None => Box::new(SystemClock::new()),
    }
}

/// A part's answer.
#[derive(Default)]
pub(super) struct Found {
    pub(super) ratios: Vec<Ratio>,
    pub(super) details: Vec<Detail>,
    pub(super) warnings: Vec<String>,
    pub(super) speed: Option<PartSpeed>,
}

impl Job<'_> {
    pub(super) fn is_emulated(&self) -> bool {
        self.backend.emulated_clock().is_some()
    }

    /// Says what is being done; `done` is of this job, 0 to 1.
    pub(super) fn at(&mut self, doing: &str, done: f64) {
        let (from, to) = self.share;
        let doing = format!("{} on {}: {doing}", self.part, self.backend.name());
        let at_most_ns = self.time.bench_left_ns.saturating_sub(self.time.spent_ns());
        self.watcher.at(&doing, from + done.clamp(0.0, 1.0) * (to - from), at_most_ns);
    }

    /// What is left of the job's time.
    ///
    /// # Errors
    /// [`BenchError::Stopped`] if the stop flag is up, [`BenchError::TimeSpent`] if nothing is left.
    pub(super) fn left_ns(&self) -> Result<u64, BenchError> {
        self.check_stop()?;
        match self.time.left_ns() {
            0 => Err(BenchError::TimeSpent { share_s: self.time.share_ns as f64 / 1e9 }),
            left_ns => Ok(left_ns),
        }
    }

    /// What of the time that is left belongs to a stretch of the job, from 0 to 1. A tenth of it is for loading models.
    pub(super) fn budget_ns(&self, (from, to): (f64, f64)) -> Result<u64, BenchError> {
        Ok((0.9 * self.left_ns()? as f64 * (to - from) / (1.0 - from)) as u64)
    }

    /// [`BenchError::Stopped`] if the stop flag is up.
    pub(super) fn check_stop(&self) -> Result<(), BenchError> {
        if self.stop.load(Ordering::Relaxed) { Err(BenchError::Stopped) } else { Ok(()) }
    }

    /// The speed that tables are to be measured at: by what the latest one says of the machine, or a look at it.
    pub(super) fn target_speed(&mut self) -> Result<PartSpeed, BenchError> {
        if self.bench.speed == SpeedRule::Auto && !self.seen.contains_key(self.backend.name()) {
            self.look()?;
        }
        let seen = self.seen.get(self.backend.name());
        Ok(self.bench.speed.choose(seen.as_slice()))
    }

    /// The protocol of the bench's tables, at this speed.
    pub(super) fn protocol(&self, speed: Speed) -> crate::measure::Protocol {
        crate::measure::Protocol { seed: self.bench.seed, speeds: vec![speed], ..self.bench.protocol.clone() }
    }

    pub(super) fn answer(&mut self) -> Result<Found, BenchError> {
        match self.part {
            Part::Fidelity => fidelity::run(self),
            Part::Steadiness => steadiness::run(self),
            Part::Load => under_load::run(self),
            Part::Modes => modes::run(self),
            Part::Cost => cost::run(self),
            Part::Memory => cost::memory(self),
            Part::Sums => sums::run(self),
            Part::Layers => layers::run(self),
        }
    }
}
