//! How far off a guess at a kind of op that was never measured can be: as far as guesses at measured kinds are, each guessed
//! at in turn from all the others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::interval::{COVERAGE, TrainingRange, WIDEST_LOG_HALF_WIDTH, clustered_quantile};
use crate::regressor::RegressorKind;
use crate::rows::Sample;

/// Half-width on log scale of a guess by the work of other kinds where there are too few kinds: a factor of three either way.
const WORK_ASSUMED: f64 = 1.1;

/// Half-width of the 90 % interval of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuessInterval {
    /// On log scale; above 0.
    pub(crate) log_half_width: f64,
    /// Kinds that were left out in turn.
    pub(crate) kinds: usize,
}

impl GuessInterval {
    /// From the log errors of guesses at each kind by the others.
    ///
    /// A kind never measured is one more of them: from nine kinds on, the conformal quantile over kinds. The largest error of
    /// fewer kinds covers less than 90 % of new ones, so that they can widen what is `assumed`, not narrow it.
    pub(crate) fn of(errors: &BTreeMap<&str, Vec<f64>>, assumed: f64) -> Self {
        let each = errors.values().enumerate();
        let clustered: Vec<(usize, f64)> =
            each.flat_map(|(kind, errors)| errors.iter().map(move |error| (kind, *error))).collect();
        let few = || errors.values().filter_map(|errors| quantile(errors)).fold(assumed, f64::max);
        let log_half_width = clustered_quantile(&clustered).unwrap_or_else(few);
        let kinds = errors.values().filter(|errors| !errors.is_empty()).count();
        Self { log_half_width: log_half_width.min(WIDEST_LOG_HALF_WIDTH), kinds }
    }

    /// What is assumed of guesses by work where nothing shows it.
    pub(crate) fn assumed() -> Self {
        Self { log_half_width: WORK_ASSUMED, kinds: 0 }
    }

    /// Of guesses by the work of other kinds.
    pub(crate) fn by_work(samples: &[&Sample]) -> Self {
        let mut errors: BTreeMap<&str, Vec<f64>> =
            samples.iter().map(|sample| (sample.kind(), Vec::new())).collect();
        for (kind, errors) in &mut errors {
            let (own, others): (Vec<&Sample>, Vec<&Sample>) =
                samples.iter().partition(|sample| sample.kind() == *kind);
            if others.is_empty() {
                continue;
            }
            let Ok(fitted) = RegressorKind::WorkTerms.fit(&others) else { continue };
            let hull = TrainingRange::of(&others);
            let known = own.iter().filter(|sample| hull.unseen_term(&sample.features).is_none());
            let error = |s: &&Sample| Some((s.latency_ms / fitted.predict_ms(&s.features)?).ln());
            errors.extend(known.filter_map(error));
        }
        Self::of(&errors, WORK_ASSUMED)
    }
}

/// The size that nine tenths of some errors have at most.
fn quantile(errors: &[f64]) -> Option<f64> {
    let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let rank = (COVERAGE * sizes.len() as f64).ceil() as usize;
    sizes.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_kinds_widen_what_is_assumed_and_nine_determine_it() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let errors = |kinds: usize, error: f64| -> BTreeMap<&str, Vec<f64>> {
            names[..kinds].iter().map(|name| (*name, vec![0.1, -error])).collect()
        };
        let half_width = |kinds, error| GuessInterval::of(&errors(kinds, error), 1.1).log_half_width;
        // Nine tenths of two errors are both.
        assert_eq!((half_width(0, 0.3), half_width(8, 0.3), half_width(8, 1.4)), (1.1, 1.1, 1.4));
        // 0.9 · (9 + 1) kinds are all nine.
        assert_eq!(half_width(9, 0.3), 0.3);
    }

    #[test]
    fn kinds_that_cost_twice_what_their_work_says_are_found_by_leaving_each_out() {
        // Three kinds of one work at 1, 1 and 4 ms. Left out, the third is guessed at 1 ms: ln 4 off, beyond what is assumed.
        let sample = |kind: &str, channels: u32, ms: f64| Sample {
            kind: kind.to_owned(),
            ..Sample::new(&format!("gpool-8x8x{channels}").parse().unwrap(), ms, 0.01)
        };
        let rows: Vec<Sample> = [("a", 1.0), ("b", 1.0), ("c", 4.0)]
            .into_iter()
            .flat_map(|(kind, ms)| (0..3).map(move |_| sample(kind, 8, ms)))
            .collect();
        let found = GuessInterval::by_work(&rows.iter().collect::<Vec<_>>());
        assert_eq!(found.kinds, 3);
        assert!((found.log_half_width - 4.0_f64.ln()).abs() < 0.01, "{found:?}");
    }
}
