//! Finding each figure of one table in the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::measure::Speed;
use crate::record::{Cache, Level, Row};

/// A subject in one cache state, measured in both tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Key.
    pub subject: String,
    /// Op or network.
    pub level: Level,
    /// Cache state.
    pub cache: Cache,
    /// Latency in the first table.
    pub a_ms: f64,
    /// Latency in the second table.
    pub b_ms: f64,
    /// `ln(b_ms / a_ms)`.
    pub log_ratio: f64,
    /// Standard error of the log ratio, as far as the two confidence intervals show it.
    pub own_error: f64,
}

/// What two tables have in common, and what not.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// Figures in both, in the order of the first table.
    pub pairs: Vec<Pair>,
    /// What only the first table has: keys, with the cache state where the other table has the subject in another one.
    pub only_a: Vec<String>,
    /// What only the second table has.
    pub only_b: Vec<String>,
}

/// Tables that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum CompareError {
    /// Rows of several sessions in one table.
    #[error("`{subject}` ({cache}) stands twice in a table: compare tables of one session each")]
    Twice { subject: String, cache: Cache },
    /// Nothing to compare.
    #[error(
        "the tables have no figure in common: {a} and {b} rows of different subjects, or of different speeds of the machine"
    )]
    NothingCommon { a: usize, b: usize },
}

/// Pairs two tables' rows by subject, cache state and speed.
///
/// # Errors
/// [`CompareError`] if a figure stands twice in a table, or none in both.
pub fn pair(a: &[Row], b: &[Row]) -> Result<Pairing, CompareError> {
    let (a_rows, b_rows) = (index(a)?, index(b)?);
    let found = a.iter().filter_map(|row| Some((row, *b_rows.get(&key(row))?)));
    let pairs: Vec<Pair> = found
        .map(|(a, b)| Pair {
            subject: a.subject.clone(),
            level: a.level,
            cache: a.cache,
            a_ms: a.latency_ms,
            b_ms: b.latency_ms,
            log_ratio: (b.latency_ms / a.latency_ms).ln(),
            own_error: log_error(a).hypot(log_error(b)),
        })
        .collect();
    if pairs.is_empty() {
        return Err(CompareError::NothingCommon { a: a.len(), b: b.len() });
    }
    Ok(Pairing { pairs, only_a: missing(&a_rows, &b_rows), only_b: missing(&b_rows, &a_rows) })
}

type Index<'a> = BTreeMap<(&'a str, Cache, Option<Speed>), &'a Row>;

fn key(row: &Row) -> (&str, Cache, Option<Speed>) {
    (row.subject.as_str(), row.cache, row.speed)
}

fn index(rows: &[Row]) -> Result<Index<'_>, CompareError> {
    let mut index = Index::new();
    for row in rows {
        if index.insert(key(row), row).is_some() {
            return Err(CompareError::Twice { subject: row.subject.clone(), cache: row.cache });
        }
    }
    Ok(index)
}

fn missing(here: &Index<'_>, there: &Index<'_>) -> Vec<String> {
    let subjects: BTreeSet<&str> = there.keys().map(|(subject, ..)| *subject).collect();
    let only = here.keys().filter(|key| !there.contains_key(*key));
    let names = only.map(|(subject, cache, _)| match subjects.contains(subject) {
        true => format!("{subject} ({cache})"),
        false => (*subject).to_owned(),
    });
    // One name for both cache states.
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Standard error of the logarithm of a latency whose 95 % interval is `[low, high]`: `ln(high / low) / (2 · 1.96)`, as
/// if the median were normally distributed.
fn log_error(row: &Row) -> f64 {
    (row.ci_high_ms / row.ci_low_ms).ln() / (2.0 * super::significance::Z_95)
}
