//! The `profiler` program.

mod agreement;
mod anchors;
mod bench;
mod bench_load;
mod bench_report;
mod compare;
mod doctor;
mod export;
mod filled_inputs;
mod heat;
mod hint;
mod input_args;
mod layer_args;
mod layer_report;
mod libraries;
mod live;
mod model;
mod op_list;
mod ops;
mod output_file;
mod outputs;
mod progress;
mod progress_lines;
mod replay;
mod run;
mod run_report;
mod sample;
mod space;
mod speed;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};
use comfy_table::{Table, presets::NOTHING};
use indicatif::{ProgressBar, ProgressStyle};

use crate::backend::BackendError;
use crate::bench::BenchError;
use crate::compare::CompareError;
use crate::measure::ProtocolError;
use crate::onnx::ShapeError;
use crate::record::ReadError;
use crate::spec::SpecError;
use crate::sweep::SweepError;
use crate::terminal::fail;
use crate::tflite::ExportError;
use hint::hint;
pub use input_args::{InputArgs, note_unused};

/// Measures the latency of candidate ops and whole networks on this device.
#[derive(Debug, Parser)]
#[command(
    name = "profiler",
    version,
    after_help = "Exit codes: 0 done, 1 failed or stopped, 2 wrong usage or bad input file.\n\nExample:\n  profiler run --space proxylessnas-small --networks 30 -o run/table.csv"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Run>),
    Model(model::Model),
    Ops(ops::Ops),
    Outputs(outputs::Outputs),
    Export(export::Export),
    Sample(sample::Sample),
    Replay(replay::Replay),
    Compare(compare::Compare),
    Doctor(doctor::Doctor),
    Bench(Box<bench::BenchArgs>),
    #[command(hide = true)]
    BenchLoad(bench_load::BenchLoad),
}

impl Cli {
    /// Runs the command; prints results to stdout, errors to stderr.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Run(run) => run.execute(),
            Command::Model(model) => model.execute(),
            Command::Ops(ops) => ops.execute(),
            Command::Outputs(outputs) => outputs.execute(),
            Command::Export(export) => export.execute(),
            Command::Sample(sample) => sample.execute(),
            Command::Replay(replay) => replay.execute(),
            Command::Compare(compare) => compare.execute(),
            Command::Doctor(doctor) => doctor.execute(),
            Command::Bench(bench) => bench.execute(),
            Command::BenchLoad(load) => load.execute(),
        };
        result.unwrap_or_else(|error| report_error(&error))
    }
}

/// Says what went wrong; the exit code for it.
fn report_error(error: &anyhow::Error) -> ExitCode {
    fail(error.as_ref(), is_input(error), hint(error))
}

/// A table for people under these headings.
fn table_of<const N: usize>(headings: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(headings);
    table
}

/// A flag that Ctrl-C raises.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    Ok(stop)
}

/// A bar on stderr.
fn bar_of(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// A wrong combination of arguments.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

impl From<ProtocolError> for UsageError {
    /// In the words of the command line.
    fn from(error: ProtocolError) -> Self {
        Self(match error.field {
            "target_half_width" => {
                let percent = error.value.parse().unwrap_or(f64::NAN) * 100.0;
                format!("--target-ci {percent}: expected per cent, above 0 and below 100")
            }
            "max_rounds" => format!("--max-rounds {}: expected at least --min-rounds", error.value),
            "heat" => "--skin-limit and --soc-limit: expected degrees above 0, and more than --cool-by, which is not below 0"
                .to_owned(),
            _ => error.to_string(),
        })
    }
}

fn is_input(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<ReadError>()
            || cause.is::<SpecError>()
            || cause.is::<ShapeError>()
            || cause.is::<CompareError>()
            || cause.is::<ExportError>()
            || cause.downcast_ref::<SweepError>().is_some_and(SweepError::is_input)
            || cause.downcast_ref::<BenchError>().is_some_and(BenchError::is_input)
            || cause.downcast_ref::<BackendError>().is_some_and(|e| !matches!(e, BackendError::Run { .. }))
    })
}
