//! The program `android`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    android::cli::Cli::parse().execute()
}
