//! Bottlenecks at input resolutions that were not measured.

use std::collections::BTreeSet;

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::score::{fit, samples, score};
use super::{Bench, Entry, Figure, Finding, Goal};
use crate::error::PredictorError;
use crate::import::{ImportedRow, Source};

pub(super) const ENTRY: Entry = Entry {
    file: "mbconv_*",
    what: "with a column resolution: blocks of a phone, of a series of resolutions",
    fits: |columns| columns.iter().any(|column| column == COLUMN),
    task: unseen,
    pairs: None,
};
/// The column of the resolution.
const COLUMN: &str = "resolution";

/// Resolutions for testing: every third, the second first, or as many at random.
fn left_out(bench: &Bench<'_>, found: &BTreeSet<String>) -> Vec<String> {
    let third = found.iter().skip(1).step_by(3).cloned().collect::<Vec<_>>();
    if bench.split == 0 {
        return third;
    }
    let mut drawn: Vec<String> = found.iter().cloned().collect();
    drawn.shuffle(&mut Pcg64::seed_from_u64(bench.split));
    drawn.truncate(third.len());
    drawn.sort();
    drawn
}

fn unseen(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    // The blocks of a resolution were measured one after the other, and what is new later is another resolution as a whole.
    let (kind, group) = (Some("mbconv".to_owned()), Some(COLUMN.to_owned()));
    let rows = bench.read(table, "csv", Source { kind, group, ..Source::default() })?.rows;
    let left_out = left_out(bench, &rows.iter().filter_map(|row| row.group.clone()).collect());
    let is_test = |row: &&ImportedRow| row.group.as_ref().is_some_and(|found| left_out.contains(found));
    bench.say(&format!("{table}: fitting"));
    let (model, chosen) = fit(&samples(rows.iter().filter(|row| !is_test(row))))?;
    let scores = score(&model, rows.iter().filter(is_test))?;
    let measured = rows.iter().filter(is_test).filter(|row| model.knows(&row.subject.key())).count();
    let left_out = left_out.join(", ");
    let case = format!("resolutions {left_out} left out ({measured} blocks known from others)");
    let goals = vec![
        Figure::new("mape", scores.mape, Goal::AtMost(0.008)),
        Figure::new("within_10", scores.within_10, Goal::AtLeast(1.0)),
        Figure::coverage(scores.coverage_90),
        Figure::coverage_chance(scores.n),
    ];
    Ok(vec![Finding::new(table, case, &chosen, scores.n, goals)])
}
