//! From a history to a table's rows.

use super::{Planned, SweepError};
use crate::measure::{self, History, MeasureError, Protocol, Speed, SubjectSummary, Summary, summarise_at};
use crate::record::{Cache, Level, Row, Status, TABLE_VERSION};

/// Rows and what they rest on.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// One row per subject and cache state, in the order of the subjects; hot before cold.
    pub rows: Vec<Row>,
    /// Timed runs used.
    pub runs: u64,
    /// Timed runs dropped.
    pub dropped_runs: u64,
    /// What a reader of the table should know.
    pub warnings: Vec<String>,
}

/// Summarises a history.
///
/// # Errors
/// [`SweepError::TooShort`] when a subject has no confidence interval yet.
pub fn rows(
    subjects: &[Planned],
    history: &History,
    protocol: &Protocol,
    session: &str,
) -> Result<Measured, SweepError> {
    let at_speed = |speed| summarise_at(history, subjects.len(), protocol, speed);
    let at_speeds =
        protocol.speeds.iter().map(|speed| at_speed(*speed)).collect::<Result<Vec<_>, MeasureError>>()?;
    let summaries = (0..subjects.len()).flat_map(|subject| at_speeds.iter().map(move |of| &of[subject]));
    let summaries: Vec<&SubjectSummary> = summaries.collect();
    let planned = subjects.iter().flat_map(|subject| at_speeds.iter().map(move |_| subject));
    let found: Vec<_> =
        planned.zip(&summaries).map(|(subject, summary)| subject_rows(subject, summary, session)).collect();
    let missing = found.iter().filter(|rows| rows.is_none()).count();
    if missing > 0 {
        return Err(SweepError::TooShort { missing, total: subjects.len() });
    }
    let rows: Vec<Row> = found.into_iter().flatten().flatten().collect();
    let all = || summaries.iter().flat_map(|s| [&s.hot, &s.cold]).flatten();
    let count = |status| all().filter(|summary| summary.status == status).count();
    let target = protocol.target_half_width * 100.0;
    let mut warnings = Vec::new();
    let (wide, preempted) = (count(measure::Status::Wide), count(measure::Status::Preempted));
    let scaled = count(measure::Status::Scaled);
    if scaled > 0 {
        warnings.push(format!(
            "{scaled} of {} figures are scaled from other speeds of the machine, which had the speed asked for too rarely: \
             they may be 10 % off; measure longer, or when less else runs",
            rows.len()
        ));
    }
    let slow = count(measure::Status::Slow);
    if slow > 0 {
        warnings.push(format!(
            "{slow} of {} figures are slow: the machine was never as fast as it is known to be; measure longer, or when less \
             else runs",
            rows.len()
        ));
    }
    if wide > 0 {
        warnings
            .push(format!("{wide} of {} figures are less exact than the target of ±{target} %", rows.len()));
    }
    if preempted > 0 {
        warnings.push(format!(
            "{preempted} figures rest on the processor time of pre-empted runs: the machine was too busy"
        ));
    }
    let contended = count(measure::Status::Contended);
    if contended > 0 {
        warnings.push(format!(
            "{contended} of {} figures are contended: others used the same cores meanwhile",
            rows.len()
        ));
    }
    let runs = all().map(|summary| summary.runs).sum();
    let dropped_runs = all().map(|summary| summary.dropped_runs).sum();
    Ok(Measured { rows, runs, dropped_runs, warnings })
}

/// Hot and cold row of a subject at a speed; `None` while there is no confidence interval.
pub(super) fn subject_rows(subject: &Planned, summary: &SubjectSummary, session: &str) -> Option<[Row; 2]> {
    let row = |cache, of: &Option<Summary>| row(subject, cache, summary.speed, of.as_ref()?, session);
    Some([row(Cache::Hot, &summary.hot)?, row(Cache::Cold, &summary.cold)?])
}

fn row(subject: &Planned, cache: Cache, speed: Speed, summary: &Summary, session: &str) -> Option<Row> {
    let interval = summary.interval?;
    let ms = |ns: f64| ns / 1e6;
    let ops: Vec<_> = subject.ops.iter().map(|op| op.key()).collect();
    Some(Row {
        table_version: TABLE_VERSION,
        subject: subject.key.clone(),
        level: subject.level,
        cache,
        speed: Some(speed),
        latency_ms: ms(summary.latency.0),
        raw_median_ms: ms(summary.raw_median.0),
        min_ms: ms(summary.min.0),
        p90_ms: ms(summary.p90.0),
        ci_low_ms: ms(interval.low),
        ci_high_ms: ms(interval.high),
        spread: summary.spread,
        runs: summary.runs,
        dropped_runs: summary.dropped_runs,
        status: match summary.status {
            measure::Status::WithinTarget => Status::Ok,
            measure::Status::Preempted => Status::Preempted,
            measure::Status::Scaled => Status::Scaled,
            measure::Status::Slow => Status::Slow,
            measure::Status::Contended => Status::Contended,
            measure::Status::Wide | measure::Status::TooFew => Status::Wide,
        },
        session: session.to_owned(),
        ops: if subject.level == Level::Network { ops.join(" ") } else { String::new() },
    })
}
