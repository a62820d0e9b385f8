//! Tables that a part needs: measured in this process, or in another one.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::job::Job;
use super::speed::{MachineSpeeds, PartSpeed, not_alike};
use super::{BenchError, choose_ops};
use crate::measure::{Observer, Outcome, Progress, Protocol, Speed};
use crate::record::{
    Cache, KNOWN_SPEED_VARIABLE, Row, Session, Status, WriteError, copy_known_speeds, read_session,
    session_path,
};
use crate::sweep::{
    CompareWith, Planned, Recorded, Sweep, SweepError, SweepResult, journal_path, plan_op, read_journal,
};

/// A finished table.
pub(super) struct TableOfBench {
    pub(super) recorded: Recorded,
    /// At both speeds.
    rows: Vec<Row>,
    pub(super) session: Session,
}

impl TableOfBench {
    fn read(path: &Path) -> Result<Self, BenchError> {
        let recorded = read_journal(&journal_path(path))?;
        let rows = recorded.rows(&[Speed::Fast, Speed::Sustained])?.rows;
        Ok(Self { recorded, rows, session: read_session(&session_path(path))? })
    }

    /// The rows of one speed.
    pub(super) fn at(&self, speed: Speed) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.speed == Some(speed))
    }

    /// What it says of the machine.
    fn seen(&self) -> MachineSpeeds {
        let is_slow = self.at(Speed::Fast).any(|row| row.status == Status::Slow);
        MachineSpeeds { report: self.session.speed.clone(), is_slow }
    }

    /// The hot rows of one speed.
    pub(super) fn hot(&self, speed: Speed) -> Vec<&Row> {
        self.at(speed).filter(|row| row.cache == Cache::Hot).collect()
    }

    /// Whether it had no more time, and less than is meant for it.
    pub(super) fn is_cut(&self, meant_ns: u64) -> bool {
        self.session.outcome == Outcome::BudgetSpent && self.session.protocol.budget_ns < meant_ns
    }
}

/// What is said of goals that rest on tables which are cut.
pub(super) const CUT: &str = "its tables would have taken longer than their share of the time";

/// The speed at which tables are compared, and why they cannot be, if so.
pub(super) fn compared_at<'a>(
    job: &Job,
    tables: impl IntoIterator<Item = &'a TableOfBench>,
) -> (PartSpeed, Option<String>) {
    let seen: Vec<MachineSpeeds> = tables.into_iter().map(TableOfBench::seen).collect();
    let seen: Vec<&MachineSpeeds> = seen.iter().collect();
    let chosen = job.bench.speed.choose(&seen);
    let reason = not_alike(&seen, chosen.speed);
    (chosen, reason)
}

