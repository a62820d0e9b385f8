//! What `profiler model` prints.

use std::{fmt::Write, path::Path};

use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::table_of;
use crate::layers::{Estimate, LayerTable};
use crate::record::{Cache, Conditions, Level, OutputCheck, Row};
use crate::sweep::NetworkResult;

/// One runtime's results for programs.
#[derive(Serialize)]
struct Report<'a> {
    model: String,
    subject: &'a str,
    conditions: &'a Conditions,
    outputs: &'a OutputCheck,
    network: Vec<&'a Row>,
    in_place: &'a LayerTable,
    warnings: &'a [String],
}

/// One line of JSON.
pub(super) fn json(model: &Path, result: &NetworkResult) -> serde_json::Result<String> {
    let network: Vec<&Row> = result.rows.iter().filter(|row| row.level == Level::Network).collect();
    serde_json::to_string(&Report {
        model: model.display().to_string(),
        subject: network.first().map_or("", |row| row.subject.as_str()),
        conditions: &result.session.conditions,
        outputs: &result.session.outputs,
        network,
        in_place: &result.layers,
        warnings: &result.session.warnings,
    })
}

/// A heading, the whole, and the table of layers.
pub(super) fn text(result: &NetworkResult) -> String {
    let conditions = &result.session.conditions;
    let mut text = String::new();
    let threads = if conditions.threads == 1 { "thread" } else { "threads" };
    let subject = result.rows.first().map_or("", |row| row.subject.as_str());
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{subject} on {} {}, {} {threads}, cpus {:?}; {}",
        conditions.runtime.name,
        conditions.runtime.version,
        conditions.threads,
        conditions.cpus,
        outputs(&result.session.outputs)
    );
    for (cache, name) in [(Cache::Hot, "hot"), (Cache::Cold, "cold")] {
        let rows = result.rows.iter().filter(|row| row.level == Level::Network && row.cache == cache);
        for row in rows {
            let width = 50.0 * (row.ci_high_ms - row.ci_low_ms) / row.latency_ms;
            let _ = writeln!(text, "{name:<4} {:.4} ms ±{width:.1} %", row.latency_ms);
        }
    }
    let _ = write!(text, "\n{}", table(&result.layers));
    text
}

fn outputs(check: &OutputCheck) -> String {
    match check {
        OutputCheck::Compared { with, agreed: 1, worst_difference, .. } => {
            format!("outputs agree with {with} ({worst_difference:.1e})")
        }
        OutputCheck::Compared { with, .. } => format!("outputs not compared: {with} does not take it"),
        OutputCheck::NotCompared { reason } => format!("outputs not compared: {reason}"),
    }
}

fn table(layers: &LayerTable) -> Table {
    let mut table = table_of(["layer", "computes", "ms", "±%", "share %", "M MACs", "GMAC/s"]);
    for row in &layers.layers {
        let computes =
            if row.operators.is_empty() { row.runtime_operators.join("+") } else { row.operators.clone() };
        let macs = row.macs.map_or_else(String::new, millions);
        table.add_row(cells(&row.layer, &computes, row.time, row.share, macs, row.gmacs_per_s));
    }
    let exactly = |ms: f64| Estimate { latency_ms: ms, ci_low_ms: f64::NAN, ci_high_ms: f64::NAN };
    let (between, whole) = (exactly(layers.runtime_ms), layers.whole);
    table.add_row(cells("(runtime)", "between layers", between, layers.runtime_share, String::new(), None));
    let rate = layers.macs.filter(|macs| *macs > 0).map(|macs| macs as f64 / whole.latency_ms / 1e6);
    let total = match layers.macs {
        Some(macs) => millions(macs),
        None => format!("incomplete, {} or more", millions(layers.known_macs)),
    };
    table.add_row(cells("whole, in turns with the layers", "", whole, 1.0, total.clone(), rate));
    let (sum, share) = (exactly(layers.sum_ms), layers.sum_over_whole);
    table.add_row(cells("sum of the layers", "", sum, share, total, None));
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn millions(macs: u64) -> String {
    if macs == 0 { "0".to_owned() } else { format!("{:.3}", macs as f64 / 1e6) }
}

fn cells(
    name: &str,
    computes: &str,
    time: Estimate,
    share: f64,
    macs: String,
    rate: Option<f64>,
) -> [String; 7] {
    let width = 50.0 * (time.ci_high_ms - time.ci_low_ms) / time.latency_ms;
    [
        name.to_owned(),
        computes.to_owned(),
        format!("{:.4}", time.latency_ms),
        if width.is_finite() { format!("{width:.1}") } else { String::new() },
        format!("{:.2}", share * 100.0),
        macs,
        rate.map_or_else(String::new, |rate| format!("{rate:.2}")),
    ]
}
