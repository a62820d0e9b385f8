//! Running a sweep from its plan to its files.

use std::{collections::HashSet, path::PathBuf, sync::atomic::AtomicBool};

use jiff::Timestamp;

use super::compare::Comparison;
use super::expected::Expected;
use super::in_place::{SweepHistory, Tracer, add_rows};
use super::journal::{Header, models_sha256};
use super::loaded::Loaded;
use super::plan::plan_anchors;
use super::recorder::Recorder;
use super::references::{load_references, speed_report};
use super::rows::subject_rows;
use super::session::{change_since, conditions, drift_warning, new_session, output_warning};
use super::{CompareWith, Journal, Measured, Planned, SweepError, journal_path, rows};
use crate::backend::{Backend, BackendError, Model, Runnable};
use crate::device::{Device, MachineState, peak_memory_kib, return_free_memory};
use crate::layers::{LayersError, TracePlan};
use crate::measure::{
    ContentionReport, Entry, HeatReport, Instruments, Observer, Outcome, Protocol, SubjectFailure,
    SubjectSummary, drift_report, measure,
};
use crate::record::{Anchors, Level, OutputCheck, Row, Session, session_path, write_session, write_table};

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
    /// Figures of an earlier session that are measured again, beside the subjects, to tell whether the machine is the same.
    pub anchors: Option<Anchors>,
    /// The folder with what is known of machines' speeds; `None` for none.
    pub known_speeds: Option<PathBuf>,
    /// Whether and how the layers of networks from elsewhere are measured, too.
    pub layers: Option<TracePlan>,
    /// With what outputs are compared before anything is timed.
    pub compare_with: CompareWith<'a>,
    /// The table to write.
    pub output: PathBuf,
}

/// A subject that the runtime did not take, or failed on: it has no rows, or only those of the whole.
#[derive(Debug)]
pub struct Lost {
    /// Its key.
    pub subject: String,
    /// Why.
    pub error: SweepError,
}

impl Lost {
    /// What a reader of the table should know.
    fn warning(&self, rows: &[Row]) -> String {
        let whose =
            if rows.iter().any(|row| row.subject == self.subject) { ": its layers have" } else { " has" };
        format!("{}{whose} no rows: {}", self.subject, self.error)
    }
}

/// How a sweep ended.
#[derive(Debug)]
pub enum SweepResult {
    /// The table is written.
    Done {
        /// Its rows.
        measured: Measured,
        /// Its session.
        session: Box<Session>,
        /// Subjects that are not in it.
        lost: Vec<Lost>,
    },
    /// Stopped by the user; the journal has everything.
    Stopped,
}

