//! `profiler doctor`: what would spoil measurements here.

use std::process::ExitCode;

use clap::Args;
use comfy_table::Table;

use super::{UsageError, table_of};
use crate::doctor::{FactsError, Finding, State, examine, gather};

/// Checks this machine for what disturbs measurements, suggests fixes, and measures the noise floor.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  profiler doctor --seconds 10")]
pub(super) struct Doctor {
    /// Seconds to watch the machine.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    seconds: f64,
    /// Processor to measure on, such as 2 [default: the one that `profiler run` would choose].
    #[arg(long, value_name = "LIST")]
    cpus: Option<String>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if !(0.1..=600.0).contains(&self.seconds) {
            return Err(UsageError(format!("--seconds {}: expected 0.1 to 600", self.seconds)).into());
        }
        crate::note!("watching the machine for {} s ...", self.seconds);
        let facts =
            gather(self.cpus.as_deref(), (self.seconds * 1e9) as u64).map_err(|error| match error {
                FactsError::Affinity(affinity) => anyhow::Error::new(UsageError(affinity.to_string())),
                other => other.into(),
            })?;
        let findings = examine(&facts);
        if self.json {
            let cpus = &facts.measured_on;
            let object = serde_json::json!({
                "device": facts.device.name(), "cpus": cpus, "noise": facts.noise, "findings": findings,
            });
            crate::out!("{object}")?;
        } else {
            crate::out!("{}, processor {:?}\n", facts.device.name(), facts.measured_on)?;
            crate::out!("{}\n{}", table(&findings), summary(&findings))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(findings: &[Finding]) -> Table {
    let mut table = table_of(["check", "", "seen", "what to do"]);
    for finding in findings {
        let state = match finding.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Unknown => "?",
        };
        table.add_row([finding.check, state, &finding.seen, &finding.advice]);
    }
    table
}

fn summary(findings: &[Finding]) -> String {
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (warn, unknown) = (count(State::Warn), count(State::Unknown));
    let made = format!("{warn} of {} checks warn, {unknown} could not be made", findings.len());
    if warn == 0 {
        made
    } else {
        format!("{made}; `profiler run` takes --cpus, --threads, --speed and --budget-s")
    }
}
