//! Running a bench, part by part.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::report::{take_up, write_report};
use super::{
    BenchError, Detail, Finding, Part, Ratio, Report, Settings, cost, fidelity, layers, modes, steadiness,
    sums, under_load,
};
use crate::backend::Backend;
use crate::device::{Device, MachineState};
use crate::measure::Protocol;
use crate::record::{Runtime, WriteError};
use crate::spec::SearchSpace;
use crate::sweep::runtime_of;

/// A bench: what to ask, of which runtimes, and how.
pub struct Bench<'a> {
    /// The space whose ops are measured.
    pub space: SearchSpace,
    /// The command-line words that name the space, for other processes of this program.
    pub space_words: Vec<String>,
    /// The runtimes.
    pub backends: Vec<&'a dyn Backend>,
    /// The command-line words that name the runtimes' libraries, for other processes of this program.
    pub library_words: Vec<OsString>,
    /// What to ask.
    pub parts: Vec<Part>,
    /// Threads of the runtimes.
    pub threads: usize,
    /// Processors this process is pinned to, as the kernel confirmed.
    pub cpus: Vec<usize>,
    /// Processors this process could use before: the load uses them all.
    pub all_cpus: Vec<usize>,
    /// Tables that are compared with each other.
    pub repeats: usize,
    /// Seed of every choice.
    pub seed: u64,
    /// How tables are measured.
    pub protocol: Protocol,
    /// This program.
    pub program: PathBuf,
    /// The report to write after every part and to resume from.
    pub output: Option<PathBuf>,
}

/// Follows a bench.
pub trait Watcher {
    /// What is being done, and how much of the whole is done: 0 to 1.
    fn at(&mut self, doing: &str, done: f64);

    /// A part is finished.
    fn found(&mut self, finding: &Finding);
}

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
}

/// A part's answer.
#[derive(Default)]
pub(super) struct Found {
    pub(super) ratios: Vec<Ratio>,
    pub(super) details: Vec<Detail>,
    pub(super) warnings: Vec<String>,
}

impl Job<'_> {
    pub(super) fn is_emulated(&self) -> bool {
        self.backend.emulated_clock().is_some()
    }

    /// Says what is being done; `done` is of this job, 0 to 1.
    pub(super) fn at(&mut self, doing: &str, done: f64) {
        let (from, to) = self.share;
        let doing = format!("{} on {}: {doing}", self.part, self.backend.name());
        self.watcher.at(&doing, from + done.clamp(0.0, 1.0) * (to - from));
    }

    /// [`BenchError::Stopped`] if the stop flag is up.
    pub(super) fn check_stop(&self) -> Result<(), BenchError> {
        let is_stopped = self.stop.load(std::sync::atomic::Ordering::Relaxed);
        if is_stopped { Err(BenchError::Stopped) } else { Ok(()) }
    }

    pub(super) fn no_figure(&self, name: &str, base: &str) -> BenchError {
        let backend = self.backend.name().to_owned();
        BenchError::NoFigure { part: self.part, backend, name: name.to_owned(), base: base.to_owned() }
    }

    fn answer(&mut self) -> Result<Found, BenchError> {
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

impl Bench<'_> {
    /// Asks every part of every backend, one after the other, and writes the report after each.
    ///
    /// # Errors
    /// [`BenchError`]; the parts that were finished are in the report.
    pub fn run(&self, watcher: &mut dyn Watcher, stop: &AtomicBool) -> Result<Report, BenchError> {
        let jobs = self.jobs()?;
        let fresh = self.fresh();
        let mut report = match &self.output {
            Some(path) => take_up(path, fresh)?,
            None => fresh,
        };
        let work = Work::of(self.output.as_deref())?;
        let weights: f64 = jobs.iter().map(|(part, _)| part.weight()).sum();
        let mut done = 0.0;
        for (part, backend) in jobs {
            let share = (done, done + part.weight() / weights);
            done = share.1;
            let runtime = runtime_of(backend);
            if report.has(part, &runtime) {
                continue;
            }
            let mut job = Job { bench: self, backend, part, work: &work.path, stop, watcher, share };
            let finding = self.find(&mut job, runtime)?;
            watcher.found(&finding);
            report.findings.push(finding);
            if let Some(path) = &self.output {
                write_report(path, &report)?;
            }
        }
        work.remove()?;
        Ok(report)
    }

    fn jobs(&self) -> Result<Vec<(Part, &dyn Backend)>, BenchError> {
        let pairs = self.parts.iter().flat_map(|part| self.backends.iter().map(|backend| (*part, *backend)));
        let checked = pairs.map(|(part, backend)| {
            let is_senseless = backend.emulated_clock().is_some() && !part.can_be_emulated();
            let senseless = BenchError::Emulated { part, backend: backend.name() };
            if is_senseless { Err(senseless) } else { Ok((part, backend)) }
        });
        checked.collect()
    }

    fn find(&self, job: &mut Job, runtime: Runtime) -> Result<Finding, BenchError> {
        let (started, before) = (Timestamp::now().to_string(), MachineState::of_this_machine());
        let found = job.answer()?;
        if let Some(ratio) = found.ratios.iter().find(|ratio| !ratio.value.is_finite()) {
            return Err(job.no_figure(&ratio.name, &ratio.base));
        }
        Ok(Finding {
            part: job.part,
            runtime,
            started,
            finished: Timestamp::now().to_string(),
            before,
            after: MachineState::of_this_machine(),
            ratios: found.ratios,
            details: found.details,
            warnings: found.warnings,
        })
    }

    fn fresh(&self) -> Report {
        let machine = Device::of_this_machine();
        let settings = Settings {
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            device: machine.name(),
            build_target: machine.build_target.clone(),
            space: self.space_words.join(" "),
            ops: self.space.distinct_ops().len(),
            threads: self.threads,
            cpus: self.cpus.clone(),
            repeats: self.repeats,
            seed: self.seed,
        };
        Report { settings, machine, findings: Vec::new() }
    }
}

/// Where parts keep their tables meanwhile: beside the report, so that a stopped bench finds them again.
struct Work {
    path: PathBuf,
    /// Removed when dropped, where there is no report.
    _temporary: Option<tempfile::TempDir>,
}

impl Work {
    fn of(output: Option<&Path>) -> Result<Self, WriteError> {
        let failed = |path: &Path, source| WriteError { path: path.to_owned(), source };
        let Some(output) = output else {
            let folder = tempfile::tempdir().map_err(|source| failed(&std::env::temp_dir(), source))?;
            return Ok(Self { path: folder.path().to_owned(), _temporary: Some(folder) });
        };
        let path = output.with_extension("parts");
        std::fs::create_dir_all(&path).map_err(|source| failed(&path, source))?;
        Ok(Self { path, _temporary: None })
    }

    fn remove(self) -> Result<(), WriteError> {
        std::fs::remove_dir_all(&self.path).map_err(|source| WriteError { path: self.path.clone(), source })
    }
}