impl Sweep<'_> {
    /// Measures what the journal has not yet, then writes table and session. Subjects that the runtime fails on before they
    /// are timed are left out, unless none is left.
    ///
    /// # Errors
    /// [`SweepError`]; what was measured stays in the journal.
    pub fn run(self, observer: &mut dyn Observer, stop: &AtomicBool) -> Result<SweepResult, SweepError> {
        self.run_live(observer, stop, &mut |_| Ok(()))
    }

    /// Like [`Sweep::run`], and hands on each subject's rows as soon as it needs no more rounds, once per call. They
    /// are provisional: drift is corrected over the whole session, so the table's figures may differ a little.
    ///
    /// # Errors
    /// [`SweepError`]; what was measured stays in the journal. An error of `provisional` ends the sweep.
    pub fn run_live(
        mut self,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
        provisional: &mut dyn FnMut(&Row) -> Result<(), SubjectFailure>,
    ) -> Result<SweepResult, SweepError> {
        self.check_names()?;
        // Anchors that nobody asked for are no part of the table.
        let asked_for: HashSet<String> = self.subjects.iter().map(|planned| planned.key.clone()).collect();
        if let Some(anchors) = &self.anchors {
            let more = plan_anchors(anchors, &self.subjects)?;
            self.subjects.extend(more);
        }
        let mut ops = self.subjects.iter().flat_map(|planned| &planned.ops);
        ops.try_for_each(|op| self.backend.supports(op))?;
        if self.layers.is_some() && self.backend.emulated_clock().is_some() {
            return Err(BackendError::Untraceable { backend: self.backend.name() }.into());
        }
        let models_sha256 = models_sha256(&self.subjects);
        let is_layered = |planned: &&Planned| {
            let is_foreign = planned.level == Level::Network && planned.ops.is_empty();
            is_foreign && asked_for.contains(&planned.key)
        };
        let mut networks: Vec<Planned> = match &self.layers {
            Some(_) => self.subjects.iter().filter(is_layered).cloned().collect(),
            None => Vec::new(),
        };
        let (mut subjects, outputs, mut lost) = self.load(&asked_for)?;
        networks.retain(|network| lost.iter().all(|lost| lost.subject != network.key));
        let device = Device::of_this_machine();
        let path = journal_path(&self.output);
        let (mut journal, SweepHistory { whole: mut history, mut layers }) =
            Journal::open(&path, self.header(&device, models_sha256))?;
        let mut instruments = match self.backend.emulated_clock() {
            Some(clock) => Instruments::emulated(clock),
            None => Instruments::of_this_machine(self.threads),
        };
        instruments.references = load_references(self.backend, self.threads)?;
        let expected = Expected::read(self.known_speeds.as_deref(), &journal.header.conditions, &device);
        if !instruments.references.is_empty() {
            instruments.known_ns = expected.references_ns(self.anchors.as_ref());
        }
        let before = MachineState::of_this_machine();
        let session = journal.header.session.clone();
        let mut recorder = Recorder {
            write: |entry: &Entry| journal.append(entry),
            closed: |subject: usize, summaries: &[SubjectSummary]| {
                let planned = self.subjects.get(subject).filter(|planned| asked_for.contains(&planned.key));
                let Some(planned) = planned else { return Ok(()) };
                let rows = summaries.iter().filter_map(|summary| subject_rows(planned, summary, &session));
                rows.flatten().try_for_each(|row| provisional(&row))
            },
            observer,
        };
        let outcome =
            measure(&mut subjects, &self.protocol, &mut instruments, &mut history, &mut recorder, stop)?;
        if outcome == Outcome::Stopped {
            return Ok(SweepResult::Stopped);
        }
        drop(subjects);
        return_free_memory();
        let mut layered = Vec::new();
        if let Some(plan) = &self.layers {
            let (backend, threads, seed) = (self.backend, self.threads, self.protocol.seed);
            let mut tracer = Tracer { backend, threads, plan, instruments: &mut instruments, stop };
            match tracer.all(&networks, &mut layers, &mut journal, seed, observer) {
                Ok((found, more)) => {
                    layered = found;
                    lost.extend(more);
                }
                Err(SweepError::Layers(LayersError::Stopped)) => return Ok(SweepResult::Stopped),
                Err(error) => return Err(error),
            }
        }
        let after = MachineState::of_this_machine();
        let header = &journal.header;
        let mut measured = rows(&self.subjects, &history, &self.protocol, &header.session)?;
        let machine = self.anchors.as_ref().map(|anchors| change_since(anchors, &measured.rows));
        let machine = machine.and_then(|(machine, warning)| {
            measured.warnings.extend(warning);
            machine
        });
        measured.rows.retain(|row| asked_for.contains(&row.subject));
        let target = self.layers.as_ref().map_or(0.0, |plan| plan.target_half_width);
        let repeats = add_rows(&mut measured.rows, &layered, target);
        let drift = drift_report(&history, &self.protocol)?;
        measured.warnings.extend(drift_warning(&drift));
        measured.warnings.extend(output_warning(&outputs));
        let heat = HeatReport::of(&history, instruments.thermometer.sensors());
        measured.warnings.extend(heat.warning());
        let contention = ContentionReport::of(&history);
        measured.warnings.extend(contention.as_ref().and_then(ContentionReport::warning));
        measured.warnings.extend(lost.iter().map(|lost| lost.warning(&measured.rows)));
        let traced_ns: u64 = layered.iter().map(|layered| layered.in_place.spent_ns).sum();
        let mut session = Session {
            id: header.session.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started: header.started.clone(),
            finished: Timestamp::now().to_string(),
            measured_s: (history.spent_ns() - history.paused_ns() + traced_ns) as f64 / 1e9,
            outcome,
            conditions: header.conditions.clone(),
            device,
            before,
            after,
            protocol: self.protocol.clone(),
            outputs,
            drift,
            speed: speed_report(&history, &self.protocol),
            machine,
            heat: self.backend.emulated_clock().is_none().then_some(heat),
            contention,
            runs: measured.runs,
            dropped_runs: measured.dropped_runs,
            peak_memory_kib: peak_memory_kib(),
            repeats,
            warnings: measured.warnings.clone(),
        };
        session.warnings.extend(expected.keep(&session));
        write_session(&session_path(&self.output), &session)?;
        write_table(&self.output, &measured.rows)?;
        Ok(SweepResult::Done { measured, session: Box::new(session), lost })
    }

    /// Loads every subject, runs it once, and compares its outputs. Those that the runtime fails on are subjects no more.
    ///
    /// The largest model comes first: for the comparison it is in memory in two runtimes, and what the other one took
    /// for it is free again before the many small ones are loaded.
    fn load(
        &mut self,
        asked_for: &HashSet<String>,
    ) -> Result<(Vec<Loaded>, OutputCheck, Vec<Lost>), SweepError> {
        let mut order: Vec<usize> = (0..self.subjects.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.subjects[*index].bytes()));
        let mut comparison = Comparison::new(self.compare_with);
        let (backend, threads) = (self.backend, self.threads);
        // What cannot run is known before anything is timed.
        let tried = |mut subject: Box<dyn Runnable>| {
            let is_emulated = backend.emulated_clock().is_some();
            if is_emulated { Ok(subject) } else { subject.run().map(|()| subject) }
        };
        let (mut loaded, mut lost) = (Vec::with_capacity(order.len()), Vec::new());
        for index in order {
            let planned = &mut self.subjects[index];
            // Once loaded, a model's bytes would only take memory; those whose layers are measured have them elsewhere.
            let model_bytes = planned.bytes();
            let onnx = std::mem::take(&mut planned.onnx);
            let model = Model { onnx: &onnx, ..planned.model() };
            match backend.prepare(model, threads).and_then(tried) {
                Ok(mut subject) => {
                    comparison.check(subject.as_mut(), model, backend)?;
                    loaded.push((index, Loaded { runnable: subject, model_bytes }));
                }
                Err(error @ (BackendError::Prepare { .. } | BackendError::Run { .. })) => {
                    lost.push((index, error));
                }
                Err(error) => return Err(error.into()),
            }
            return_free_memory();
        }
        loaded.sort_by_key(|(index, _)| *index);
        lost.sort_by_key(|(index, _)| *index);
        if lost.len() >= asked_for.len() && !lost.is_empty() {
            return Err(lost.swap_remove(0).1.into());
        }
        let named = |(index, error): (usize, BackendError)| Lost {
            subject: self.subjects[index].key.clone(),
            error: error.into(),
        };
        let lost: Vec<Lost> = lost.into_iter().map(named).collect();
        self.subjects.retain(|planned| lost.iter().all(|lost| lost.subject != planned.key));
        Ok((loaded.into_iter().map(|(_, subject)| subject).collect(), comparison.finish(), lost))
    }

    fn check_names(&self) -> Result<(), SweepError> {
        let mut keys: Vec<_> = self.subjects.iter().map(|subject| &subject.key).collect();
        keys.sort();
        match keys.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(SweepError::SameName(pair[0].clone())),
            None => Ok(()),
        }
    }

    fn header(&self, device: &Device, models_sha256: String) -> Header {
        let conditions = conditions(self.backend, self.threads, &self.cpus, device);
        let (session, started) = new_session();
        let keys = self.subjects.iter().map(|subject| subject.key.clone()).collect();
        Header::new(session, started, conditions, self.protocol.clone(), keys, models_sha256)
    }
}
