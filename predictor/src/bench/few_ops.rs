//! A new phone's bottlenecks from a few rows and another phone's model, beside a fit to those rows alone.

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::score::{fit, samples, score};
use super::{Bench, Figure, Finding, Goal, means};
use crate::error::PredictorError;
use crate::import::ImportedRow;
use crate::op::OpModel;
use crate::rows::Sample;
use crate::transfer::{OpPrior, suggest_ops};

/// Rows measured on the new phone and the mean error to reach, which was written down before any was seen.
const CASES: [(usize, f64); 3] = [(10, 0.05), (20, 0.045), (30, 0.04)];
const DRAWS: u64 = 10;

const FROM: &str = "_from_";
const START: &str = "mbconv_";

/// What the case of a new phone and a known one is called, by their tables.
pub(super) fn name(known: &str, new: &str) -> String {
    format!("{new}{FROM}{}", known.trim_start_matches(START))
}

pub(super) fn new_phone(bench: &Bench<'_>, name: &str) -> Result<Vec<Finding>, PredictorError> {
    let (new, known) = name.split_once(FROM).unwrap_or((name, name));
    let known_rows = bench.rows(&format!("{START}{known}"), "mbconv")?;
    let rows = bench.rows(new, "mbconv")?;
    let (test, rest) = bench.fifth(&rows);
    bench.say(&format!("{name}: fitting the known phone"));
    let from = known;
    // The blocks that are for testing are new to the known phone, too.
    let (_, known) = bench.fifth(&known_rows);
    let (known, _) = fit(&samples(known.into_iter()))?;
    let known = [&known];
    let mut findings = Vec::new();
    for (count, goal) in CASES {
        let [mape, within_10, coverage, scratch] = means(DRAWS, |seed| {
            bench.say(&format!("{name}: {count} rows, draw {} of {DRAWS}", seed + 1));
            let mut drawn: Vec<&ImportedRow> = rest.clone();
            drawn.shuffle(&mut Pcg64::seed_from_u64(bench.seed(seed)));
            let few = samples(drawn.into_iter().take(count));
            let [mape, within_10, coverage] = scored(&known, &few, &test)?;
            Ok([mape, within_10, coverage, score(&fit(&few)?.0, test.iter().copied())?.mape])
        })?;
        let goal = Some(Goal::AtMost(goal.min(scratch)));
        let mut goals = Figure::errors([mape, within_10, coverage], goal);
        goals.push(Figure::shown("mape fitted to the rows alone", scratch));
        let case = format!("from {from} and {count} random rows, mean of {DRAWS} draws");
        let finding = |case, goals| Finding::new(new, case, "known phone x few rows", test.len(), goals);
        findings.push(finding(case, goals));
        let pool = samples(rest.iter().copied());
        let chosen = chosen(&known, &pool, count)?;
        let goals = Figure::errors(scored(&known, &chosen, &test)?, None);
        findings.push(finding(format!("from {from} and {count} suggested rows"), goals));
    }
    Ok(findings)
}

/// Mean error, share within ±10 % and coverage of what comes of a few samples.
fn scored(known: &[&OpModel], few: &[Sample], test: &[&ImportedRow]) -> Result<[f64; 3], PredictorError> {
    let model = OpModel::transferred(known, few)?;
    let scores = score(&model, test.iter().copied())?;
    Ok([scores.mape, scores.within_10, scores.coverage_90])
}

fn chosen(known: &[&OpModel], pool: &[Sample], count: usize) -> Result<Vec<Sample>, PredictorError> {
    let ops = pool.iter().map(|op| (op.kind(), &op.features));
    let prior = OpPrior::new(known, ops)?;
    let suggested = suggest_ops(&prior, pool, &[], count, 1.0)?;
    let is_suggested = |op: &&Sample| suggested.iter().any(|s| s.key == op.key);
    Ok(pool.iter().filter(is_suggested).cloned().collect())
}
