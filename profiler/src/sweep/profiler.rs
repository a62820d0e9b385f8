//! Measuring with few words: a runtime, this machine, and the documented protocol.

use std::env;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{CompareWith, Measured, Planned, Sweep, SweepError, SweepResult, plan_op};
use crate::backend::Backend;
use crate::device::{AffinityError, pin};
use crate::measure::{Entry, Observer, Progress, Protocol, SubjectFailure};
use crate::record::{Row, WriteError};
use crate::spec::OpSpec;

/// A runtime on this machine: one thread and [`Protocol::default`], if nothing else is said.
#[derive(Clone, Debug)]
pub struct Profiler<B> {
    backend: B,
    threads: usize,
    cpus: Vec<usize>,
    protocol: Protocol,
}

/// An op's latency in both cache states.
#[derive(Clone, Debug, PartialEq)]
pub struct HotAndCold {
    /// Back to back.
    pub hot: Row,
    /// After other work evicted the caches.
    pub cold: Row,
}

impl<B: Backend> Profiler<B> {
    /// A profiler on a runtime.
    pub fn on(backend: B) -> Self {
        Self { backend, threads: 1, cpus: Vec::new(), protocol: Protocol::default() }
    }

    /// With so many threads of the runtime; said before [`Profiler::pinned`].
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// By another protocol than the default one.
    #[must_use]
    pub fn protocol(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// Within so much time, warming up included; figures may then be less exact than the protocol's target.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.protocol.budget_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// Pins the calling thread to the fastest cores, one for each thread of the runtime; not where runs are emulated.
    ///
    /// # Errors
    /// [`AffinityError`] if there are not so many cores, or the kernel refuses.
    pub fn pinned(self) -> Result<Self, AffinityError> {
        let is_emulated = self.backend.emulated_clock().is_some();
        let cpus = if is_emulated { Vec::new() } else { pin(None, self.threads)? };
        Ok(Self { cpus, ..self })
    }

    /// Measures an op; leaves no files.
    ///
    /// # Errors
    /// [`SweepError`] if the runtime does not take it, or there was too little time.
    pub fn measure(&self, op: &OpSpec) -> Result<HotAndCold, SweepError> {
        let folder = tempfile::tempdir().map_err(|source| WriteError { path: env::temp_dir(), source })?;
        let table = folder.path().join("op.csv");
        let measured = self.measure_all(vec![plan_op(*op)?], &table, |_| ControlFlow::Continue(()))?;
        let mut rows = measured.rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(hot), Some(cold)) => Ok(HotAndCold { hot, cold }),
            _ => Err(SweepError::TooShort { missing: 1, total: 1 }),
        }
    }

    /// Measures subjects together into a table, with its session and journal beside it, and calls `progress` after every turn.
    ///
    /// Where `progress` breaks, or the process is killed, the same call goes on later from where it was.
    ///
    /// # Errors
    /// [`SweepError`]; [`SweepError::Stopped`] if `progress` breaks.
    pub fn measure_all(
        &self,
        subjects: Vec<Planned>,
        table: &Path,
        progress: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Measured, SweepError> {
        let stop = AtomicBool::new(false);
        match self.sweep(subjects, table).run(&mut OnProgress { tell: progress, stop: &stop }, &stop)? {
            SweepResult::Done { measured, .. } => Ok(measured),
            SweepResult::Stopped => Err(SweepError::Stopped),
        }
    }

    /// The sweep behind [`Profiler::measure_all`], for what it can do besides: anchors, known speeds, a second runtime to compare
    /// outputs with.
    pub fn sweep(&self, subjects: Vec<Planned>, table: &Path) -> Sweep<'_> {
        Sweep {
            subjects,
            backend: &self.backend,
            threads: self.threads,
            cpus: self.cpus.clone(),
            protocol: self.protocol.clone(),
            anchors: None,
            known_speeds: None,
            layers: None,
            compare_with: CompareWith::Nothing("no second runtime was given"),
            output: table.to_owned(),
        }
    }
}

/// Tells a closure, which may stop the measurement.
struct OnProgress<'a, F> {
    tell: F,
    stop: &'a AtomicBool,
}

impl<F: FnMut(&Progress) -> ControlFlow<()>> Observer for OnProgress<'_, F> {
    fn record(&mut self, _: &Entry) -> Result<(), SubjectFailure> {
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        if (self.tell)(progress).is_break() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Mock, MockNoise};
    use crate::sweep::{MockLaw, mock_costs};

    fn profiler(subjects: &[Planned]) -> Profiler<Mock> {
        Profiler::on(Mock::new(mock_costs(subjects, MockLaw::default()), MockNoise::NONE)).pinned().unwrap()
    }

    #[test]
    fn an_op_takes_what_it_costs_hot_and_cold() {
        let op: OpSpec = "conv-8x8x8-o8-k3-s1-relu6".parse().unwrap();
        let HotAndCold { hot, cold } = profiler(&[plan_op(op).unwrap()]).measure(&op).unwrap();
        let ms = MockLaw::default().op_ns(&op) / 1e6;
        assert!((hot.latency_ms / ms - 1.0).abs() < 1e-3 && (cold.latency_ms / ms - 1.0).abs() < 1e-3);
        let too_short = profiler(&[plan_op(op).unwrap()]).within(Duration::from_nanos(1)).measure(&op);
        assert!(matches!(too_short, Err(SweepError::TooShort { .. })), "{too_short:?}");
    }

    #[test]
    fn who_watches_can_stop_it_and_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("table.csv");
        let keys = ["conv-8x8x8-o8-k3-s1-relu6", "gpool-4x4x8"];
        let subjects: Vec<Planned> = keys.iter().map(|key| plan_op(key.parse().unwrap()).unwrap()).collect();
        let profiler = profiler(&subjects);
        let mut turns = 0;
        let stopped = profiler.measure_all(subjects.clone(), &table, |_| {
            turns += 1;
            if turns == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(stopped, Err(SweepError::Stopped)) && !table.exists());
        let mut rest = 0;
        let measured = profiler.measure_all(subjects, &table, |_| {
            rest += 1;
            ControlFlow::Continue(())
        });
        // 24 turns of two ops, three of which were taken before.
        assert_eq!((turns, rest, measured.unwrap().rows.len()), (3, 45, 4));
    }
}
