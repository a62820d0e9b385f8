//! What a table of the whole space costs in time and memory, and where its time goes.

use super::flags::{Flags, flag};
use super::job::{Found, Job};
use super::overhead::Shares;
use super::plain::tflite_rule_s;
use super::speed::PartSpeed;
use super::tables::CUT;
use super::{BenchError, Goal, Ratio, Unit};
use crate::record::{Row, Status};

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let table = job.table_of_another_process()?;
    let shares = Shares::of(&table.recorded.history, table.session.protocol.reference_runs);
    let shares = shares.ok_or(BenchError::NoFigure { name: "overhead", reason: "an empty journal" })?;
    let speed = table.session.protocol.speeds.first().copied().unwrap_or_default();
    let (hot, rows): (Vec<&Row>, Vec<&Row>) = (table.hot(speed), table.at(speed).collect());
    let flags = Flags::of(rows.iter().map(|row| flag(row)));
    let cut = || table.is_cut(job.bench.protocol.budget_ns).then(|| CUT.to_owned());
    let not_shown = flags.not_shown().or_else(cut);
    let rule_s = tflite_rule_s(&hot.iter().map(|row| row.latency_ms).collect::<Vec<_>>());
    let (spent_s, target) = (table.session.measured_s, 100.0 * table.session.protocol.target_half_width);
    let within = rows.iter().filter(|row| row.status == Status::Ok).count() as f64;
    let of_session = format!("of {spent_s:.1} s of measuring");
    let share = |what: &str, value| Ratio::new(what, value, Unit::Fraction, of_session.clone());
    let rule = format!(
        "{spent_s:.1} s for {} ops, hot and cold, against {rule_s:.1} s for 50 runs and 1 s each, computed from the hot latencies",
        hot.len()
    );
    let intervals = format!("{within} of {} intervals within ±{target} %", rows.len());
    let within = within / rows.len() as f64;
    let outside = 1.0 - shares.timed - shares.settling - shares.evicting;
    let runs = format!("1 − (Σ runs after warm-up + evicting the caches) / wall, {of_session}");
    Ok(Found {
        ratios: vec![
            Ratio::new("time / that of TFLite's rule", spent_s / rule_s, Unit::Times, rule)
                .with_goal(Goal::AtMost(1.0 / 3.0))
                .shown_unless(not_shown.clone()),
            Ratio::new("figures within the target", within, Unit::Fraction, intervals)
                .with_goal(Goal::AtLeast(1.0))
                .shown_unless(not_shown),
            Ratio::new("overhead outside runs", outside, Unit::Fraction, runs)
                .with_goal(Goal::AtMost(0.1))
                .shown_unless(cut()),
            share("runs that settle the caches", shares.settling),
            share("evicting the caches", shares.evicting),
            share("overhead: warm-up", shares.warm_up),
            share("overhead: reference block", shares.reference),
            share("overhead: clock and processor usage", shares.in_turns),
            share("overhead: journal, standing, progress", shares.between_turns),
        ],
        speed: Some(PartSpeed { speed, reason: "the table was measured at it".to_owned() }),
        ..Found::default()
    })
}

/// The memory of the same table.
pub(super) fn memory(job: &mut Job) -> Result<Found, BenchError> {
    const NAME: &str = "peak resident memory";
    let table = job.table_of_another_process()?;
    let reason = "the system does not say (VmHWM in /proc/self/status)";
    let kib = table.session.peak_memory_kib.ok_or(BenchError::NoFigure { name: NAME, reason })?;
    let ops = table.recorded.subjects.len();
    let base = format!("of `profiler run` in a process of its own, {ops} ops; goal 300 MB");
    // 300 MB in bytes of 10⁶.
    let goal = Goal::AtMost(300e6 / 1_048_576.0);
    let peak = Ratio::new(NAME, kib as f64 / 1024.0, Unit::Mebibytes, base).with_goal(goal);
    Ok(Found { ratios: vec![peak], ..Found::default() })
}
