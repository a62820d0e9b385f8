//! How fast an op gets uncertain outside of what was measured in place: the work terms of each kind, fitted to its shorter or longer
//! half, are asked for the other.

use std::collections::BTreeMap;

use super::kind::KindModel;
use super::less_known::excess_in_time;
use crate::interval::{TrainingRange, WIDER_PER_FOLD, clustered_quantile};
use crate::regressor::RegressorKind;
use crate::rows::Sample;

/// Rows of a kind from which its halves say something.
const ENOUGH_ROWS: usize = 40;
/// Logarithm of the ratio from which an op counts as outside.
const OUTSIDE: f64 = 0.1;
/// An interval is never taken to widen less per e-fold.
const LEAST: f64 = 0.1;

/// How many half-widths wider the intervals of the kinds are to get per e-fold outside, so that they would have covered nine tenths of
/// the halves that were not fitted; what is usual where too few kinds tell.
pub(super) fn wider_per_fold(kinds: &BTreeMap<String, KindModel>, samples: &[Sample]) -> f64 {
    let mut scores = Vec::new();
    for (cluster, kind) in kinds.values().enumerate() {
        let mut own: Vec<&Sample> = samples.iter().filter(|sample| sample.kind() == kind.kind).collect();
        if own.len() < ENOUGH_ROWS {
            continue;
        }
        let ms = |sample: &Sample| kind.fitted.predict_ms(&sample.features).unwrap_or_default();
        own.sort_by(|a, b| ms(a).total_cmp(&ms(b)));
        let (shorter, longer) = own.split_at(own.len() / 2);
        for (known, asked) in [(shorter, longer), (longer, shorter)] {
            let found = beyond(known, asked, kind.band.log_half_width);
            scores.extend(found.into_iter().map(|score| (cluster, score)));
        }
    }
    clustered_quantile(&scores).map_or(WIDER_PER_FOLD, |quantile| quantile.clamp(LEAST, WIDER_PER_FOLD))
}

/// For each op that is outside, by how many half-widths per e-fold its interval would have had to be wider.
fn beyond(known: &[&Sample], asked: &[&Sample], half_width: f64) -> Vec<f64> {
    let Ok(fitted) = RegressorKind::WorkTerms.fit(known) else { return Vec::new() };
    let range = TrainingRange::of(known);
    let score = |sample: &&Sample| {
        if range.unseen_term(&sample.features).is_some() {
            return None;
        }
        let excess = excess_in_time(&fitted, &range, &sample.features).filter(|e| e.log_ratio > OUTSIDE)?;
        let error = (sample.latency_ms / fitted.predict_ms(&sample.features)?).ln();
        Some(((error.abs() / half_width - 1.0) / excess.log_ratio).max(0.0))
    };
    asked.iter().filter_map(score).collect()
}
