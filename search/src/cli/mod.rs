//! The `search` program.

mod baseline;
mod bench;
mod config;
mod config_command;
mod convert;
mod derive;
mod effort;
mod environment;
mod export;
mod finished_run;
mod front;
mod full_size;
mod network;
mod output;
mod preset;
mod progress;
mod recipe;
mod report;
mod run;
mod settings;
mod space;
mod study;
mod train;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use datasets::DatasetsError;
use predictor::PredictorError;
use profiler::record::{ReadError, WriteError};
use profiler::spec::SpecError;
use profiler::terminal::fail;

pub use environment::set_environment;

use crate::{error::SearchError, proxyless::ConfigError};

/// Searches for the network that fits a device, trains it, exports it and reports on it.
#[derive(Debug, Parser)]
#[command(
    name = "search",
    version,
    after_help = "Exit codes: 0 done, 1 failed or stopped, 2 wrong usage or bad input file.\n\nExample:\n  \
                  search run --space proxylessnas-small --model run/model.json --data images --target-ms 0.4 \
                  -o run/search\n  search train run/search/architecture.json --data images -o run/searched"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::Run>),
    Config(Box<config_command::Config>),
    Derive(derive::Derive),
    Front(front::Front),
    Baseline(baseline::Baseline),
    Train(train::Train),
    Export(export::Export),
    Verify(verify::Verify),
    Convert(convert::Convert),
    Study(study::Study),
    Report(report::Report),
    Bench(bench::Bench),
    #[command(hide = true)]
    BenchMemory(bench::BenchMemory),
    FullSize(full_size::FullSize),
}

impl Cli {
    /// Runs the command; prints the result to stdout, errors to stderr.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Run(run) => run.execute(),
            Command::Config(config) => config.execute(),
            Command::Derive(derive) => derive.execute(),
            Command::Front(front) => front.execute(),
            Command::Baseline(baseline) => baseline.execute(),
            Command::Train(train) => train.execute(),
            Command::Export(export) => export.execute(),
            Command::Verify(verify) => verify.execute(),
            Command::Convert(convert) => convert.execute(),
            Command::Study(study) => study.execute(),
            Command::Report(report) => report.execute(),
            Command::Bench(bench) => bench.execute(),
            Command::BenchMemory(memory) => memory.execute(),
            Command::FullSize(full_size) => full_size.execute(),
        };
        match result.and_then(|text| Ok(output::print(text)?)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error.as_ref(), is_input(&error), error.chain().find_map(hint)),
        }
    }
}

/// A wrong combination or value of arguments.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Which arguments give what a library asks for; `None` where none does.
fn hint(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    let words = match cause.downcast_ref()? {
        SearchError::Predictor(PredictorError::Emulated { .. }) => "--allow-emulated allows it",
        SearchError::NoAnchors(_) => "profiler run --anchors MODEL.json measures them",
        SearchError::NotMeasured { .. } => "profiler run --onnx NETWORK.onnx measures it",
        SearchError::ImageShape { .. } => "--resolution and --classes change a space",
        SearchError::Device { .. } => "--device cpu",
        SearchError::NotTested(_) => "search train without --hold-out",
        _ => return None,
    };
    Some(words.to_owned())
}

fn is_input(error: &anyhow::Error) -> bool {
    let input = error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<ReadError>()
            || cause.is::<SpecError>()
            || cause.is::<DatasetsError>()
            || matches!(cause.downcast_ref(), Some(ConfigError::Form { .. }))
            || cause.downcast_ref::<PredictorError>().is_some_and(PredictorError::is_input)
            || cause.downcast_ref::<SearchError>().is_some_and(SearchError::is_input)
    });
    input && !error.chain().any(|cause| cause.is::<WriteError>())
}
