//! Bottlenecks of a phone, from many rows and from few.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{
    Bench, Entry, FIFTHS, Figure, Finding, Goal, few_ops,
    score::{fit, samples, scored, scores},
};
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
    let rows = bench.read(&format!("{table}.csv"), "mbconv", None)?.rows;
    let (test, rest) = bench.fifth(&rows);
    let mut findings = from_all(bench, table, &rows)?;
    for (count, mape) in FROM_FEW {
        let mut sums = [0.0; 3];
        let mut chosen = String::new();
        for seed in 0..DRAWS {
            bench.say(&format!("{table}: {count} rows, draw {} of {DRAWS}", seed + 1));
            let mut drawn: Vec<&ImportedRow> = rest.clone();
            drawn.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            drawn.truncate(count);
            let (model, name) = fit(&samples(drawn.into_iter()))?;
            let scores = scores(&scored(&model, test.iter().copied())?)?;
            let figures = [scores.mape, scores.within_10, scores.coverage_90];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure / DRAWS as f64);
            chosen = name;
        }
        findings.push(Finding {
            table: table.to_owned(),
            case: format!("{count} rows, mean of {DRAWS} draws"),
            model: chosen,
            rows: test.len(),
            goals: vec![
                Figure::new("mape", sums[0], Goal::AtMost(mape)),
                Figure::shown("within_10", sums[1]),
                Figure::coverage(sums[2]),
                Figure::coverage_chance(test.len()),
            ],
        });
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
            findings.push(Finding {
                table: table.to_owned(),
                case: format!("{} rows", rest.len()),
                model: chosen,
                rows: test.len(),
                goals: vec![
                    Figure::new("mape", scores.mape, Goal::AtMost(FROM_ALL)),
                    Figure::new("within_10", scores.within_10, Goal::AtLeast(0.97)),
                    Figure::shown("coverage_90", scores.coverage_90),
                ],
            });
        }
        all.extend(found);
    }
    let scores = scores(&all)?;
    findings.push(Finding {
        table: table.to_owned(),
        case: "all rows, each fifth left out in turn".to_owned(),
        model: "chosen each time".to_owned(),
        rows: scores.n,
        goals: vec![
            Figure::shown("mape", scores.mape),
            Figure::shown("within_10", scores.within_10),
            Figure::coverage(scores.coverage_90),
            Figure::coverage_chance(scores.n),
        ],
    });
    Ok(findings)
}
