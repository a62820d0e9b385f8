//! Rows not to trust unseen.

use std::collections::BTreeMap;

use profiler::measure::upper_median;
use profiler::record::{Cache, Level, Row, Status};
use serde::Serialize;

use super::impossible;
use crate::error::PredictorError;

/// Half width of an interval, relative, from which a row may be called wide.
const WIDE: f64 = 0.05;
/// How many times as wide as is usual in its table it must be: where all are wide, none stands out by it.
const WIDER: f64 = 2.0;
/// How far repeated rows may lie apart beyond their intervals.
const APART: f64 = 0.05;

/// Why a row is doubtful.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "doubt", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// Its 95 % interval is wider than ±5 %, and than twice what is usual in the table.
    WideInterval {
        /// Half of it, relative.
        half_width: f64,
    },
    /// It rests on runs that the machine interrupted.
    Preempted,
    /// The same subject stands in the session again.
    Duplicate {
        /// How often in all.
        rows: usize,
    },
    /// Another row of the subject says something else, beyond both intervals.
    Disagrees {
        /// The other's latency in milliseconds.
        other_ms: f64,
        /// The other's session.
        session: String,
    },
    /// The figures of the row contradict each other.
    Contradiction {
        /// Which, in words.
        what: String,
    },
    /// Hot runs take longer than cold ones, beyond both intervals.
    HotSlowerThanCold {
        /// Cold latency in milliseconds.
        cold_ms: f64,
    },
    /// More multiply-accumulates a second than the machine does otherwise.
    TooFast {
        /// Billions a second.
        gmacs_per_s: f64,
        /// What the fastest others reach.
        others_gmacs_per_s: f64,
    },
    /// An op of its kind that does at least as much of everything takes less, beyond both intervals.
    SlowerThanMore {
        /// That op.
        op: String,
        /// Its latency in milliseconds.
        latency_ms: f64,
        /// How many such ops there are.
        ops: usize,
    },
}

/// A doubtful row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoubtfulRow {
    /// Its subject.
    pub subject: String,
    /// Its level.
    pub level: Level,
    /// Its cache state.
    pub cache: Cache,
    /// Its latency in milliseconds.
    pub latency_ms: f64,
    /// Why.
    pub doubts: Vec<Doubt>,
}

/// The doubtful rows of a table, in its order.
pub(super) fn find(rows: &[Row]) -> Result<Vec<DoubtfulRow>, PredictorError> {
    let wide = WIDE.max(WIDER * usual_half_width(rows).unwrap_or_default());
    let mut doubts: Vec<Vec<Doubt>> = rows.iter().map(|row| of_itself(row, wide)).collect();
    of_repeats(rows, &mut doubts);
    of_states(rows, &mut doubts);
    impossible::find(rows, &mut doubts)?;
    let doubtful = rows.iter().zip(doubts).filter(|(_, doubts)| !doubts.is_empty());
    let row = |(row, doubts): (&Row, Vec<Doubt>)| DoubtfulRow {
        subject: row.subject.clone(),
        level: row.level,
        cache: row.cache,
        latency_ms: row.latency_ms,
        doubts,
    };
    Ok(doubtful.map(row).collect())
}

/// Half of a row's 95 % interval, relative.
fn half_width(row: &Row) -> f64 {
    (row.ci_high_ms - row.ci_low_ms) / 2.0 / row.latency_ms
}

/// The half width that half of the rows are within; `None` without rows.
pub(super) fn usual_half_width(rows: &[Row]) -> Option<f64> {
    upper_median(&rows.iter().map(half_width).collect::<Vec<_>>())
}

fn of_itself(row: &Row, wide: f64) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let half_width = half_width(row);
    if half_width > wide {
        doubts.push(Doubt::WideInterval { half_width });
    }
    if row.status == Status::Preempted {
        doubts.push(Doubt::Preempted);
    }
    if row.p90_ms < row.min_ms || row.raw_median_ms < row.min_ms {
        let what = format!("its shortest run took {} ms, its 90th percentile {} ms", row.min_ms, row.p90_ms);
        doubts.push(Doubt::Contradiction { what });
    }
    doubts
}

/// Whether two rows lie apart beyond their intervals.
pub(super) fn apart(slower: &Row, faster: &Row) -> bool {
    slower.ci_low_ms > faster.ci_high_ms * (1.0 + APART)
}

fn of_repeats(rows: &[Row], doubts: &mut [Vec<Doubt>]) {
    let mut by_subject: BTreeMap<(&str, Level, Cache), Vec<usize>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        by_subject.entry((&row.subject, row.level, row.cache)).or_default().push(index);
    }
    for same in by_subject.values().filter(|same| same.len() > 1) {
        for &index in same {
            let row = &rows[index];
            let of_session = same.iter().filter(|other| rows[**other].session == row.session).count();
            if of_session > 1 {
                doubts[index].push(Doubt::Duplicate { rows: of_session });
            }
            let other = same.iter().map(|&other| &rows[other]).find(|o| apart(row, o) || apart(o, row));
            if let Some(other) = other {
                let session = other.session.clone();
                doubts[index].push(Doubt::Disagrees { other_ms: other.latency_ms, session });
            }
        }
    }
}

fn of_states(rows: &[Row], doubts: &mut [Vec<Doubt>]) {
    let mut cold: BTreeMap<(&str, &str), &Row> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.cache == Cache::Cold) {
        cold.insert((&row.subject, &row.session), row);
    }
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.cache == Cache::Hot) {
        if let Some(other) = cold.get(&(row.subject.as_str(), row.session.as_str()))
            && apart(row, other)
        {
            doubts[index].push(Doubt::HotSlowerThanCold { cold_ms: other.latency_ms });
        }
    }
}
