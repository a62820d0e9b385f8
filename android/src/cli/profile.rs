use super::{forwarded::Forwarded, on_phone::OnPhone};
use crate::error::AndroidError;
use crate::job::{Arguments, Rows, Word, read_result};
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use profiler::backend::KNOWN_BACKENDS;
use profiler::record::{Cache, Row, Session};
use std::{path::PathBuf, process::ExitCode};

/// Measures a phone: a table of latencies, as `profiler run` makes it of this computer.
///
/// Builds the profiler if need be, sends it, runs it, shows how far it is, and fetches table, session and journal. A
/// phone that is lost is waited for; then it resumes. Stopped or killed, the same command resumes. On the
/// phone nothing is touched but the folder /data/local/tmp/tailor-ID, which is removed at the end.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  android profile --space proxylessnas-small --networks 30 -o run/table.csv\n  android profile --serial 0A041FDD4000AB --onnx searched.onnx --cpus little --target-ci 1 -o run/verify.csv"
)]
pub(super) struct Profile {
    #[command(flatten)]
    on: OnPhone,
    /// Table to write here; its session and journal go beside it
    #[arg(short, long, value_name = "TABLE.csv")]
    output: PathBuf,
    /// Print JSON lines: rows, with `"final": false` as they are known and with `"final": true` at the end, and last
    /// `{"spent": …}`, seconds by what they were spent on
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sweep: Forwarded,
}

impl Profile {
    pub(super) fn run(&self) -> Result<ExitCode, AndroidError> {
        if self.output.extension().is_none_or(|extension| extension != "csv") {
            let text = format!("--output {}: expected a .csv file", self.output.display());
            return Err(AndroidError::Usage(text));
        }
        for known in KNOWN_BACKENDS.iter().filter(|known| self.sweep.has("--backend", known.name)) {
            if let Some(library) = known.library.filter(|_| !self.on.from.libraries.has(known)) {
                let (name, from) = (known.name, library.for_phones);
                return Err(AndroidError::Usage(format!("--backend {name} needs --{name} LIB.so, {from}")));
            }
        }
        let mut arguments = Arguments::new();
        arguments.text(["run", "--json", "--progress", "lines"]);
        // What stdin held is kept until the job is done.
        let (given, _stdin) = self.sweep.arguments()?;
        arguments.extend(given);
        arguments.option("--output", Word::Output(self.output.clone()));
        let rows = if self.json { Rows::Printed } else { Rows::Counted };
        let (code, spent) = self.on.work(arguments, rows)?;
        if self.json {
            profiler::out!("{}", spent.json())?;
        }
        if code == ExitCode::SUCCESS && !self.json {
            self.summarise()?;
        }
        Ok(code)
    }

    fn summarise(&self) -> Result<(), AndroidError> {
        let (rows, session) = read_result(&self.output)?;
        profiler::out!("{}", table(&rows, &session))?;
        profiler::note!(
            "{} on {}: {} rows",
            session.conditions.runtime.name,
            session.conditions.device,
            rows.len()
        );
        if session.conditions.runtime.emulated {
            profiler::note!("note: emulated figures, not timings");
        }
        session.warnings.iter().for_each(|warning| profiler::note!("warning: {warning}"));
        Ok(())
    }
}

fn table(rows: &[Row], session: &Session) -> Table {
    let is_timed = !session.conditions.runtime.emulated;
    let [hot, cold] = if is_timed { ["hot ms", "cold ms"] } else { ["emulated hot ms", "emulated cold ms"] };
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["subject", hot, "±%", cold, "±%"]);
    for pair in rows.chunk_by(|a, b| a.subject == b.subject) {
        let cells = |cache| match pair.iter().find(|row| row.cache == cache) {
            None => [String::new(), String::new()],
            Some(row) => {
                let width = 50.0 * (row.ci_high_ms - row.ci_low_ms) / row.latency_ms;
                [format!("{:.4}", row.latency_ms), format!("{width:.1}")]
            }
        };
        let ([hot, hot_width], [cold, cold_width]) = (cells(Cache::Hot), cells(Cache::Cold));
        table.add_row([pair[0].subject.clone(), hot, hot_width, cold, cold_width]);
    }
    table
}
