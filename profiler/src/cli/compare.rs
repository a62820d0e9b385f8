//! `profiler compare`: what changed between two tables.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use comfy_table::Table;

use super::{UsageError, table_of};
use crate::compare::{
    Change, Circumstances, Comparison, Evidence, NoiseFloor, Shift, Verdict, circumstances, compare,
};
use crate::record::{Row, Session, read_session, read_table, session_path};
use crate::terminal::StdoutError;

/// Reports what changed between two tables, op by op, against the noise between sessions.
///
/// The verdict is `same`, `faster_or_slower` (all by one factor) or `changed` (some subjects stand out from the common
/// factor, hot and cold). Devices, runtimes or threads that differ are named, not refused.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  profiler compare monday/table.csv friday/table.csv\n  profiler compare main.csv branch.csv --fail-on changed --json"
)]
pub(super) struct Compare {
    /// The first table; its session file is read beside it.
    #[arg(value_name = "A.csv")]
    a: PathBuf,
    /// The second table; ratios are second over first.
    #[arg(value_name = "B.csv")]
    b: PathBuf,
    /// All figures together may differ by so many per cent between sessions of one machine, beyond what the
    /// references' speed explains. Give less for a machine that you know to be steady.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * NoiseFloor::default().session)]
    session_noise: f64,
    /// Standard deviation of one op's ratio between sessions of one machine, in per cent; the least, where the ops
    /// scatter more.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * NoiseFloor::default().op)]
    op_noise: f64,
    /// Of the subjects that are named, so many per cent are false alarms on average.
    #[arg(long, value_name = "PERCENT", default_value_t = 100.0 * NoiseFloor::default().false_discovery_rate)]
    false_alarms: f64,
    /// Exit with code 1 on this verdict (repeatable).
    #[arg(long, value_name = "VERDICT")]
    fail_on: Vec<FailOn>,
    /// List every subject, not only those that stand out.
    #[arg(long)]
    all: bool,
    /// One JSON object instead of tables.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Some subjects stand out.
    Changed,
    /// All moved by one factor.
    #[value(name = "faster_or_slower")]
    FasterOrSlower,
}

/// A common shift that a steadier machine than the default assumes would not show.
const WORTH_A_NOTE: f64 = 0.05;

/// A table and, where there is one, its session.
struct Side {
    path: PathBuf,
    rows: Vec<Row>,
    session: Option<Session>,
}

