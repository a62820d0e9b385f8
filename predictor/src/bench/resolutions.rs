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

const TABLE: &str = "mbconv_note10";
/// Every third of the thirteen resolutions, the second first.
const LEFT_OUT: [&str; 4] = ["164", "180", "196", "212"];

/// Resolutions for testing: those above, or as many of the table's at random.
fn left_out(bench: &Bench<'_>, found: &BTreeSet<String>) -> Vec<String> {
    if bench.split == 0 {
        return LEFT_OUT.map(str::to_owned).into();
    }
    let mut drawn: Vec<String> = found.iter().cloned().collect();
    drawn.shuffle(&mut Pcg64::seed_from_u64(bench.split));
    drawn.truncate(LEFT_OUT.len());
    drawn.sort();
    drawn
}

pub(super) fn note10(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    let file = format!("{TABLE}.csv");
    let rows = bench.read(&file, "mbconv", Some("mean_ms"))?.rows;
    let resolutions = resolutions(bench, &file)?;
    let left_out = left_out(bench, &resolutions.values().cloned().collect());
    let is_test =
        |row: &&ImportedRow| resolutions.get(&row.line).is_some_and(|found| left_out.contains(found));
    bench.say(&format!("{TABLE}: fitting"));
    // The blocks of a resolution were measured one after the other, and what is new later is another resolution as a whole.
    let group = |row: &ImportedRow| resolutions.get(&row.line).cloned();
    let rest = rows.iter().filter(|row| !is_test(row));
    let (model, chosen) = fit(&samples_of_groups(rest, &group))?;
    let scores = score(&model, rows.iter().filter(is_test))?;
    let measured = rows.iter().filter(is_test).filter(|row| model.knows(&row.subject.key())).count();
    Ok(vec![Finding {
        table: TABLE,
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
    let place = heads.iter().position(|head| head == "resolution");
    let place = place.ok_or_else(|| content("no column `resolution`".to_owned()))?;
    let mut lines = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| content(e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        lines.insert(line, record.get(place).unwrap_or_default().to_owned());
    }
    Ok(lines)
}