impl Job<'_> {
    /// Measures a table in this process, at one speed, in the time that is `share` of this job. A table that is there already is
    /// measured anew: it may be another bench's.
    pub(super) fn measure_table(
        &mut self,
        name: &str,
        subjects: Vec<Planned>,
        protocol: Protocol,
        share: (f64, f64),
    ) -> Result<TableOfBench, BenchError> {
        let path = self.table_path(name);
        remove_table(&path);
        let budget_ns = protocol.budget_ns.min(self.budget_ns(share)?);
        let cpus = if self.is_emulated() { Vec::new() } else { self.bench.cpus.clone() };
        let (backend, threads, stop) = (self.backend, self.bench.threads, self.stop);
        let reason = "a bench times what is compared in the table of its own process";
        let sweep = Sweep {
            subjects,
            backend,
            threads,
            cpus,
            protocol: Protocol { budget_ns, ..protocol },
            anchors: None,
            known_speeds: Some(self.known_speeds()?),
            layers: None,
            compare_with: CompareWith::Nothing(reason),
            output: path.clone(),
        };
        let mut steps = Steps { job: self, doing: name.replace('-', " "), share };
        let measured = match sweep.run(&mut steps, stop)? {
            SweepResult::Done { measured, lost, .. } => match lost.into_iter().next() {
                Some(lost) => return Err(lost.error.into()),
                None => measured,
            },
            SweepResult::Stopped => return Err(BenchError::Stopped),
        };
        let mut table = TableOfBench::read(&path)?;
        // Networks' ops are not in a journal.
        let ops: HashMap<&str, &str> =
            measured.rows.iter().map(|row| (row.subject.as_str(), row.ops.as_str())).collect();
        table.rows.iter_mut().for_each(|row| row.ops = ops[row.subject.as_str()].to_owned());
        if !self.part.loads_the_machine() {
            self.seen.insert(backend.name(), table.seen());
        }
        Ok(table)
    }

    /// Looks for some seconds which speeds the machine has; nothing is known where that was too short.
    pub(super) fn look(&mut self) -> Result<(), BenchError> {
        const OPS: usize = 16;
        const ROUNDS: u32 = 100;
        const LOOK_NS: u64 = 8_000_000_000;
        let ops = choose_ops(&self.bench.space.distinct_ops(), OPS, self.bench.seed);
        let subjects = ops.into_iter().map(plan_op).collect::<Result<Vec<_>, _>>()?;
        let budget_ns = LOOK_NS.min(self.left_ns()? / 10);
        // None is done before.
        let (min_rounds, max_rounds) = (ROUNDS, ROUNDS);
        let protocol = Protocol { budget_ns, min_rounds, max_rounds, ..self.protocol(Speed::Fast) };
        let seen = match self.measure_table("a-look-at-the-machine", subjects, protocol, (0.0, 0.1)) {
            Ok(table) => table.seen(),
            Err(BenchError::Sweep(SweepError::TooShort { .. })) => MachineSpeeds::default(),
            Err(error) => return Err(error),
        };
        self.seen.insert(self.backend.name(), seen);
        Ok(())
    }

    /// The whole space's table, measured by `profiler run` in a process of its own, as a user would. Only once for all
    /// parts: what one has measured, the others read.
    pub(super) fn table_of_another_process(&mut self) -> Result<TableOfBench, BenchError> {
        let path = self.table_path("whole-space");
        if !session_path(&path).exists() {
            self.run_profiler(&path)?;
        }
        let table = TableOfBench::read(&path)?;
        self.seen.insert(self.backend.name(), table.seen());
        Ok(table)
    }

    fn table_path(&self, name: &str) -> PathBuf {
        self.work.join(format!("{name}-{}.csv", self.backend.name()))
    }

    /// What is known of this machine's speed, for the bench alone: what it measures under load is no session of the user's.
    fn known_speeds(&self) -> Result<PathBuf, BenchError> {
        let own = self.work.join("known-speed");
        if !own.exists() {
            copy_known_speeds(&own).map_err(|source| WriteError { path: own.clone(), source })?;
        }
        Ok(own)
    }

    fn run_profiler(&mut self, path: &Path) -> Result<(), BenchError> {
        let speed = self.target_speed()?.speed;
        let bench = self.bench;
        let mut command = Command::new(&bench.program);
        command.arg("run").args(&bench.space_words).args(["--backend", self.backend.name()]);
        command.args(["--threads", &bench.threads.to_string(), "--seed", &bench.seed.to_string()]);
        command.args(["--speed", speed.name()]).args(&bench.library_words);
        let budget_ns = bench.protocol.budget_ns.min(self.budget_ns((0.0, 1.0))?);
        command.args(["--budget-s", &(budget_ns / 1_000_000_000).max(1).to_string()]);
        if !self.is_emulated() {
            let cpus: Vec<String> = bench.cpus.iter().map(usize::to_string).collect();
            command.args(["--cpus", &cpus.join(",")]);
        }
        command.env(KNOWN_SPEED_VARIABLE, self.known_speeds()?);
        command.arg("-o").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |reason: String| BenchError::Child { command: "run", reason };
        self.at("a table in a process of its own", 0.0);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let succeeded = self.wait(&mut child).map_err(|error| failed(error.to_string()))?;
        self.check_stop()?;
        if !succeeded {
            let said = said(&mut child).map_err(|error| failed(error.to_string()))?;
            let last = said.trim().lines().last().unwrap_or("it said nothing");
            // Of a table that had too little time, the journal says so as well.
            return Err(
                match read_journal(&journal_path(path)).and_then(|recorded| recorded.rows(&[speed])) {
                    Err(error @ SweepError::TooShort { .. }) if last.contains(&error.to_string()) => {
                        error.into()
                    }
                    _ => failed(last.to_owned()),
                },
            );
        }
        if let Some(clock) = self.backend.emulated_clock() {
            // The other process has a clock of its own.
            clock.advance((read_session(&session_path(path))?.measured_s * 1e9) as u64);
        }
        Ok(())
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
    for path in [path.to_owned(), session_path(path), journal_path(path)] {
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
