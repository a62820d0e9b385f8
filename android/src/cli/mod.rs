//! The command line of `android`.

mod build;
mod devices;
mod doctor;
mod forwarded;
mod libraries;
mod on_phone;
mod profile;
mod run;
mod spent;
mod test_phone;

use crate::{adb::Adb, error::AndroidError};
use clap::{Args, Parser, Subcommand};
use profiler::terminal::{failure, print};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};

/// Measures phones over adb: lists and checks them, builds the profiler for them, and runs it there.
#[derive(Debug, Parser)]
#[command(
    name = "android",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done, 1 failed or stopped, 2 wrong usage or bad input file.\n\nExample:\n  android profile --space proxylessnas-small --networks 30 -o run/table.csv"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devices(devices::Devices),
    Doctor(doctor::Doctor),
    Build(build::Build),
    Profile(Box<profile::Profile>),
    Run(run::Run),
    TestPhone(test_phone::TestPhone),
}

/// Which adb to use.
#[derive(Debug, Args)]
struct AdbArgs {
    /// The adb program
    #[arg(long, value_name = "PROGRAM", env = "TAILOR_ADB", default_value = "adb")]
    adb: PathBuf,
}

impl AdbArgs {
    fn adb(&self) -> Adb {
        Adb::new(self.adb.clone())
    }
}

impl Cli {
    /// Runs the command; prints results to stdout, errors to stderr.
    pub fn execute(self) -> ExitCode {
        let result = match self.command {
            Command::Devices(devices) => devices.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Build(build) => build.run(),
            Command::Profile(profile) => profile.run(),
            Command::Run(run) => run.run(),
            Command::TestPhone(test_phone) => test_phone.run(),
        };
        result.unwrap_or_else(|error| {
            // Some say their reasons line by line.
            profiler::note!("error: {error}");
            hint(&error).iter().for_each(|hint| profiler::note!("hint: {hint}"));
            failure(error.is_input())
        })
    }
}

/// Which arguments give what is asked for; `None` where none does.
fn hint(error: &AndroidError) -> Option<&'static str> {
    match error {
        AndroidError::NoAdb { .. } => Some("--adb PROGRAM names it as well"),
        AndroidError::SeveralPhones { .. } => Some("--serial SERIAL"),
        AndroidError::NotTheSource { .. } => Some("--source FOLDER"),
        _ => None,
    }
}

/// The serial that was given; an empty ANDROID_SERIAL names no phone.
fn named(serial: &Option<String>) -> Option<&str> {
    serial.as_deref().filter(|serial| !serial.is_empty())
}

fn print_json(value: &impl Serialize) -> Result<(), AndroidError> {
    // These types hold text and numbers only, which always have a JSON form.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    Ok(print(text)?)
}
