//! The `predictor` program.

mod any_model;
mod audit;
mod bench;
mod evaluate;
mod explain;
mod fit;
mod hint;
mod import;
mod network_report;
pub mod output;
mod plot;
mod predict;
mod scatter;
mod subject;
mod suggest;
mod transfer;
mod zoo;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use profiler::record::{Cache, Conditions};
use profiler::terminal::fail;

use crate::error::PredictorError;
use crate::rows::{Emulation, Measurements, Mixing};
use hint::hint;

/// Fits a latency model of one device and predicts ops and networks.
#[derive(Debug, Parser)]
#[command(
    name = "predictor",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or bad input file.\n\nExample:\n  \
                  predictor fit run/table.csv -o run/model.json --hold-out 0.2\n  \
                  predictor evaluate run/model.json run/table.csv"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Fit(fit::Fit),
    Evaluate(evaluate::Evaluate),
    Predict(predict::Predict),
    Explain(explain::Explain),
    Plot(plot::Plot),
    Audit(audit::AuditTables),
    Import(Box<import::Import>),
    Transfer(transfer::Transfer),
    Suggest(suggest::Suggest),
    Zoo(zoo::Zoo),
    Bench(bench::Bench),
}

impl Cli {
    /// Runs the command; prints the result to stdout, errors to stderr.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Fit(fit) => fit.execute(),
            Command::Evaluate(evaluate) => evaluate.execute(),
            Command::Predict(predict) => predict.execute(),
            Command::Explain(explain) => explain.execute(),
            Command::Plot(plot) => plot.execute(),
            Command::Audit(audit) => audit.execute(),
            Command::Import(import) => import.execute(),
            Command::Transfer(transfer) => transfer.execute(),
            Command::Suggest(suggest) => suggest.execute(),
            Command::Zoo(zoo) => return ended(zoo.execute()),
            Command::Bench(bench) => bench.execute(),
        };
        ended(result.and_then(|text| Ok(output::print(text)?)))
    }
}

/// Says what went wrong; the exit code.
fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let known = error.downcast_ref::<PredictorError>();
            fail(error.as_ref(), known.is_some_and(PredictorError::is_input), known.and_then(hint))
        }
    }
}

/// Says on stderr that a model's figures are no timings, where that is so.
fn note_emulated(conditions: &Conditions) {
    let runtime = &conditions.runtime;
    if runtime.emulated {
        profiler::note!("note: figures emulated by `{}`, no timings", runtime.name);
    }
}

/// A cache state by its name; `None` for any other word.
fn cache_named(name: &str) -> Option<Cache> {
    [Cache::Hot, Cache::Cold, Cache::InPlace].into_iter().find(|cache| cache.to_string() == name)
}

/// What to do about tables that are refused otherwise.
#[derive(Debug, Args)]
struct Leniency {
    /// Use tables of different device, runtime or threads together.
    #[arg(long)]
    allow_mixed: bool,
    /// Use emulated figures, which are no timings.
    #[arg(long)]
    allow_emulated: bool,
    /// Of tables measured with --speed both: fast or sustained.
    #[arg(long, value_name = "SPEED")]
    speed: Option<profiler::measure::Speed>,
}

impl Leniency {
    /// Tables that may be used together by these options.
    fn read(&self, tables: &[PathBuf]) -> Result<Measurements, PredictorError> {
        Measurements::read_at(tables, self.mixing(), self.emulation(), self.speed)
    }

    fn mixing(&self) -> Mixing {
        if self.allow_mixed { Mixing::Allow } else { Mixing::Refuse }
    }

    fn emulation(&self) -> Emulation {
        if self.allow_emulated { Emulation::Allow } else { Emulation::Refuse }
    }
}
