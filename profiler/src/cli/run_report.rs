//! What `profiler run` prints at its end.

use std::process::ExitCode;

use comfy_table::Table;

use super::{heat, speed, table_of};
use crate::measure::Speed;
use crate::record::{Cache, Row, Session};
use crate::sweep::Lost;

/// Figures for people, a line per subject and speed.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = table_of(["subject", "hot ms", "±%", "cold ms", "±%", "runs", "dropped"]);
    // Layers inside of networks are too many for people.
    let whole: Vec<&Row> = rows.iter().filter(|row| row.cache != Cache::InPlace).collect();
    for pair in whole.chunk_by(|a, b| (&a.subject, a.speed) == (&b.subject, b.speed)) {
        let of = |cache| pair.iter().copied().find(|row| row.cache == cache);
        let ms = |row: Option<&Row>| row.map_or_else(String::new, |row| format!("{:.4}", row.latency_ms));
        let width = |row: Option<&Row>| {
            row.map_or_else(String::new, |row| {
                format!("{:.1}", 50.0 * (row.ci_high_ms - row.ci_low_ms) / row.latency_ms)
            })
        };
        let (hot, cold) = (of(Cache::Hot), of(Cache::Cold));
        let runs: u64 = pair.iter().map(|row| row.runs).sum();
        let dropped: u64 = pair.iter().map(|row| row.dropped_runs).sum();
        let other = pair[0].speed.filter(|speed| *speed != Speed::Fast);
        let subject = other.map_or_else(String::new, |speed| format!(" ({speed})"));
        let subject = format!("{}{subject}", pair[0].subject);
        let cells =
            [subject, ms(hot), width(hot), ms(cold), width(cold), runs.to_string(), dropped.to_string()];
        table.add_row(cells);
    }
    table
}

/// Names the subjects that are not in the table: without all of them, the run has failed.
pub(super) fn account_of(lost: &[Lost]) -> ExitCode {
    if lost.is_empty() {
        return ExitCode::SUCCESS;
    }
    let names: Vec<&str> = lost.iter().map(|lost| lost.subject.as_str()).collect();
    crate::note!(
        "error: {} of the subjects could not be measured: {}; the table has the others",
        names.len(),
        names.join(", ")
    );
    ExitCode::FAILURE
}

/// The closing lines, on stderr.
pub(super) fn report(session: &Session, output: &std::path::Path, rows: usize) {
    let Session { conditions, drift, .. } = session;
    let contended = session.contention.as_ref().filter(|contention| contention.contended_share > 0.0);
    let contended = contended.map_or_else(String::new, |contention| {
        format!("; contended {:.0} % of the time", (100.0 * contention.contended_share).max(1.0))
    });
    let (low, high) = (100.0 / drift.high_ratio, 100.0 / drift.low_ratio);
    let speeds = speed::in_words(&session.speed);
    crate::note!(
        "{} on {}: {rows} rows in {} ({:.0} s, {} runs, {} dropped; {speeds}; moved from {low:.0} % to {high:.0} % within it{contended})",
        conditions.runtime.name,
        conditions.device,
        output.display(),
        session.measured_s,
        session.runs,
        session.dropped_runs,
    );
    if conditions.runtime.emulated {
        crate::note!("note: emulated figures, not timings");
    }
    if let Some(machine) = &session.machine {
        crate::note!("{}", machine.in_words(Cache::Hot, "network"));
    }
    session.heat.iter().for_each(heat::report);
    session.warnings.iter().for_each(|warning| crate::note!("warning: {warning}"));
}
