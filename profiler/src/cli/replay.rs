//! `profiler replay`: figures from a journal alone.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::UsageError;
use super::live::{Standing, write_row};
use super::output_file::check_output;
use super::run_report::table;
use super::speed::{SpeedArgs, in_words};
use crate::measure::speeds;
use crate::record::{Level, SpeedReport, write_table};
use crate::spec::OpSpec;
use crate::sweep::{Planned, Recorded, read_journal, rows};

/// Recomputes figures from a journal of `profiler run`, without the models and without measuring.
///
/// What is computed is what the same version would have written at the session's end. The ops of networks are not in a journal: their
/// rows have none.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  profiler replay run/table.journal.jsonl\n  profiler replay run/table.journal.jsonl --speed sustained -o sustained.csv"
)]
pub(super) struct Replay {
    /// Journal, as it stands beside a table.
    #[arg(value_name = "JOURNAL.jsonl")]
    journal: PathBuf,
    #[command(flatten)]
    speed: SpeedArgs,
    /// Table to write as well.
    #[arg(short, long, value_name = "TABLE.csv")]
    output: Option<PathBuf>,
    /// Print rows as JSON lines.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if let Some(output) = &self.output {
            check_output(output)?;
            if output.exists() {
                let output = output.display();
                return Err(UsageError(format!("--output {output}: exists already; name a new file")).into());
            }
        }
        let Recorded { session, mut protocol, subjects, history, .. } = read_journal(&self.journal)?;
        protocol.speeds = self.speed.speeds();
        let planned: Vec<Planned> = subjects.into_iter().map(plan).collect();
        let measured = rows(&planned, &history, &protocol, &session)?;
        if let Some(output) = &self.output {
            write_table(output, &measured.rows)?;
        }
        if self.json {
            measured.rows.iter().try_for_each(|row| write_row(row, Standing::Final))?;
        } else {
            crate::out!("{}", table(&measured.rows))?;
        }
        let report = SpeedReport { modes: speeds(&history), ..SpeedReport::default() };
        crate::note!("{session}: {}", in_words(&report));
        measured.warnings.iter().for_each(|warning| crate::note!("warning: {warning}"));
        Ok(ExitCode::SUCCESS)
    }
}

fn plan(key: String) -> Planned {
    let op = key.parse::<OpSpec>().ok();
    let level = if op.is_some() { Level::Op } else { Level::Network };
    Planned {
        key,
        level,
        ops: op.filter(|_| level == Level::Op).into_iter().collect(),
        onnx: Vec::new(),
        beside: None,
    }
}
