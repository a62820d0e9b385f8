use super::{AdbArgs, print_json};
use crate::adb::{Phone, phones};
use crate::error::AndroidError;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use std::process::ExitCode;

/// Lists the phones that adb sees, and what each reports of itself.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  android devices\n\nExit codes: 0 at least one phone is listed, 1 none is, 2 no adb"
)]
pub(super) struct Devices {
    #[command(flatten)]
    adb: AdbArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Devices {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        let phones = phones(&self.adb.adb())?;
        if self.json {
            print_json(&phones)?;
        } else if !phones.is_empty() {
            profiler::out!("{}", phone_table(&phones))?;
        }
        if phones.is_empty() {
            profiler::note!("{}", AndroidError::NoPhone);
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
