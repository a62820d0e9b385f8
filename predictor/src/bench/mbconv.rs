//! Bottlenecks of a phone, from many rows and from few.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::score::{fit, samples, scored, scores};
use super::{Bench, Entry, FIFTHS, Figure, Finding, Goal, few_ops, means};
use crate::{error::PredictorError, import::ImportedRow};

pub(super) const ENTRY: Entry = Entry {
    file: "mbconv_*",
    what: "blocks of a phone",
    fits: |_| true,
    task: phone,
    pairs: Some((few_ops::name, few_ops::new_phone)),
};
/// The mean error to reach from all other rows.
const FROM_ALL: f64 = 0.025;
/// Rows fitted on, drawn at random, and the mean error to reach.
const FROM_FEW: [(usize, f64); 2] = [(100, 0.04), (30, 0.05)];
const DRAWS: u64 = 10;

/// A fifth of the rows is for testing. Coverage is that of all rows, each fifth left out in turn: of one fifth alone, a few
/// hundred rows, chance would decide. Of few rows ten draws are fitted and their mean is taken.
fn phone(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let rows = bench.rows(table, "mbconv")?;
    let (test, rest) = bench.fifth(&rows);
    let mut findings = from_all(bench, table, &rows)?;
    for (count, goal) in FROM_FEW {
        let mut chosen = String::new();
        let [mape, within_10, coverage] = means(DRAWS, |seed| {
            bench.say(&format!("{table}: {count} rows, draw {} of {DRAWS}", seed + 1));
            let mut drawn: Vec<&ImportedRow> = rest.clone();
            drawn.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            drawn.truncate(count);
            let (model, name) = fit(&samples(drawn.into_iter()))?;
            let scores = scores(&scored(&model, test.iter().copied())?)?;
            chosen = name;
            Ok([scores.mape, scores.within_10, scores.coverage_90])
        })?;
        let goals = vec![
            Figure::new("mape", mape, Goal::AtMost(goal)),
            Figure::shown("within_10", within_10),
            Figure::coverage(coverage),
            Figure::coverage_chance(test.len()),
        ];
        let case = format!("{count} rows, mean of {DRAWS} draws");
        findings.push(Finding::new(table, case, &chosen, test.len(), goals));
    }
    Ok(findings)
}

fn from_all(bench: &Bench<'_>, table: &str, rows: &[ImportedRow]) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    let mut all = Vec::new();
    for from in 0..FIFTHS {
        bench.say(&format!("{table}: all rows, fifth {} of {FIFTHS}", from + 1));
        let (test, rest) = bench.part(rows, from);
        let (model, chosen) = fit(&samples(rest.iter().copied()))?;
        let found = scored(&model, test.iter().copied())?;
        if from == 0 {
            let scores = scores(&found)?;
            let goals = vec![
                Figure::new("mape", scores.mape, Goal::AtMost(FROM_ALL)),
                Figure::new("within_10", scores.within_10, Goal::AtLeast(0.97)),
                Figure::shown("coverage_90", scores.coverage_90),
            ];
            findings.push(Finding::new(table, format!("{} rows", rest.len()), &chosen, test.len(), goals));
        }
        all.extend(found);
    }
    let scores = scores(&all)?;
    let case = "all rows, each fifth left out in turn".to_owned();
    findings.push(Finding::new(table, case, "chosen each time", scores.n, Figure::covered(&scores)));
    Ok(findings)
}
