//! Bottlenecks at input resolutions that were not measured.

use std::collections::{BTreeMap, BTreeSet};

use profiler::record::read_text;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{
    Bench, Bound, Finding, Goal,
    score::{fit, samples_of_groups, score},
};
use crate::{PredictorError, import::ImportedRow};

/// The column of the resolution.
pub(super) const COLUMN: &str = "resolution";

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

pub(super) fn unseen(bench: &Bench<'_>, table: &str) -> Result<Vec<Finding>, PredictorError> {
    let file = format!("{table}.csv");
    let rows = bench.read(&file, "mbconv", None)?.rows;
    let resolutions = resolutions(bench, &file)?;
    let left_out = left_out(bench, &resolutions.values().cloned().collect());
    let is_test =
        |row: &&ImportedRow| resolutions.get(&row.line).is_some_and(|found| left_out.contains(found));
    bench.say(&format!("{table}: fitting"));
    // The blocks of a resolution were measured one after the other, and what is new later is another resolution as a whole.
    let group = |row: &ImportedRow| resolutions.get(&row.line).cloned();
    let rest = rows.iter().filter(|row| !is_test(row));
    let (model, chosen) = fit(&samples_of_groups(rest, &group))?;
    let scores = score(&model, rows.iter().filter(is_test))?;
    let measured = rows.iter().filter(is_test).filter(|row| model.knows(&row.subject.key())).count();
    Ok(vec![Finding {
        table: table.to_owned(),
        case: format!("resolutions {} left out ({measured} blocks known from others)", left_out.join(", ")),
        model: chosen,
        rows: scores.n,
        goals: vec![
            Goal::new("mape", scores.mape, Bound::AtMost(0.008)),
            Goal::new("within_10", scores.within_10, Bound::AtLeast(1.0)),
            Goal::coverage(scores.coverage_90),
            Goal::coverage_chance(scores.n),
        ],
    }])
}

/// The resolution of each line.
fn resolutions(bench: &Bench<'_>, file: &str) -> Result<BTreeMap<u64, String>, PredictorError> {
    let file = bench.folder.join(file);
    let content = |reason: String| profiler::record::ReadError::Content { path: file.clone(), reason };
    let text = read_text(&file)?.replace("\r\n", "\n");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().map_err(|e| content(e.to_string()))?.clone();
    let place = heads.iter().position(|head| head == COLUMN);
    let place = place.ok_or_else(|| content("no column `resolution`".to_owned()))?;
    let mut lines = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| content(e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        lines.insert(line, record.get(place).unwrap_or_default().to_owned());
    }
    Ok(lines)
}
