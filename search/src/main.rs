//! The `search` program.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    search::cli::set_environment();
    search::cli::Cli::parse().execute()
}
