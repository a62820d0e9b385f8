//! `profiler bench`: the protocol against plain benchmarking.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{HumanDuration, ProgressBar};

use super::bench_report::{conditions, goals_in_words, json, standing, table};
use super::libraries::{LibraryArgs, names};
use super::space::SpaceArgs;
use super::{UsageError, bar_of, stop_flag};
use crate::backend::{Backend, KNOWN_BACKENDS, KnownBackend, MockNoise, open};
use crate::bench::{Bench, BenchError, Finding, Part, Report, SpeedRule, Watcher};
use crate::device::{allowed_cpus, pin};
use crate::measure::Protocol;
use crate::spec::SearchSpace;
use crate::sweep::{MockLaw, mock_costs, plan_networks, plan_ops};

/// Compares the protocol with plain benchmarking on this machine, and prints the ratios with their goals.
///
/// All ratios are taken side by side in one run. Parts: fidelity (against a plain loop run in turns), steadiness (tables
/// against each other, in quiet), load (the same under a load that this command makes), cost (time of a table, and where it goes),
/// memory, sums (a + b·Σ ops against whole networks), layers (their sum in place against the network), modes (tables beside a
/// neighbour that makes speeds of the machine, against one in quiet).
///
/// The budget is divided over the parts and runtimes by what they take in a calm hour; what one leaves goes to the others. A bench that was
/// stopped resumes with its next part when the same command is given again. A goal is not shown, neither reached nor missed, where more than one
/// in ten of the figures that it rests on say themselves that they are not what was asked for, where too little was measured for a figure, or where
/// it is missed for want of time. The exit code is 1 if a goal is missed.
#[derive(Debug, Args)]
#[command(
    name = "bench",
    after_help = "Examples:\n  profiler bench --space proxylessnas-mobile -o bench.json\n  profiler bench --space proxylessnas-small --part fidelity --part cost"
)]
pub(super) struct BenchArgs {
    #[command(flatten)]
    space: SpaceArgs,
    /// What to compare (repeatable): fidelity, layers, steadiness, load, cost, memory, sums, modes [default: all].
    #[arg(long = "part", value_name = "PART")]
    parts: Vec<Part>,
    #[arg(
        long = "backend",
        value_name = "BACKEND",
        help = format!(
            "Runtime (repeatable): {} [default: all that compute and need no library, or whose library is given]",
            names(Some("emulated"))
        )
    )]
    backends: Vec<String>,
    #[command(flatten)]
    libraries: LibraryArgs,
    /// Tables that are compared with each other.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(2..=100))]
    repeats: u32,
    /// Seconds that all parts together may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 1200, value_parser = clap::value_parser!(u64).range(1..))]
    budget_s: u64,
    /// The speed of the machine at which figures are compared: fast, sustained, or auto, which is fast where every table of a part had the fast
    /// speed for at least a fifth of the time, else sustained.
    #[arg(long, value_name = "SPEED", default_value = "auto")]
    speed: SpeedRule,
    /// Processor to pin to [default: of the fastest kind, the last].
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// Random seed of the choice of ops and networks, of the orders of turns and of the load.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Report to write after every part (JSON).
    #[arg(short, long, value_name = "REPORT.json")]
    output: Option<PathBuf>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Share of the time that the mock has its fast speed.
    #[arg(long, value_name = "SHARE", default_value_t = MockNoise::NONE.fast_share, hide = true)]
    mock_fast_share: f64,
}

/// Default of `--space`: the space the goals are about.
const SPACE: &str = "proxylessnas-mobile";

