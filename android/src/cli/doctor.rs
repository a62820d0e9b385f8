use super::{AdbArgs, named, print_json};
use crate::adb::{Adb, Connection, ask, choose, parse_listing};
use crate::doctor::{Answers, Condition, examine};
use crate::error::AndroidError;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use profiler::doctor::{Finding, State};
use serde::Serialize;
use std::process::ExitCode;

/// Checks every phone for what disturbs measurements, and suggests fixes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  android doctor\n\nExit codes: 0 at least one phone answers, 1 none does, 2 wrong usage or no adb"
)]
pub(super) struct Doctor {
    /// This phone only
    #[arg(short, long, env = "ANDROID_SERIAL")]
    serial: Option<String>,
    #[command(flatten)]
    adb: AdbArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    serial: String,
    connection: Connection,
    remedy: Option<&'static str>,
    condition: Option<Condition>,
    findings: Vec<Finding>,
}

impl Doctor {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        let adb = self.adb.adb();
        let phones = match named(&self.serial) {
            Some(serial) => vec![match choose(&adb, Some(serial)) {
                Ok(serial) => (serial, Connection::Ready),
                Err(AndroidError::NotReady { serial, connection }) => (serial, connection),
                Err(error) => return Err(error),
            }],
            None => parse_listing(&adb.run(&["devices"])?)?,
        };
        let reports: Vec<Report> =
            phones.into_iter().map(|(serial, connection)| report(&adb, serial, connection)).collect();
        if self.json {
            print_json(&reports)?;
        } else if !reports.is_empty() {
            profiler::out!("{}", reports.iter().map(text).collect::<Vec<_>>().join("\n\n"))?;
        }
        if reports.is_empty() {
            profiler::note!("{}", AndroidError::NoPhone);
        }
        let any = reports.iter().any(|report| report.condition.is_some());
        Ok(if any { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn report(adb: &Adb, serial: String, connection: Connection) -> Report {
    let condition = || Condition::of(&Answers::ask(adb, &serial)?);
    let (connection, remedy, condition) = ask(connection, condition);
    let findings = condition.as_ref().map(examine).unwrap_or_default();
    Report { serial, connection, remedy, condition, findings }
}

fn text(report: &Report) -> String {
    let Some(condition) = &report.condition else {
        let remedy = report.remedy.unwrap_or("try again");
        return format!("{}: {}\n{remedy}", report.serial, report.connection);
    };
    let facts = &condition.facts;
    let [model, soc, abi, version] = [&facts.model, &facts.soc, &facts.abi, &facts.android_version]
        .map(|fact| fact.as_deref().unwrap_or("unknown"));
    let mut lines = vec![format!("{}: {model}, SoC {soc}, {abi}, Android {version}", report.serial)];
    for cluster in &condition.clusters {
        let name = cluster.name.as_deref().unwrap_or("cores");
        let ghz = cluster.max_khz.map(|khz| format!(", up to {:.2} GHz", khz as f64 / 1e6));
        lines.push(format!("  {name} {:?}{}", cluster.cores, ghz.unwrap_or_default()));
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["check", "", "seen", "what to do"]);
    for finding in &report.findings {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Unknown => "?",
        };
        table.add_row([finding.check, state, &finding.seen, &finding.advice]);
    }
    lines.push(table.to_string());
    lines.join("\n")
}
