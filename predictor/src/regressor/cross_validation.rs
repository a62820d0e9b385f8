//! Errors on rows not fitted on, by K-fold cross-validation.

use std::collections::BTreeMap;

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Regressor, RegressorKind, Role};
use crate::{interval::TrainingRange, rows::Sample};

/// Number of folds; with fewer samples, every sample is its own fold.
pub(crate) const FOLDS: usize = 10;

/// A fold per sample, the same for every regressor, so that their errors can be compared.
///
/// Samples of one group share a fold. Every kind of op is spread over the folds as evenly as its rows allow.
pub(crate) fn assign_folds(samples: &[Sample], seed: u64) -> Vec<usize> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, sample) in samples.iter().enumerate() {
        match &sample.group {
            Some(group) => groups.entry(group).or_default().push(index),
            None => by_kind.entry(sample.kind()).or_default().push(index),
        }
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
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.shuffle(&mut random);
    for (place, members) in groups.into_iter().enumerate() {
        members.into_iter().for_each(|index| folds[index] = place % FOLDS);
    }
    folds
}

/// A cluster per sample: samples of one group are one, others each their own.
pub(crate) fn assign_clusters<'a>(samples: &'a [Sample]) -> Vec<usize> {
    let mut first: BTreeMap<&'a str, usize> = BTreeMap::new();
    let cluster = |(index, sample): (usize, &'a Sample)| match &sample.group {
        Some(group) => *first.entry(group).or_insert(index),
        None => index,
    };
    samples.iter().enumerate().map(cluster).collect()
}

/// How far off a prediction is, and how far off it was to be expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CvError {
    /// ln(measured / predicted).
    pub(crate) error: f64,
    /// [`Regressor::spread`] times by how much an op outside of what was fitted on is thought to be less well known.
    pub(crate) spread: f64,
}

/// Of fewer samples settings could be fitted to what is left out: every fold chooses its own.
const FEW: usize = 120;

/// For each sample, how far off a model fitted on the other folds is; nothing where that model has no ground to answer.
pub(crate) fn misses<R: Regressor>(samples: &[&Sample], folds: &[usize]) -> Vec<Option<CvError>> {
    let shared = (samples.len() > FEW).then(|| R::settings(samples));
    let mut misses = vec![None; samples.len()];
    for fold in 0..FOLDS {
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..samples.len()).partition(|i| folds[*i] == fold);
        let rest: Vec<&Sample> = outside.iter().map(|&i| samples[i]).collect();
        if inside.is_empty() || rest.is_empty() {
            continue;
        }
        let own = if shared.is_none() { Some(R::settings(&rest)) } else { None };
        let Some(settings) = shared.as_ref().or(own.as_ref()) else { continue };
        let Ok(model) = R::fit(&rest, settings) else { continue };
        let hull = TrainingRange::of(&rest);
        for i in inside {
            let features = &samples[i].features;
            if hull.unseen_term(features).is_none() {
                let ms = model.predict_ms(features);
                let spread = model.spread(features) * hull.widening(features);
                let error = (samples[i].latency_ms / ms).ln();
                misses[i] = (ms.is_finite() && ms > 0.0).then_some(CvError { error, spread });
            }
        }
    }
    misses
}

/// A regressor's log errors on all samples when fitted on all kinds.
pub(crate) struct CandidateErrors {
    pub(crate) regressor: RegressorKind,
    pub(crate) misses: Vec<Option<CvError>>,
}

/// Which regressors are weighed, on samples of all kinds together and on those of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed {
    pub(crate) all_kinds: &'static [RegressorKind],
    pub(crate) of_kind: &'static [RegressorKind],
}

impl Weighed {
    /// All of them.
    pub(crate) const EVERY: Self = Self { all_kinds: RegressorKind::ALL, of_kind: RegressorKind::ALL };
    /// For thousands of samples: what would take minutes on all of them is left to the kinds.
    pub(crate) const FOR_MANY: Self = Self {
        all_kinds: &[RegressorKind::WorkTerms, RegressorKind::Residual],
        of_kind: &[
            RegressorKind::WorkTerms,
            RegressorKind::Residual,
            RegressorKind::Kernel,
            RegressorKind::Boosted,
            RegressorKind::Blend,
        ],
    };
}

impl CandidateErrors {
    /// Those of some regressors, on samples of one kind or all; the parts of each stand before it.
    pub(crate) fn of_all(weighed: &[RegressorKind], samples: &[&Sample], folds: &[usize]) -> Vec<Self> {
        let mut done: Vec<Self> = Vec::new();
        let of_rows = |regressor: &&RegressorKind| regressor.role() != Role::NeedsKnownDevices;
        for &regressor in weighed.iter().filter(of_rows) {
            let misses = match regressor.parts() {
                [] => regressor.misses(samples, folds),
                parts => mean_misses(&done, parts, samples.len()),
            };
            done.push(Self { regressor, misses });
        }
        done
    }
}

/// The logarithm of a geometric mean is the mean of the logarithms: so are the errors. The spread is the first part's.
fn mean_misses(done: &[CandidateErrors], parts: &[RegressorKind], samples: usize) -> Vec<Option<CvError>> {
    let of_parts: Vec<_> = done.iter().filter(|errors| parts.contains(&errors.regressor)).collect();
    let mean = |index: usize| {
        let misses = of_parts.iter().map(|part| part.misses[index]);
        let misses = misses.collect::<Option<Vec<CvError>>>()?;
        let error = misses.iter().map(|miss| miss.error).sum::<f64>() / misses.len() as f64;
        misses.first().map(|first| CvError { error, spread: first.spread })
    };
    (0..samples).map(mean).collect()
}

/// Mean absolute relative error of predictions whose log errors are these.
///
/// |predicted / measured - 1| = |e^-error - 1|.
pub(crate) fn mape_of_log_errors(errors: &[f64]) -> f64 {
    errors.iter().map(|e| ((-e).exp() - 1.0).abs()).sum::<f64>() / errors.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device::test_rows::small_space_samples, regressor::WorkTerms};

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
    fn a_group_shares_a_fold() {
        let mut samples = small_space_samples(0.0);
        for (index, sample) in samples.iter_mut().enumerate() {
            sample.group = Some(format!("network {}", index % 20));
        }
        let folds = assign_folds(&samples, 1);
        assert!((20..samples.len()).all(|index| folds[index] == folds[index - 20]));
        assert!((0..FOLDS).all(|fold| folds[..20].iter().filter(|f| **f == fold).count() == 2));
    }

    #[test]
    fn a_linear_law_has_no_error_and_work_seen_once_has_no_answer() {
        let samples = small_space_samples(0.0);
        let folds = assign_folds(&samples, 1);
        let refs: Vec<&Sample> = samples.iter().collect();
        let misses = misses::<WorkTerms>(&refs, &folds);
        for (sample, miss) in samples.iter().zip(&misses) {
            let error = miss.map(|miss| miss.error);
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
