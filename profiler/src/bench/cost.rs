//! What a table of the whole space costs, and where its time goes.

use super::overhead::Shares;
use super::plain::tflite_rule_s;
use super::run::{Found, Job};
use super::{BenchError, Goal, Ratio, Unit};
use crate::record::{Cache, Row, Status};
use crate::sweep::{journal_path, read_journal};

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let table = job.table_of_another_process()?;
    let history = read_journal(&journal_path(&table.path))?.history;
    let shares = Shares::of(&history, table.session.protocol.reference_runs);
    let missing = || BenchError::NoFigure {
        part: job.part,
        backend: job.backend.name().to_owned(),
        name: "overhead".to_owned(),
        base: "an empty journal".to_owned(),
    };
    let shares = shares.ok_or_else(missing)?;
    let hot: Vec<&Row> = table.rows.iter().filter(|row| row.cache == Cache::Hot).collect();
    let rule_s = tflite_rule_s(&hot.iter().map(|row| row.latency_ms).collect::<Vec<_>>());
    let (spent_s, target) = (table.session.measured_s, 100.0 * table.session.protocol.target_half_width);
    let within = table.rows.iter().filter(|row| row.status == Status::Ok).count() as f64;
    let of_session = || format!("of {spent_s:.1} s of measuring");
    let share =
        |what: &str, value| Ratio::plain(&format!("overhead: {what}"), value, Unit::Fraction, of_session());
    Ok(Found {
        ratios: vec![
            Ratio::with_goal(
                "time / that of TFLite's rule",
                spent_s / rule_s,
                Unit::Times,
                Goal::AtMost(1.0 / 3.0),
                format!(
                    "{spent_s:.1} s for {} ops, hot and cold, against {rule_s:.1} s for 50 runs and 1 s each, computed from the hot latencies",
                    hot.len()
                ),
            ),
            Ratio::with_goal(
                "figures within the target",
                within / table.rows.len() as f64,
                Unit::Fraction,
                Goal::AtLeast(1.0),
                format!("{within} of {} intervals within ±{target} %", table.rows.len()),
            ),
            Ratio::with_goal(
                "overhead outside runs",
                1.0 - shares.timed - shares.settling - shares.evicting,
                Unit::Fraction,
                Goal::AtMost(0.1),
                format!("1 − (Σ runs after warm-up + evicting the caches) / wall, {}", of_session()),
            ),
            Ratio::plain("runs that settle the caches", shares.settling, Unit::Fraction, of_session()),
            Ratio::plain("evicting the caches", shares.evicting, Unit::Fraction, of_session()),
            share("warm-up", shares.warm_up),
            share("reference block", shares.reference),
            share("clock and processor usage", shares.in_turns),
            share("journal, standing, progress", shares.between_turns),
        ],
        ..Found::default()
    })
}
