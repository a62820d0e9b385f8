//! Errors on rows not fitted on, by K-fold cross-validation.

use std::collections::BTreeMap;

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use crate::{Sample, hull::Hull, regressor::Regressor};

/// Number of folds; with fewer samples, every sample is its own fold.
pub(crate) const FOLDS: usize = 10;

/// A fold per sample, the same for every regressor, so that their errors can be compared.
///
/// Every kind of op is spread over the folds as evenly as its rows allow.
#[must_use]
pub(crate) fn assign_folds(samples: &[Sample], seed: u64) -> Vec<usize> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        by_kind.entry(sample.kind()).or_default().push(index);
    }
    let mut folds = vec![0; samples.len()];
    let mut next = 0;
    for mut members in by_kind.into_values() {
        members.shuffle(&mut random);
        for index in members {
            folds[index] = next % FOLDS;
            next += 1;
        }
    }
    folds
}

/// For each sample, ln(measured / predicted) by a model fitted on the other folds; nothing where that model has no
/// ground to answer.
#[must_use]
pub(crate) fn log_errors<R: Regressor>(samples: &[&Sample], folds: &[usize]) -> Vec<Option<f64>> {
    let settings = R::settings(samples);
    let mut errors = vec![None; samples.len()];
    for fold in 0..FOLDS {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..samples.len()).partition(|i| folds[*i] == fold);
        let rest: Vec<&Sample> = outside.iter().map(|&i| samples[i]).collect();
        if inside.is_empty() || rest.is_empty() {
            continue;
        }
        let Ok(model) = R::fit(&rest, &settings) else { continue };
        let hull = Hull::of(&rest);
        for i in inside {
            if hull.unseen_term(&samples[i].features).is_none() {
                let ms = model.predict_ms(&samples[i].features);
                errors[i] = (ms.is_finite() && ms > 0.0).then(|| (samples[i].latency_ms / ms).ln());
            }
        }
    }
    errors
}

/// Mean absolute relative error of predictions whose log errors are these.
///
/// |predicted / measured - 1| = |e^-error - 1|.
#[must_use]
pub(crate) fn mape_of_log_errors(errors: &[f64]) -> f64 {
    errors.iter().map(|e| ((-e).exp() - 1.0).abs()).sum::<f64>() / errors.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{regressor::WorkTerms, test_rows::small_space_samples};

    #[test]
    fn folds_are_even_and_seeded() {
        let samples = small_space_samples(0.0);
        let folds = assign_folds(&samples, 1);
        assert_eq!(folds, assign_folds(&samples, 1));
        assert_ne!(folds, assign_folds(&samples, 2));
        for fold in 0..FOLDS {
            let share = folds.iter().filter(|f| **f == fold).count();
            assert!(share.abs_diff(samples.len() / FOLDS) <= 1, "fold {fold}: {share}");
        }
    }

    #[test]
    fn a_linear_law_has_no_error_and_work_seen_once_has_no_answer() {
        let samples = small_space_samples(0.0);
        let folds = assign_folds(&samples, 1);
        let refs: Vec<&Sample> = samples.iter().collect();
        let errors = log_errors::<WorkTerms>(&refs, &folds);
        for (sample, error) in samples.iter().zip(&errors) {
            // Stem, pooling and classifier stand alone in their class of layer.
            let alone = match sample.kind() {
                "gpool" | "linear" => true,
                _ => sample.key.starts_with("conv-28x28x1-"),
            };
            assert_eq!(error.is_none(), alone, "{}: {error:?}", sample.key);
            assert!(error.unwrap_or(0.0).abs() < 0.01, "{}: {error:?}", sample.key);
        }
    }

    #[test]
    fn mape_matches_a_hand_count() {
        // Predicted 1.1 and 0.8 of measured: 10 % and 20 %.
        let errors = [(1.0_f64 / 1.1).ln(), (1.0_f64 / 0.8).ln()];
        assert!((mape_of_log_errors(&errors) - 0.15).abs() < 1e-12);
    }
}
