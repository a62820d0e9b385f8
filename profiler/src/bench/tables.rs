//! Tables that a part needs: measured in this process, or in another one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{BenchError, run::Job};
use crate::measure::{Observer, Progress, Protocol};
use crate::record::{KNOWN_SPEED_VARIABLE, Row, Session, read_session, read_table, session_path};
use crate::sweep::{CompareWith, Planned, Sweep, SweepResult};

/// A finished table.
pub(super) struct TableOfBench {
    pub(super) path: PathBuf,
    pub(super) rows: Vec<Row>,
    pub(super) session: Session,
}

impl Job<'_> {
    /// Measures a table in this process; `share` is of this job. A table that is there already is measured anew: it may
    /// be another bench's.
    pub(super) fn measure_table(
        &mut self,
        name: &str,
        subjects: Vec<Planned>,
        protocol: Protocol,
        share: (f64, f64),
    ) -> Result<TableOfBench, BenchError> {
        let path = self.table_path(name);
        remove_table(&path);
        let cpus = if self.is_emulated() { Vec::new() } else { self.bench.cpus.clone() };
        let (backend, threads, stop) = (self.backend, self.bench.threads, self.stop);
        let reason = "a bench times what is compared in the table of its own process";
        let sweep = Sweep {
            subjects,
            backend,
            threads,
            cpus,
            protocol,
            anchors: None,
            known_speeds: Some(self.known_speeds()),
            layers: None,
            compare_with: CompareWith::Nothing(reason),
            output: path.clone(),
        };
        let mut steps = Steps { job: self, doing: name.replace('-', " "), share };
        match sweep.run(&mut steps, stop)? {
            SweepResult::Done { measured, session, lost } => match lost.into_iter().next() {
                Some(lost) => Err(lost.error.into()),
                None => Ok(TableOfBench { path, rows: measured.rows, session: *session }),
            },
            SweepResult::Stopped => Err(BenchError::Stopped),
        }
    }

    /// The whole space's table, measured by `profiler run` in a process of its own, as a user would. Only once for all
    /// parts: what one has measured, the others read.
    pub(super) fn table_of_another_process(&mut self) -> Result<TableOfBench, BenchError> {
        let path = self.table_path("whole-space");
        if !session_path(&path).exists() {
            self.run_profiler(&path)?;
        }
        let (rows, session) = (read_table(&path)?, read_session(&session_path(&path))?);
        Ok(TableOfBench { path, rows, session })
    }

    fn table_path(&self, name: &str) -> PathBuf {
        self.work.join(format!("{name}-{}.csv", self.backend.name()))
    }

    /// A bench's own: it measures under load, too.
    fn known_speeds(&self) -> PathBuf {
        self.work.join("known-speed")
    }

    fn run_profiler(&mut self, path: &Path) -> Result<(), BenchError> {
        let bench = self.bench;
        let mut command = Command::new(&bench.program);
        command.arg("run").args(&bench.space_words).args(["--backend", self.backend.name()]);
        command.args(["--threads", &bench.threads.to_string(), "--seed", &bench.seed.to_string()]);
        command.args(&bench.library_words);
        if !self.is_emulated() {
            let cpus: Vec<String> = bench.cpus.iter().map(usize::to_string).collect();
            command.args(["--cpus", &cpus.join(",")]);
        }
        command.env(KNOWN_SPEED_VARIABLE, self.known_speeds());
        command.arg("-o").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |reason: String| BenchError::Child { command: "run", reason };
        self.at("a table in a process of its own", 0.0);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let succeeded = self.wait(&mut child).map_err(|error| failed(error.to_string()))?;
        self.check_stop()?;
        if succeeded {
            return Ok(());
        }
        let said = said(&mut child).map_err(|error| failed(error.to_string()))?;
        Err(failed(said.trim().lines().last().unwrap_or("it said nothing").to_owned()))
    }

    /// Waits for a process of this bench; ends it when the bench is stopped. Checks seldom: it runs on the same cores.
    fn wait(&mut self, child: &mut Child) -> std::io::Result<bool> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            if self.check_stop().is_err() {
                child.kill()?;
                return Ok(child.wait()?.success());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// What a process wrote to stderr.
pub(super) fn said(child: &mut Child) -> std::io::Result<String> {
    let mut said = String::new();
    child.stderr.as_mut().map_or(Ok(0), |stderr| stderr.read_to_string(&mut said))?;
    Ok(said)
}

fn remove_table(path: &Path) {
    for path in [path.to_owned(), session_path(path), crate::sweep::journal_path(path)] {
        // One that is not there is what was asked for; one that cannot be removed makes the sweep fail, by name.
        let _ = std::fs::remove_file(path);
    }
}

/// Passes a sweep's progress on.
struct Steps<'a, 'b> {
    job: &'a mut Job<'b>,
    doing: String,
    share: (f64, f64),
}

impl Observer for Steps<'_, '_> {
    fn progress(&mut self, progress: &Progress) {
        // Reporting it after every turn would itself cost time.
        if progress.turns_done != progress.turns_planned {
            return;
        }
        let spent = progress.spent_ns as f64;
        let done = progress.left_ns.map_or(0.0, |left| spent / (spent + left as f64).max(1.0));
        let (from, to) = self.share;
        self.job.at(&self.doing, from + done * (to - from));
    }
}
