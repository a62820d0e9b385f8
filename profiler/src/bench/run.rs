//! Running a bench, part by part.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use super::budget::Budget;
use super::job::{Found, Job, JobTime};
use super::report::{take_up, write_report};
use super::{BenchError, Finding, Part, Report, Settings, SpeedRule};
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
    /// Which of the machine's speeds figures are compared at.
    pub speed: SpeedRule,
    /// Seconds that all parts together may take.
    pub budget_s: u64,
    /// This program.
    pub program: PathBuf,
    /// The report to write after every part and to resume from.
    pub output: Option<PathBuf>,
}

/// Follows a bench.
pub trait Watcher {
    /// What is being done, how much of the whole is done, 0 to 1, and how long the rest takes at most.
    fn at(&mut self, doing: &str, done: f64, at_most_ns: u64);

    /// A part is finished.
    fn found(&mut self, finding: &Finding);
}

impl Bench<'_> {
    /// Asks every part of every backend, one after the other, and writes the report after each.
    ///
    /// # Errors
    /// [`BenchError`]; the parts that were finished are in the report.
    pub fn run(&self, watcher: &mut dyn Watcher, stop: &AtomicBool) -> Result<Report, BenchError> {
        let jobs = self.jobs()?;
        let fresh = self.fresh();
        let is_begun = self.output.as_ref().is_some_and(|path| path.exists());
        let mut report = match &self.output {
            Some(path) => take_up(path, fresh)?,
            None => fresh,
        };
        let work = Work::of(self.output.as_deref(), is_begun)?;
        if let Some(path) = &self.output {
            write_report(path, &report)?;
        }
        let calm_s = |jobs: &[(Part, &dyn Backend)]| jobs.iter().map(|(part, _)| part.calm_s()).sum::<f64>();
        let whole_s = calm_s(&jobs);
        let is_missing = |(part, backend): &(Part, &dyn Backend)| !report.has(*part, &runtime_of(*backend));
        let missing: Vec<_> = jobs.into_iter().filter(is_missing).collect();
        let mut budget = Budget::new(self.budget_s, whole_s, calm_s(&missing));
        let mut done = 1.0 - calm_s(&missing) / whole_s;
        let mut seen = BTreeMap::new();
        for (part, backend) in missing {
            let share = (done, done + part.calm_s() / whole_s);
            done = share.1;
            let time = JobTime::new(backend, budget.share_ns(part.calm_s()), budget.left_ns());
            let (work, seen) = (work.path.as_path(), &mut seen);
            let mut job = Job { bench: self, backend, part, work, stop, watcher, share, seen, time };
            let finding = self.find(&mut job, runtime_of(backend))?;
            budget.spend(part.calm_s(), job.time.spent_ns());
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
        let (found, no_answer) = match job.answer() {
            Ok(found) => (found, None),
            Err(error) if error.is_want_of_time() => (Found::default(), Some(error.to_string())),
            Err(error) => return Err(error),
        };
        Ok(Finding {
            part: job.part,
            runtime,
            started,
            finished: Timestamp::now().to_string(),
            before,
            after: MachineState::of_this_machine(),
            spent_s: job.time.spent_ns() as f64 / 1e9,
            speed: found.speed,
            no_answer,
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
            speed: self.speed,
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
    /// That of a report; what is left there of another one goes, where none was begun.
    fn of(output: Option<&Path>, is_begun: bool) -> Result<Self, WriteError> {
        let failed = |path: &Path, source| WriteError { path: path.to_owned(), source };
        let Some(output) = output else {
            let folder = tempfile::tempdir().map_err(|source| failed(&std::env::temp_dir(), source))?;
            return Ok(Self { path: folder.path().to_owned(), _temporary: Some(folder) });
        };
        let path = output.with_extension("parts");
        if !is_begun && path.exists() {
            std::fs::remove_dir_all(&path).map_err(|source| failed(&path, source))?;
        }
        std::fs::create_dir_all(&path).map_err(|source| failed(&path, source))?;
        Ok(Self { path, _temporary: None })
    }

    fn remove(self) -> Result<(), WriteError> {
        std::fs::remove_dir_all(&self.path).map_err(|source| WriteError { path: self.path.clone(), source })
    }
}
