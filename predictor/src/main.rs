//! The `predictor` program.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    predictor::cli::Cli::parse().execute()
}
