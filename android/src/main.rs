//! The program `android`.

use android::cli::{self, Cli};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            profiler::note!("error: {error}");
            error.exit_code()
        }
    }
}
