//! Errors of every regressor in cross-validation, on samples of one kind or all.

use super::{RegressorKind, Role, cross_validation::CvError};
use crate::rows::Sample;

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