impl Compare {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        let noise_floor = NoiseFloor {
            session: self.session_noise / 100.0,
            op: self.op_noise / 100.0,
            false_discovery_rate: self.false_alarms / 100.0,
        };
        noise_floor.check().map_err(|e| UsageError(e.to_string()))?;
        let mut notes = Vec::new();
        let a = Side::read(&self.a, &mut notes)?;
        let b = Side::read(&self.b, &mut notes)?;
        let both = a.session.as_ref().zip(b.session.as_ref());
        let around = both.map(|(a, b)| circumstances(a, b));
        let evidence = both.zip(around.as_ref()).map(|((a, b), around)| Evidence::of(a, b, around));
        let comparison = compare(&a.rows, &b.rows, noise_floor, evidence.unwrap_or_default())?;
        for side in [&a, &b] {
            if side.session.as_ref().is_some_and(|session| session.conditions.runtime.emulated) {
                notes.push(format!("{}: emulated figures, not timings", side.path.display()));
            }
        }
        let moved = |shift: &Shift| (shift.ratio - 1.0).abs() > WORTH_A_NOTE;
        if comparison.verdict == Verdict::Same && comparison.shifts.iter().any(moved) {
            notes.push(format!(
                "on a machine that repeats better than ±{} %, this would be a change: say how well yours does by \
                 --session-noise PERCENT",
                self.session_noise
            ));
        }
        if self.json {
            crate::out!("{}", json(&a, &b, around.as_ref(), &comparison, &notes)?)?;
        } else {
            print(&a, &b, around.as_ref(), &comparison, self.all)?;
            notes.iter().for_each(|note| crate::note!("note: {note}"));
        }
        let failing = match comparison.verdict {
            Verdict::Same => None,
            Verdict::FasterOrSlower => Some(FailOn::FasterOrSlower),
            Verdict::Changed => Some(FailOn::Changed),
        };
        let failed = failing.is_some_and(|verdict| self.fail_on.contains(&verdict));
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Side {
    fn read(path: &Path, notes: &mut Vec<String>) -> anyhow::Result<Self> {
        let rows = read_table(path)?;
        let beside = session_path(path);
        let session = if beside.exists() { Some(read_session(&beside)?) } else { None };
        let is_its_own = |session: &Session| rows.iter().all(|row| row.session == session.id);
        let unknown = match &session {
            None => "is missing: the table's conditions are not known",
            Some(session) if !is_its_own(session) => {
                "is not this table's session: its conditions are not known"
            }
            Some(_) => return Ok(Self { path: path.to_owned(), rows, session }),
        };
        notes.push(format!("{} {unknown}", beside.display()));
        Ok(Self { path: path.to_owned(), rows, session: None })
    }

    fn line(&self) -> String {
        let table = format!("{}: {} rows", self.path.display(), self.rows.len());
        let Some(session) = &self.session else { return format!("{table}, no session") };
        let conditions = &session.conditions;
        let runtime = &conditions.runtime;
        let (threads, started) = (conditions.threads, &session.started);
        format!(
            "{table}, {} {} on {}, threads {threads}, {started}",
            runtime.name, runtime.version, conditions.device
        )
    }

    fn json(&self) -> serde_json::Value {
        let session = self.session.as_ref().map(|session| {
            serde_json::json!({"id": session.id, "started": session.started, "conditions": session.conditions})
        });
        serde_json::json!({"table": self.path, "rows": self.rows.len(), "session": session})
    }
}

fn json(
    a: &Side,
    b: &Side,
    around: Option<&Circumstances>,
    comparison: &Comparison,
    notes: &[String],
) -> anyhow::Result<String> {
    let mut object = serde_json::to_value(comparison)?;
    for (name, value) in [
        ("a", a.json()),
        ("b", b.json()),
        ("circumstances", serde_json::to_value(around)?),
        ("words", comparison.words().into()),
        ("notes", notes.into()),
    ] {
        object[name] = value;
    }
    Ok(object.to_string())
}

fn print(
    a: &Side,
    b: &Side,
    around: Option<&Circumstances>,
    comparison: &Comparison,
    all: bool,
) -> Result<(), StdoutError> {
    crate::out!("A  {}\nB  {}\n", a.line(), b.line())?;
    match around {
        Some(around) => {
            if around.conditions.is_empty() {
                crate::out!("conditions: the same device, runtime, threads, processors and build")?;
            }
            for difference in around.conditions.iter().chain(&around.also) {
                crate::out!("{} differs: A `{}`, B `{}`", difference.what, difference.a, difference.b)?;
            }
            if let Some(ratio) = around.reference_ratio {
                crate::out!("references: {:+.1} %, small models timed in between", 100.0 * (ratio - 1.0))?;
            }
        }
        None => crate::out!("conditions: not known for both tables")?,
    }
    crate::out!("\n{}\n", shifts(comparison))?;
    let listed: Vec<&Change> =
        if all { comparison.subjects.iter().collect() } else { comparison.deviating() };
    if !listed.is_empty() {
        crate::out!("{}\n", changes(&listed))?;
    }
    for (name, only) in [("A", &comparison.only_a), ("B", &comparison.only_b)] {
        if !only.is_empty() {
            crate::out!("only in {name}, {}: {}", only.len(), only.join(", "))?;
        }
    }
    crate::out!("{}", comparison.words())
}

fn shifts(comparison: &Comparison) -> Table {
    let mut table = table_of(["cache", "figures", "B/A", "95 % interval", "scatter"]);
    for shift in &comparison.shifts {
        table.add_row([
            shift.cache.to_string(),
            shift.pairs.to_string(),
            format!("{:.3}", shift.ratio),
            format!("{:.3} to {:.3}", shift.ratio_low, shift.ratio_high),
            format!("{:.1} %", 100.0 * shift.scatter),
        ]);
    }
    table
}

fn changes(listed: &[&Change]) -> Table {
    let mut table = table_of(["subject", "cache", "A ms", "B ms", "B/A", "to the common", "q", ""]);
    for change in listed {
        for (index, figure) in change.figures.iter().enumerate() {
            let once = |text: String| if index == 0 { text } else { String::new() };
            table.add_row([
                once(change.subject.clone()),
                figure.cache.to_string(),
                format!("{:.4}", figure.a_ms),
                format!("{:.4}", figure.b_ms),
                format!("{:.3}", figure.ratio),
                format!("{:+.1} %", 100.0 * (figure.ratio_to_shift - 1.0)),
                once(format!("{:.1e}", change.q)),
                once(if change.deviates { "stands out".to_owned() } else { String::new() }),
            ]);
        }
    }
    table
}
