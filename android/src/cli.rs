//! The command line of `android`.

use crate::{
    AndroidError,
    adb::{Adb, Phone, phones},
    build::{Program, Refusal, Route, Source},
};
use clap::{Args, Parser, Subcommand};
use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};

/// Phones that adb sees, and a profiler that runs on them.
#[derive(Debug, Parser)]
#[command(name = "android", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Devices(Devices),
    Build(Build),
}

/// List the phones that adb sees, and what each says of itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  android devices\n\nExit codes: 0 at least one phone is listed, 1 none is, 2 no adb"
)]
struct Devices {
    /// The adb program
    #[arg(long, value_name = "PROGRAM", env = "TAILOR_ADB", default_value = "adb")]
    adb: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Build the profiler for arm64 phones, with tract as its runtime, stripped.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  android build --route musl\n\n\
    Without --route, ndk, musl and debian are tried in this order; those that cannot work say why.")]
struct Build {
    /// The only route to try
    #[arg(long)]
    route: Option<Route>,
    /// Print the commands of the first route that can work, and run none
    #[arg(long)]
    dry_run: bool,
    /// A folder in the Tailor checkout to build
    #[arg(long, value_name = "DIR", default_value = ".")]
    source: PathBuf,
    /// Print JSON
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
}

/// Runs what was asked for.
///
/// # Errors
/// [`AndroidError`], to be printed in one place.
pub fn run(cli: &Cli) -> Result<ExitCode, AndroidError> {
    match &cli.command {
        Command::Devices(devices) => devices.run(),
        Command::Build(build) => build.run(),
    }
}

impl Devices {
    fn run(&self) -> Result<ExitCode, AndroidError> {
        let phones = phones(&Adb::new(self.adb.clone()))?;
        if self.json {
            print_json(&phones);
        } else if !phones.is_empty() {
            println!("{}", phone_table(&phones));
        }
        if phones.is_empty() {
            eprintln!(
                "no phone: connect one by cable and switch on `USB debugging` in its developer options"
            );
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn phone_table(phones: &[Phone]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["serial", "state", "model", "SoC", "ABI", "Android", "what to do"]);
    for phone in phones {
        let facts = phone.facts.clone().unwrap_or_default();
        let api_level = facts.api_level.map(|level| format!(" (API {level})")).unwrap_or_default();
        let android = facts.android_version.map(|version| version + &api_level);
        let known = [facts.model, facts.soc, facts.abi, android].map(Option::unwrap_or_default);
        let ends =
            (phone.serial.clone(), phone.connection.to_string(), phone.remedy.unwrap_or_default().to_owned());
        table.add_row([vec![ends.0, ends.1], known.to_vec(), vec![ends.2]].concat());
    }
    table
}

/// What `android build --json` prints.
#[derive(Serialize)]
struct Built<'a> {
    route: Route,
    target: &'a str,
    #[serde(flatten)]
    program: &'a Program,
    refused: &'a [Refusal],
}

impl Build {
    fn run(&self) -> Result<ExitCode, AndroidError> {
        let source = Source::find(&self.source)?;
        let routes = self.route.map_or(Route::ALL.to_vec(), |route| vec![route]);
        let mut refused = Vec::new();
        for route in routes {
            match self.try_route(route, &source, &refused) {
                Ok(()) => return Ok(ExitCode::SUCCESS),
                Err(refusal) => refused.push(refusal),
            }
        }
        Err(AndroidError::NoRoute { refusals: refused })
    }

    fn try_route(&self, route: Route, source: &Source, refused: &[Refusal]) -> Result<(), Refusal> {
        let plan = route.plan()?;
        for refusal in refused {
            eprintln!("not by {refusal}");
        }
        if self.dry_run {
            println!("{}", plan.commands().trim_end());
            return Ok(());
        }
        eprintln!("building by {route}, for {}:\n{}", plan.target, plan.commands());
        let program = plan.carry_out(source)?;
        let target = plan.target;
        if self.json {
            print_json(&Built { route, target, program: &program, refused });
        } else {
            let mut table = Table::new();
            table.load_style(NOTHING).set_header(["route", "target", "size", "program"]);
            let size = format!("{:.1} MB", program.bytes as f64 / 1e6);
            table.add_row([route.to_string(), target.to_owned(), size, program.path.display().to_string()]);
            println!("{table}");
        }
        Ok(())
    }
}

fn print_json(value: &impl Serialize) {
    // These types hold text and numbers only, which always have a JSON form.
    if let Ok(text) = serde_json::to_string_pretty(value) {
        println!("{text}");
    }
}
