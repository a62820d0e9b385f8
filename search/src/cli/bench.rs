use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::Context;
use clap::Args;
use profiler::record::{read_document, write_document};
use serde::Serialize;

use super::UsageError;
use super::output::{self, table};
use super::recipe::StepArgs;
use super::space::SpaceArgs;
use crate::bench::{Kind, Memory, Ratio, Report, Settings, measure_memory, time_steps};
use crate::settings::check_count;
use crate::sgd::Sgd;

/// Compares a supernet's steps with those of a plain network, in time and memory, on random images.
///
/// Every figure is a ratio with a goal. Memory is measured in a process per kind of step (on Linux).
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search bench --space proxylessnas-mobile --resolution 96 --batch 32 -o bench.json"
)]
pub(super) struct Bench {
    #[command(flatten)]
    subject: Subject,
    /// Times that every kind of step is timed.
    #[arg(long, value_name = "N", default_value_t = 30)]
    rounds: usize,
    /// Report to write after every part; a stopped bench resumes from it.
    #[arg(short, long, value_name = "FILE.json")]
    output: Option<PathBuf>,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// Measures the memory of one kind of step; for `search bench`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  search bench-memory plain --space proxylessnas-small")]
pub(super) struct BenchMemory {
    kind: Kind,
    /// Which path, where one is drawn.
    #[arg(long, value_name = "N", default_value_t = 0)]
    draw: u64,
    #[command(flatten)]
    subject: Subject,
}

#[derive(Debug, Args)]
struct Subject {
    #[command(flatten)]
    space: SpaceArgs,
    #[command(flatten)]
    step: StepArgs,
}

/// Makes glibc map every tensor of 128 KiB or more by itself and give it back when it is freed: what is resident is then what
/// tensors take. A search keeps freed memory for later steps, which is faster.
const GIVE_BACK: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

impl Subject {
    /// Memory of a kind of step, from another process: what tensors take, or with what is kept for later steps.
    fn memory(&self, kind: Kind, draw: u64, is_kept: bool) -> anyhow::Result<Memory> {
        let kind = serde_json::to_value(kind)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench-memory", kind.as_str().unwrap_or_default()]);
        command.args(["--draw".to_owned(), draw.to_string()]).args(self.space.arguments());
        command.args(["--batch".to_owned(), self.step.batch.to_string()]);
        command.args(["--threads".to_owned(), self.step.threads().to_string()]);
        if !is_kept {
            command.env(GIVE_BACK.0, GIVE_BACK.1);
        }
        let result = command.output()?;
        if !result.status.success() {
            anyhow::bail!("memory of {kind}: {}", String::from_utf8_lossy(&result.stderr).trim());
        }
        serde_json::from_slice(&result.stdout).with_context(|| format!("memory of {kind}"))
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    report: &'a Report,
    ratios: Vec<Ratio>,
}

impl BenchMemory {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let (step, space) = (&self.subject.step, self.subject.space.read()?.resolve()?);
        step.check()?;
        let (batch, threads) = (step.batch, step.threads());
        output::json(&measure_memory(self.kind, self.draw, &space, &Sgd::RECIPE, batch, threads)?)
    }
}

impl Bench {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let (step, rounds) = (&self.subject.step, self.rounds);
        step.check()?;
        check_count("number of rounds", rounds as u64, 1)?;
        let space = self.subject.space.read()?.resolve()?;
        let (batch, threads) = (step.batch, step.threads());
        let resolution = space.input().height;
        let settings = Settings { space: space.name().to_owned(), resolution, batch, threads, rounds };
        let mut kept_mib = BTreeMap::new();
        for kind in Kind::EACH {
            kept_mib.extend(kind.kept_mib(&space, batch)?.map(|mib| (kind, mib)));
        }
        let mut report = self.begun(Report::new(settings, kept_mib))?;
        for (kind, is_kept) in Kind::EACH.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            for draw in report.memory(is_kept).get(&kind).map_or(0, Vec::len) as u64..kind.draws() {
                let what = if is_kept { "memory with what is kept" } else { "memory" };
                profiler::note!("{what}: {kind:?}, {} of {}", draw + 1, kind.draws());
                let memory = self.subject.memory(kind, draw, is_kept)?;
                report.memory_mut(is_kept).entry(kind).or_default().push(memory);
                self.keep(&report)?;
            }
        }
        if report.times.is_none() {
            profiler::note!("time: {rounds} rounds");
            report.times = Some(time_steps(&space, &Sgd::RECIPE, batch, threads, rounds)?);
            self.keep(&report)?;
        }
        self.show(&report)
    }

    /// The report that is there, or a new one.
    fn begun(&self, new: Report) -> anyhow::Result<Report> {
        let Some(path) = self.output.as_ref().filter(|path| path.exists()) else {
            return Ok(new);
        };
        let report: Report = read_document(path, Report::FORMAT, Report::VERSION)?;
        if report.settings == new.settings {
            return Ok(report);
        }
        let (path, there, wanted) = (path.display(), &report.settings, &new.settings);
        Err(UsageError(format!("{path} is of {there:?}, not of {wanted:?}; give another file")).into())
    }

    fn keep(&self, report: &Report) -> anyhow::Result<()> {
        if let Some(path) = &self.output {
            write_document(path, Report::FORMAT, Report::VERSION, report)?;
        }
        Ok(())
    }

    fn show(&self, report: &Report) -> anyhow::Result<String> {
        let ratios = report.ratios();
        if self.json {
            return output::json(&Shown { report, ratios });
        }
        let number = |value: Option<f64>, digits: usize| {
            value.map_or_else(String::new, |value| format!("{value:.digits$}"))
        };
        let mut goals = table(["ratio", "value", "by shapes", "goal", ""]);
        for ratio in &ratios {
            let reached = ratio.reached.map_or("", |reached| if reached { "reached" } else { "missed" });
            let (value, by_shapes) = (number(Some(ratio.value), 3), number(ratio.by_shapes, 3));
            goals.add_row([ratio.name, &value, &by_shapes, &ratio.goal, reached]);
        }
        let mut figures =
            table(["step", "ms", "MiB by shapes at least", "beyond weights", "with what is kept", "in all"]);
        let times = report.times.map(|times| [times.plain_ms, times.path_ms, times.alpha_ms]);
        let names = [
            "training the plain network",
            "weight step, the same path",
            "architecture step, two paths",
            "weight step, sampled paths (mean)",
            "all paths at once",
        ];
        for (index, (name, kind)) in names.into_iter().zip(Kind::EACH).enumerate() {
            let ms = times.and_then(|times| times.get(index).copied());
            let memory = |is_kept| report.mean_memory(kind, is_kept);
            let step_mib = |is_kept| number(memory(is_kept).as_ref().map(Memory::step_mib), 0);
            figures.add_row([
                name.to_owned(),
                number(ms, 2),
                number(report.kept_mib.get(&kind).copied(), 0),
                step_mib(false),
                step_mib(true),
                number(memory(true).map(|memory| memory.peak_mib), 0),
            ]);
        }
        let Settings { space, resolution, batch, threads, rounds } = &report.settings;
        Ok(format!(
            "{goals}\n{figures}\n{space} at {resolution} pixels, {batch} images, {threads} threads, {rounds} rounds"
        ))
    }
}
