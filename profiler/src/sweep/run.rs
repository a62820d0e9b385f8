//! Running a sweep from its plan to its files.

use std::{path::PathBuf, sync::atomic::AtomicBool};

use jiff::Timestamp;

use super::{Journal, Measured, Planned, SweepError, journal::Header, journal_path, rows};
use crate::{
    backend::{Backend, Model},
    device::{Device, MachineState, peak_memory_kib},
    measure::{Drift, Entry, Instruments, Observer, Outcome, Progress, Protocol, SubjectFailure, measure},
    record::{Conditions, Runtime, Session, session_path, write_session, write_table},
};

/// A sweep: subjects, and how and where to measure them.
pub struct Sweep<'a> {
    /// What to measure; keys must differ.
    pub subjects: Vec<Planned>,
    /// On which runtime.
    pub backend: &'a dyn Backend,
    /// With how many threads.
    pub threads: usize,
    /// Pinned to these processors, as the kernel confirmed.
    pub cpus: Vec<usize>,
    /// How.
    pub protocol: Protocol,
    /// The table to write.
    pub output: PathBuf,
}

/// How a sweep ended.
#[derive(Clone, Debug)]
pub enum SweepResult {
    /// The table is written.
    Done {
        /// Its rows.
        measured: Measured,
        /// Its session.
        session: Box<Session>,
    },
    /// Stopped by the user; the journal has everything.
    Stopped,
}

impl Sweep<'_> {
    /// Measures what the journal has not yet, then writes table and session.
    ///
    /// # Errors
    /// [`SweepError`]; what was measured stays in the journal.
    pub fn run(mut self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<SweepResult, SweepError> {
        self.check_names()?;
        let mut subjects = Vec::new();
        for planned in &mut self.subjects {
            // Once loaded, a model's bytes would only take memory.
            let onnx = std::mem::take(&mut planned.onnx);
            subjects.push(self.backend.prepare(Model { key: &planned.key, onnx: &onnx }, self.threads)?);
        }
        let device = Device::of_this_machine();
        let path = journal_path(&self.output);
        let (mut journal, mut history) = Journal::open(&path, self.header(&device))?;
        let mut instruments = match self.backend.emulated_clock() {
            Some(clock) => Instruments::emulated(clock),
            None => Instruments::of_this_machine(self.threads),
        };
        let before = MachineState::of_this_machine();
        let mut both = Both { journal: &mut journal, observer };
        let outcome =
            measure(&mut subjects, &self.protocol, &mut instruments, &mut history, &mut both, stop)?;
        let after = MachineState::of_this_machine();
        if outcome == Outcome::Stopped {
            return Ok(SweepResult::Stopped);
        }
        let header = &journal.header;
        let mut measured = rows(&self.subjects, &history, &self.protocol, &header.session)?;
        let no_reference = || crate::measure::MeasureError::NoReference { segment: 0 };
        let drift = Drift::of(&history)?.ok_or_else(no_reference)?.report(self.protocol.drift_limit);
        if drift.excessive {
            measured.warnings.push(format!(
                "the machine's speed moved from {:.0} % to {:.0} % of its median: treat the table with care",
                100.0 / drift.high_ratio,
                100.0 / drift.low_ratio
            ));
        }
        let session = Session {
            id: header.session.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started: header.started.clone(),
            finished: Timestamp::now().to_string(),
            measured_s: history.spent_ns() as f64 / 1e9,
            outcome,
            conditions: header.conditions.clone(),
            device,
            before,
            after,
            protocol: self.protocol.clone(),
            drift,
            runs: measured.runs,
            dropped_runs: measured.dropped_runs,
            peak_memory_kib: peak_memory_kib(),
            warnings: measured.warnings.clone(),
        };
        write_session(&session_path(&self.output), &session)?;
        write_table(&self.output, &measured.rows)?;
        Ok(SweepResult::Done { measured, session: Box::new(session) })
    }

    fn check_names(&self) -> Result<(), SweepError> {
        let mut keys: Vec<_> = self.subjects.iter().map(|subject| &subject.key).collect();
        keys.sort();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(SweepError::SameName(pair[0].clone())),
            None => Ok(()),
        }
    }

    fn header(&self, device: &Device) -> Header {
        let now = Timestamp::now();
        let conditions = Conditions {
            device: device.name(),
            runtime: runtime_of(self.backend),
            threads: self.threads,
            cpus: self.cpus.clone(),
            build_target: device.build_target.clone(),
        };
        let session = format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), now.subsec_nanosecond());
        let keys = self.subjects.iter().map(|subject| subject.key.clone()).collect();
        Header::new(session, now.to_string(), conditions, self.protocol.clone(), keys)
    }
}

/// What a session says of a backend.
#[must_use]
pub fn runtime_of(backend: &dyn Backend) -> Runtime {
    let details = backend.details().into_iter().map(|(name, value)| (name.to_owned(), value));
    Runtime {
        name: backend.name().to_owned(),
        version: backend.version(),
        emulated: backend.emulated_clock().is_some(),
        details: details.collect(),
    }
}

struct Both<'a> {
    journal: &'a mut Journal,
    observer: &'a mut dyn Observer,
}

impl Observer for Both<'_> {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        self.journal.record(entry)?;
        self.observer.record(entry)
    }

    fn progress(&mut self, progress: &Progress) {
        self.observer.progress(progress);
    }

    fn warming_up(&mut self, subject: usize) {
        self.observer.warming_up(subject);
    }
}
