//! `profiler replay`: figures from a journal alone.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::UsageError;
use super::live::{Standing, write_row};
use super::output_file::check_output;
use super::run_report::table;
use super::speed::{SpeedArgs, in_words};
use crate::measure::speeds;
use crate::record::{SpeedReport, write_table};
use crate::sweep::read_journal;

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
        let recorded = read_journal(&self.journal)?;
        let measured = recorded.rows(&self.speed.speeds())?;
        if let Some(output) = &self.output {
            write_table(output, &measured.rows)?;
        }
        if self.json {
            measured.rows.iter().try_for_each(|row| write_row(row, Standing::Final))?;
        } else {
            crate::out!("{}", table(&measured.rows))?;
        }
        let report = SpeedReport { modes: speeds(&recorded.history), ..SpeedReport::default() };
        crate::note!("{}: {}", recorded.session, in_words(&report));
        measured.warnings.iter().for_each(|warning| crate::note!("warning: {warning}"));
        Ok(ExitCode::SUCCESS)
    }
}
