//! From a history to a table's rows.

use super::{Planned, SweepError};
use crate::{
    measure::{self, History, Protocol, SubjectSummary, Summary, summarise},
    record::{Cache, Level, Row, Status, TABLE_VERSION},
};

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
    let summaries = summarise(history, subjects.len(), protocol)?;
    let found =
        subjects.iter().zip(&summaries).map(|(subject, summary)| subject_rows(subject, summary, session));
    let found: Vec<_> = found.collect();
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
    if wide > 0 {
        warnings
            .push(format!("{wide} of {} figures are less exact than the target of ±{target} %", rows.len()));
    }
    if preempted > 0 {
        warnings.push(format!(
            "{preempted} figures rest on the processor time of pre-empted runs: the machine was too busy"
        ));
    }
    let runs = all().map(|summary| summary.runs).sum();
    let dropped_runs = all().map(|summary| summary.dropped_runs).sum();
    Ok(Measured { rows, runs, dropped_runs, warnings })
}

/// Hot and cold row of a subject; `None` while there is no confidence interval.
pub(super) fn subject_rows(subject: &Planned, summary: &SubjectSummary, session: &str) -> Option<[Row; 2]> {
    let row = |cache, summary: &Option<Summary>| row(subject, cache, summary.as_ref()?, session);
    Some([row(Cache::Hot, &summary.hot)?, row(Cache::Cold, &summary.cold)?])
}

fn row(subject: &Planned, cache: Cache, summary: &Summary, session: &str) -> Option<Row> {
    let interval = summary.interval?;
    let ms = |ns: f64| ns / 1e6;
    let ops: Vec<_> = subject.ops.iter().map(|op| op.key()).collect();
    Some(Row {
        table_version: TABLE_VERSION,
        subject: subject.key.clone(),
        level: subject.level,
        cache,
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
            measure::Status::Wide | measure::Status::TooFew => Status::Wide,
        },
        session: session.to_owned(),
        ops: if subject.level == Level::Network { ops.join(" ") } else { String::new() },
    })
}
