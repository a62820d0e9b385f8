//! `android profile`: a latency table of a phone.

use super::on_phone::OnPhone;
use crate::{
    AndroidError,
    job::{Arguments, Rows, Word, read_result},
};
use clap::Args;
use profiler::record::{Cache, Row};
use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Measure a phone: a table of latencies, as `profiler run` makes it of this computer.
///
/// Builds the profiler if need be, sends it, runs it, shows how far it is, and fetches table, session and journal. A
/// phone that is lost is waited for; then it goes on where it was. Stopped or killed, the same command goes on. On the
/// phone nothing is touched but the folder /data/local/tmp/tailor-ID, which is removed at the end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  android profile --space proxylessnas-small --networks 30 -o run/table.csv\n  android profile --serial 0A041FDD4000AB --onnx searched.onnx --cpus little -o run/verify.csv -- --target-ci 1"
)]
pub(super) struct Profile {
    #[command(flatten)]
    on: OnPhone,
    /// Search space: proxylessnas-mobile, proxylessnas-small, or a .toml file
    #[arg(long, value_name = "NAME|FILE")]
    space: Option<String>,
    /// Measure this many random networks of the space as well
    #[arg(long, value_name = "N")]
    networks: Option<usize>,
    /// Leave out the space's ops: networks only
    #[arg(long)]
    no_ops: bool,
    /// Measure these ops too: a file with one key per line, or - for stdin
    #[arg(long, value_name = "FILE")]
    ops: Option<PathBuf>,
    /// Measure this ONNX model too (repeatable)
    #[arg(long, value_name = "FILE")]
    onnx: Vec<PathBuf>,
    /// Table to write here; its session and journal go beside it
    #[arg(short, long, value_name = "TABLE.csv")]
    output: PathBuf,
    /// Runtime: tract, or onnxruntime with --onnxruntime
    #[arg(long)]
    backend: Option<String>,
    /// Threads of the runtime
    #[arg(long)]
    threads: Option<usize>,
    /// The phone's processors to pin to: big, little, or a list such as 4-7
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// Seed of the random networks and of the order of turns
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds the whole measurement may take
    #[arg(long, value_name = "SECONDS")]
    budget_s: Option<u64>,
    /// Print rows as JSON lines: with `"final": false` as they are known, with `"final": true` at the end
    #[arg(long)]
    json: bool,
    /// More arguments of `profiler run`, as they are
    #[arg(last = true, value_name = "ARGUMENT")]
    more: Vec<String>,
}

impl Profile {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        if self.output.extension().is_none_or(|extension| extension != "csv") {
            let text = format!("--output {}: expected a .csv file", self.output.display());
            return Err(AndroidError::Usage(text));
        }
        // Kept until the job is done: it is the file that is sent.
        let from_stdin = self.ops.as_deref().filter(|path| *path == Path::new("-")).map(|_| keep_stdin());
        let from_stdin = from_stdin.transpose()?;
        let kept = from_stdin.as_ref().map(|folder| folder.path().join("stdin"));
        let ops = kept.as_deref().or(self.ops.as_deref());
        let rows = if self.json { Rows::Printed } else { Rows::Counted };
        let code = self.on.work(self.arguments(ops), rows)?;
        if code == ExitCode::SUCCESS && !self.json {
            self.summarise()?;
        }
        Ok(code)
    }

    fn arguments(&self, ops: Option<&Path>) -> Arguments {
        let mut arguments = Arguments::new();
        arguments.text(["run", "--json", "--progress", "lines"]);
        if let Some(space) = &self.space {
            let is_file = space.ends_with(".toml");
            let value = if is_file { Word::Input(space.into()) } else { Word::Text(space.clone()) };
            arguments.option("--space", value);
        }
        let numbers = [
            ("--networks", self.networks.map(|value| value.to_string())),
            ("--backend", self.backend.clone()),
            ("--threads", self.threads.map(|value| value.to_string())),
            ("--cpus", self.cpus.clone()),
            ("--seed", self.seed.map(|value| value.to_string())),
            ("--budget-s", self.budget_s.map(|value| value.to_string())),
        ];
        for (name, value) in numbers {
            if let Some(value) = value {
                arguments.text([name.to_owned(), value]);
            }
        }
        if self.no_ops {
            arguments.text(["--no-ops"]);
        }
        if let Some(ops) = ops {
            arguments.option("--ops", Word::Input(ops.to_owned()));
        }
        for model in &self.onnx {
            arguments.option("--onnx", Word::Input(model.clone()));
        }
        arguments.option("--output", Word::Output(self.output.clone()));
        arguments.extend(Arguments::read(&self.more));
        arguments
    }

    fn summarise(&self) -> Result<(), AndroidError> {
        let (rows, session) = read_result(&self.output)?;
        println!("{}", table(&rows));
        eprintln!(
            "{} on {}: {} rows",
            session.conditions.runtime.name,
            session.conditions.device,
            rows.len()
        );
        if session.conditions.runtime.emulated {
            eprintln!("note: emulated figures, not timings");
        }
        session.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        Ok(())
    }
}

/// Stdin as the file `stdin` of a folder.
fn keep_stdin() -> Result<tempfile::TempDir, AndroidError> {
    let unusable = |reason| AndroidError::Unusable { path: "-".into(), reason };
    let mut text = Vec::new();
    std::io::stdin().take(1 << 26).read_to_end(&mut text).map_err(unusable)?;
    let folder = tempfile::tempdir().map_err(unusable)?;
    std::fs::write(folder.path().join("stdin"), text).map_err(unusable)?;
    Ok(folder)
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["subject", "hot ms", "±%", "cold ms", "±%"]);
    for pair in rows.chunk_by(|a, b| a.subject == b.subject) {
        let cells = |cache| match pair.iter().find(|row| row.cache == cache) {
            None => [String::new(), String::new()],
            Some(row) => {
                let width = 50.0 * (row.ci_high_ms - row.ci_low_ms) / row.latency_ms;
                [format!("{:.4}", row.latency_ms), format!("{width:.1}")]
            }
        };
        let ([hot, hot_width], [cold, cold_width]) = (cells(Cache::Hot), cells(Cache::Cold));
        table.add_row([pair[0].subject.clone(), hot, hot_width, cold, cold_width]);
    }
    table
}
