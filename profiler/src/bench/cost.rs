//! What a table of the whole space costs in time and memory, and where its time goes.

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
    let shares = shares.ok_or_else(|| job.no_figure("overhead", "an empty journal"))?;
    let hot: Vec<&Row> = table.rows.iter().filter(|row| row.cache == Cache::Hot).collect();
    let rule_s = tflite_rule_s(&hot.iter().map(|row| row.latency_ms).collect::<Vec<_>>());
    let (spent_s, target) = (table.session.measured_s, 100.0 * table.session.protocol.target_half_width);
    let within = table.rows.iter().filter(|row| row.status == Status::Ok).count() as f64;
    let of_session = format!("of {spent_s:.1} s of measuring");
    let share = |what: &str, value| Ratio::new(what, value, Unit::Fraction, of_session.clone());
    let rule = format!(
        "{spent_s:.1} s for {} ops, hot and cold, against {rule_s:.1} s for 50 runs and 1 s each, computed from the hot latencies",
        hot.len()
    );
    let intervals = format!("{within} of {} intervals within ±{target} %", table.rows.len());
    let within = within / table.rows.len() as f64;
    let outside = 1.0 - shares.timed - shares.settling - shares.evicting;
    let runs = format!("1 − (Σ runs after warm-up + evicting the caches) / wall, {of_session}");
    Ok(Found {
        ratios: vec![
            Ratio::new("time / that of TFLite's rule", spent_s / rule_s, Unit::Times, rule)
                .with_goal(Goal::AtMost(1.0 / 3.0)),
            Ratio::new("figures within the target", within, Unit::Fraction, intervals)
                .with_goal(Goal::AtLeast(1.0)),
            Ratio::new("overhead outside runs", outside, Unit::Fraction, runs).with_goal(Goal::AtMost(0.1)),
            share("runs that settle the caches", shares.settling),
            share("evicting the caches", shares.evicting),
            share("overhead: warm-up", shares.warm_up),
            share("overhead: reference block", shares.reference),
            share("overhead: clock and processor usage", shares.in_turns),
            share("overhead: journal, standing, progress", shares.between_turns),
        ],
        ..Found::default()
    })
}

/// The memory of the same table.
pub(super) fn memory(job: &mut Job) -> Result<Found, BenchError> {
    const NAME: &str = "peak resident memory";
    let table = job.table_of_another_process()?;
    let unknown = || job.no_figure(NAME, "the system does not say (VmHWM in /proc/self/status)");
    let kib = table.session.peak_memory_kib.ok_or_else(unknown)?;
    let ops = table.rows.len() / 2;
    let base = format!("of `profiler run` in a process of its own, {ops} ops; goal 300 MB");
    // 300 MB in bytes of 10⁶.
    let goal = Goal::AtMost(300e6 / 1_048_576.0);
    let peak = Ratio::new(NAME, kib as f64 / 1024.0, Unit::Mebibytes, base).with_goal(goal);
    Ok(Found { ratios: vec![peak], ..Found::default() })
}
