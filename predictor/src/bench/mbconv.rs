//! Bottlenecks of two phones, from many rows and from few.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{
    Bench, Bound, Finding, Goal,
    score::{fit, samples, score},
};
use crate::{PredictorError, import::ImportedRow};

/// Rows fitted on, drawn at random, and the mean error to reach; nothing for all rows.
const CASES: [(Option<usize>, f64); 3] = [(None, 0.025), (Some(100), 0.04), (Some(30), 0.05)];

pub(super) fn pixel1(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    phone(bench, "mbconv_pixel1")
}

pub(super) fn xiaomi11(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    phone(bench, "mbconv_xiaomi11")
}

/// A fifth of the rows is for testing; of few rows, ten draws are fitted and their mean is taken.
fn phone(bench: &Bench<'_>, table: &'static str) -> Result<Vec<Finding>, PredictorError> {
    let rows = bench.read(&format!("{table}.csv"), "mbconv", None)?.rows;
    let (test, rest) = bench.fifth(&rows);
    let mut findings = Vec::new();
    for (count, mape) in CASES {
        let draws = if count.is_some() { 10 } else { 1 };
        let mut sums = [0.0; 3];
        let mut chosen = String::new();
        for seed in 0..draws {
            let case = count.map_or_else(|| "all".to_owned(), |count| count.to_string());
            bench.say(&format!("{table}: {case} rows, draw {} of {draws}", seed + 1));
            let mut drawn: Vec<&ImportedRow> = rest.clone();
            drawn.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            drawn.truncate(count.unwrap_or(rest.len()));
            let (model, name) = fit(&samples(drawn.into_iter()))?;
            let scores = score(&model, test.iter().copied())?;
            let figures = [scores.mape, scores.within_10, scores.coverage_90];
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure / draws as f64);
            chosen = name;
        }
        let within = if count.is_some() { Bound::Shown } else { Bound::AtLeast(0.97) };
        findings.push(Finding {
            table,
            case: match count {
                None => format!("{} rows", rest.len()),
                Some(count) => format!("{count} rows, mean of {draws} draws"),
            },
            model: chosen,
            rows: test.len(),
            goals: vec![
                Goal::new("mape", sums[0], Bound::AtMost(mape)),
                Goal::new("within_10", sums[1], within),
                Goal::coverage(sums[2]),
                Goal::coverage_chance(test.len()),
            ],
        });
    }
    Ok(findings)
}
