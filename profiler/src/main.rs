//! The `profiler` program.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    profiler::cli::Cli::parse().execute()
}