impl BenchArgs {
    pub(super) fn execute(mut self) -> anyhow::Result<ExitCode> {
        if let Some(output) = self.output.as_ref().filter(|o| o.extension().is_none_or(|e| e != "json")) {
            return Err(UsageError(format!("--output {}: expected a .json file", output.display())).into());
        }
        self.space.space.get_or_insert_with(|| SPACE.to_owned());
        let space = self.space.resolve()?.ok_or_else(|| UsageError("--space is missing".to_owned()))?;
        let backends = self.open_backends(&space)?;
        let (all_cpus, cpus) = if backends.iter().all(|backend| backend.emulated_clock().is_some()) {
            (Vec::new(), Vec::new())
        } else {
            let all = allowed_cpus()?.into_iter().collect();
            (all, pin(self.cpus.as_deref(), 1).map_err(|e| UsageError(e.to_string()))?)
        };
        let stop = stop_flag()?;
        let backends: Vec<&dyn Backend> = backends.iter().map(AsRef::as_ref).collect();
        let bench = Bench {
            parts: self.parts_for(&backends),
            backends,
            space,
            space_words: self.space.words(),
            library_words: self.words_of_backends(),
            threads: 1,
            cpus,
            all_cpus,
            repeats: self.repeats as usize,
            seed: self.seed,
            protocol: Protocol::default(),
            speed: self.speed,
            budget_s: self.budget_s,
            program: std::env::current_exe()?,
            output: self.output.clone(),
        };
        let mut left = Left::new();
        let result = bench.run(&mut left, &stop);
        left.bar.finish_and_clear();
        match result {
            Ok(report) => self.print(&report),
            Err(BenchError::Stopped) => {
                match &self.output {
                    Some(path) => crate::note!(
                        "stopped; finished parts are in {}: give the same command to resume",
                        path.display()
                    ),
                    None => crate::note!("stopped; with -o, finished parts would have been kept"),
                }
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn words_of_backends(&self) -> Vec<OsString> {
        let share = ["--mock-fast-share".into(), self.mock_fast_share.to_string().into()];
        self.libraries.words().into_iter().chain(share).collect()
    }

    fn open_backends(&self, space: &SearchSpace) -> anyhow::Result<Vec<Box<dyn Backend>>> {
        let mut names: Vec<&str> = self.backends.iter().map(String::as_str).collect();
        if names.is_empty() {
            let at_hand = |known: &&KnownBackend| !known.is_emulated && self.libraries.suffice(known);
            names.extend(KNOWN_BACKENDS.iter().filter(at_hand).map(|known| known.name));
        }
        names.sort_by_key(|name| KNOWN_BACKENDS.iter().position(|known| known.name == *name));
        names.dedup();
        let open = |name: &str| {
            let mut options = self.libraries.options(None);
            if KnownBackend::of(name).is_some_and(|known| known.is_emulated) {
                let mut subjects = plan_ops(space)?;
                subjects.extend(plan_networks(space, 20, self.seed)?);
                let noise = MockNoise { amplitude: 0.02, seed: self.seed, fast_share: self.mock_fast_share };
                options.mock = Some((mock_costs(&subjects, MockLaw::default()), noise));
            }
            anyhow::Ok(open(name, options)?)
        };
        names.into_iter().map(open).collect()
    }

    /// Those asked for; otherwise those that say something of all backends.
    fn parts_for(&self, backends: &[&dyn Backend]) -> Vec<Part> {
        let mut parts = self.parts.clone();
        if parts.is_empty() {
            let emulated = backends.iter().any(|backend| backend.emulated_clock().is_some());
            parts.extend(Part::ALL.into_iter().filter(|part| !emulated || part.can_be_emulated()));
        }
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    fn print(&self, report: &Report) -> anyhow::Result<ExitCode> {
        let goals = report.goals();
        if self.json {
            crate::out!("{}", json(report)?)?;
        } else {
            crate::out!("{}", table(report))?;
            report.findings.iter().try_for_each(|finding| crate::out!("{}", standing(finding)))?;
            crate::out!("{}", conditions(report))?;
            crate::out!("{}", goals_in_words(goals))?;
        }
        for finding in &report.findings {
            let at = || format!("{} on {}", finding.part, finding.runtime.name);
            finding.warnings.iter().for_each(|warning| crate::note!("warning: {}: {warning}", at()));
        }
        if report.findings.iter().any(|finding| finding.runtime.emulated) {
            crate::note!("note: figures of the mock are emulated, not timings");
        }
        Ok(if goals.missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// The time left, from the share that is done.
struct Left {
    bar: ProgressBar,
    /// When, and at what share, this process began: earlier ones did the rest.
    began: Option<(Instant, f64)>,
    /// When a line was last written, where there is no terminal to draw on.
    written: Option<Instant>,
}

impl Left {
    fn new() -> Self {
        Self { bar: bar_of(ProgressBar::new(1000), "[{bar:30}] {msg}"), began: None, written: None }
    }
}

impl Watcher for Left {
    fn at(&mut self, doing: &str, done: f64, at_most_ns: u64) {
        let (start, share) = *self.began.get_or_insert((Instant::now(), done));
        let spent = start.elapsed();
        let at_most = Duration::from_nanos(at_most_ns);
        let left = if done - share < 0.01 {
            format!("at most {} left", HumanDuration(at_most))
        } else {
            let left_s = spent.as_secs_f64() * (1.0 - done).max(0.0) / (done - share);
            format!("about {} left", HumanDuration(Duration::from_secs_f64(left_s).min(at_most)))
        };
        if self.bar.is_hidden() {
            const EVERY: Duration = Duration::from_secs(15);
            if self.written.is_none_or(|written| written.elapsed() >= EVERY) {
                crate::note!("{:.0} %: {doing}; {left}", 100.0 * done);
                self.written = Some(Instant::now());
            }
            return;
        }
        self.bar.set_position((done * 1000.0) as u64);
        self.bar.set_message(format!("{doing}; {left}"));
    }

    fn found(&mut self, finding: &Finding) {
        for ratio in finding.ratios.iter().filter(|ratio| ratio.goal.is_some()) {
            let line = format!("{} on {}: {ratio}", finding.part, finding.runtime.name);
            self.bar.suspend(|| crate::note!("{line}"));
        }
        if finding.no_answer.is_some() {
            self.bar.suspend(|| crate::note!("{}", standing(finding)));
        }
    }
}
