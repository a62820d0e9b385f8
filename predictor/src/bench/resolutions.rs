//! Bottlenecks at input resolutions that were not measured.

use super::{
    Bench, Bound, Finding, Goal,
    score::{fit, samples, score},
};
use crate::{PredictorError, import::ImportedRow};

const TABLE: &str = "mbconv_note10";
/// Every third of the thirteen resolutions, the second first.
const LEFT_OUT: [&str; 4] = ["164", "180", "196", "212"];

pub(super) fn note10(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    let file = format!("{TABLE}.csv");
    let rows = bench.read(&file, "mbconv", Some("mean_ms"))?.rows;
    let left_out = resolutions(bench, &file)?;
    let is_test = |row: &&ImportedRow| left_out.contains(&row.line);
    bench.say(&format!("{TABLE}: fitting"));
    let (model, chosen) = fit(&samples(rows.iter().filter(|row| !is_test(row))))?;
    let scores = score(&model, rows.iter().filter(is_test))?;
    let measured = rows.iter().filter(is_test).filter(|row| model.knows(&row.subject.key())).count();
    Ok(vec![Finding {
        table: TABLE,
        case: format!("resolutions {} left out ({measured} blocks known from others)", LEFT_OUT.join(", ")),
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

/// Lines of the resolutions that are left out.
fn resolutions(bench: &Bench<'_>, file: &str) -> Result<Vec<u64>, PredictorError> {
    let file = bench.folder.join(file);
    let content = |reason: String| profiler::record::ReadError::Content { path: file.clone(), reason };
    let mut reader = csv::Reader::from_path(&file).map_err(|e| content(e.to_string()))?;
    let heads = reader.headers().map_err(|e| content(e.to_string()))?.clone();
    let place = heads.iter().position(|head| head == "resolution");
    let place = place.ok_or_else(|| content("no column `resolution`".to_owned()))?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| content(e.to_string()))?;
        if record.get(place).is_some_and(|resolution| LEFT_OUT.contains(&resolution)) {
            lines.push(record.position().map_or(0, csv::Position::line));
        }
    }
    Ok(lines)
}
