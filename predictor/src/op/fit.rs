//! Fitting the op level.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use profiler::{record::Cache, spec::Precision};

use super::delegate_choice;
use super::extrapolation;
use super::guess_interval::GuessInterval;
use super::kind::{Draft, KindModel};
use super::left_out::LeftOut;
use super::model::{FallbackModel, Measured, OpModel, precision_of};
use super::repeatability::{Clusters, Scores};
use crate::error::FitError;
use crate::interval::TrainingRange;
use crate::regressor::{CandidateErrors, RegressorKind, Weighed, assign_clusters, assign_folds};
use crate::rows::Sample;

/// From so many samples on, only the kinds are given what takes long.
const MANY: usize = 1500;

impl OpModel {
    /// Fits every kind that occurs among the samples (at least one).
    ///
    /// # Errors
    /// [`FitError`] if not even work terms can be fitted.
    pub fn fit(samples: &[Sample], cache: Cache, seed: u64) -> Result<Self, FitError> {
        Self::fit_left_out(samples, cache, seed).map(|(model, _)| model)
    }

    /// The same, and what models that were not fitted on a network say of its ops.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub(crate) fn fit_left_out(
        samples: &[Sample],
        cache: Cache,
        seed: u64,
    ) -> Result<(Self, LeftOut), FitError> {
        let mut model =
            Self { cache, kinds: BTreeMap::new(), pools: BTreeMap::new(), measured: HashMap::new() };
        let mut left_out = LeftOut::default();
        for precision in [Precision::F32, Precision::Int8] {
            let of_it = |sample: &&Sample| precision_of(sample.kind()) == precision;
            let mut group: Vec<Sample> = samples.iter().filter(of_it).cloned().collect();
            // What the profiler traced no delegate ran.
            let rule = if cache == Cache::InPlace { None } else { delegate_choice::choose(&group, seed) };
            group.iter_mut().for_each(|sample| sample.rule = rule);
            if !group.is_empty() {
                left_out.extend(model.fit_group(precision, &group, seed)?);
            }
        }
        Ok((model, left_out))
    }

    /// Fits the kinds of one number format.
    fn fit_group(
        &mut self,
        precision: Precision,
        samples: &[Sample],
        seed: u64,
    ) -> Result<LeftOut, FitError> {
        let all: Vec<&Sample> = samples.iter().collect();
        let folds = assign_folds(samples, seed);
        let clusters = assign_clusters(samples);
        let mut again = Clusters::new(samples);
        let kinds: BTreeSet<&str> = samples.iter().map(Sample::kind).collect();
        let is_many = self.cache == Cache::InPlace && samples.len() > MANY;
        let weighed = if is_many { Weighed::FOR_MANY } else { Weighed::EVERY };
        let for_all = if kinds.len() > 1 { weighed.all_kinds } else { weighed.of_kind };
        let pooled_errors = CandidateErrors::of_all(for_all, &all, &folds);
        let pooled = (weighed, pooled_errors.as_slice());
        let drafts =
            kinds.into_iter().map(|kind| Draft::choose(kind, samples, &folds, &clusters, pooled, &mut again));
        let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
        let errors: Vec<(usize, f64)> =
            drafts.iter().flat_map(|draft| draft.scaled.iter().copied()).collect();
        let mut left_out = LeftOut::default();
        for (place, model) in drafts.iter().flat_map(|draft| &draft.left_out) {
            left_out.insert(&samples[*place], *model);
        }
        let again: Scores = drafts.iter().flat_map(|draft| draft.again.iter().copied()).collect();
        let kinds = drafts.into_iter().map(|draft| draft.finish(&errors, &again));
        let mut kinds: BTreeMap<String, KindModel> = kinds.map(|model| (model.kind.clone(), model)).collect();
        if self.cache == Cache::InPlace {
            let wider_per_fold = Some(extrapolation::wider_per_fold(&kinds, samples));
            kinds.values_mut().for_each(|kind| kind.wider_per_fold = wider_per_fold);
        }
        self.kinds.extend(kinds);
        for sample in samples {
            let Sample { latency_ms, noise, measurements, .. } = *sample;
            self.measured.insert(sample.key.clone(), Measured { latency_ms, noise, measurements });
        }
        let fitted = RegressorKind::WorkTerms.fit(&all)?;
        self.pools.insert(
            precision,
            FallbackModel {
                fitted,
                training_range: TrainingRange::of(&all),
                guess: GuessInterval::by_work(&all),
            },
        );
        Ok(left_out)
    }
}
