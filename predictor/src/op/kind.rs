//! The model of one kind of op: which regressor, fitted on what, and how far off it is.

use std::collections::BTreeMap;

use profiler::measure::upper_median;
use serde::{Deserialize, Serialize};

use super::repeatability::{self, Clusters, Scores};
use crate::error::FitError;
use crate::interval::{Band, LogNormal, NORMAL_90, TrainingRange};
use crate::learn::rms;
use crate::regressor::{CandidateErrors, CvError, Fitted, RegressorKind, Role, Weighed, mape_of_log_errors};
use crate::rows::Sample;

/// How much better a later candidate must be than an earlier, simpler one to be preferred.
const CLEARLY_BETTER: f64 = 0.97;
/// Rows left out and answered from which a candidate other than the first can be distinguished from luck.
const ENOUGH_ROWS: usize = 8;
/// The least share of its usual width that an interval can have, however well an op is known.
pub(super) const LEAST_KNOWN: f64 = 0.4;
/// Standard deviation of the log error where nothing is known of it.
const UNKNOWN_DEVIATION: f64 = 0.35;

/// On which rows a regressor is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those of all kinds.
    All,
    /// Those of the kind.
    Kind,
}

/// How a candidate did in cross-validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateReport {
    /// Name of the regressor.
    pub regressor: String,
    /// What it was fitted on.
    pub scope: Scope,
    /// Mean absolute relative error over the rows it could answer; nothing when it could answer none.
    pub cv_mape: Option<f64>,
    /// Rows of the kind that it could answer when they were not fitted on; of the kind's own, where it answers most of them, with those
    /// that the work terms of all kinds answered for it.
    pub answered: usize,
}

/// The model of one kind of op.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindModel {
    /// The kind.
    pub kind: String,
    /// Measured ops of the kind.
    pub rows: usize,
    /// On what the regressor was fitted.
    pub scope: Scope,
    /// The regressor.
    pub fitted: Fitted,
    /// Its error in cross-validation; nothing when no row could be left out.
    pub cv_mape: Option<f64>,
    /// Standard deviation of its log error, measuring noise taken off.
    pub deviation: f64,
    /// [`Regressor::spread`] of an op that is as well known as is usual.
    ///
    /// [`Regressor::spread`]: crate::regressor::Regressor::spread
    pub usual_spread: f64,
    /// Its interval, for an op that is as well known as is usual.
    pub band: Band,
    /// Half-width of the interval of an op that was measured, in standard deviations that are to be expected of a new
    /// measurement by noise and model.
    #[serde(default = "normal_90")]
    pub repeat_factor: f64,
    /// The work its rows span.
    pub training_range: TrainingRange,
    /// How many half-widths wider its intervals get per e-fold outside of that, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wider_per_fold: Option<f64>,
    /// All candidates.
    pub candidates: Vec<CandidateReport>,
}

fn normal_90() -> f64 {
    NORMAL_90
}

struct Candidate {
    regressor: RegressorKind,
    scope: Scope,
    /// One per row of the kind; nothing where it has no answer.
    misses: Vec<Option<CvError>>,
}

impl Candidate {
    fn answered(&self) -> impl Iterator<Item = &CvError> {
        self.misses.iter().flatten()
    }

    /// Its error over the rows that count, and how many of those it could answer.
    fn mape_where(&self, counts: &dyn Fn(usize) -> bool) -> Option<(usize, f64)> {
        let answered = self.misses.iter().enumerate().filter(|(row, _)| counts(*row));
        let errors: Vec<f64> = answered.filter_map(|(_, miss)| miss.map(|miss| miss.error)).collect();
        (!errors.is_empty()).then(|| (errors.len(), mape_of_log_errors(&errors)))
    }

    fn mape(&self) -> Option<f64> {
        self.mape_where(&|_| true).map(|(_, mape)| mape)
    }

    /// The spread of its answers in the middle: what others are compared with.
    fn usual_spread(&self) -> f64 {
        let spreads: Vec<f64> = self.answered().map(|miss| miss.spread).collect();
        upper_median(&spreads).unwrap_or(1.0).max(f64::MIN_POSITIVE)
    }
}

/// A kind's model before its interval is known, which may need the errors of the other kinds.
pub(crate) struct Draft {
    pub(crate) model: KindModel,
    pub(crate) errors: Vec<f64>,
    /// Errors as they would be if every op were as well known as is usual, with the cluster of each.
    pub(crate) scaled: Vec<(usize, f64)>,
    /// How far measurements of ops with several are off what the others and the model say.
    pub(crate) again: Scores,
    /// What models that were not fitted on an op say of it, with its place among all samples.
    pub(crate) left_out: Vec<(usize, LogNormal)>,
}

impl Draft {
    /// Chooses by cross-validation and fits.
    pub(crate) fn choose(
        kind: &str,
        samples: &[Sample],
        folds: &[usize],
        clusters: &[usize],
        (weighed, pooled): (Weighed, &[CandidateErrors]),
        again: &mut Clusters<'_>,
    ) -> Result<Self, FitError> {
        let members: Vec<usize> = (0..samples.len()).filter(|&i| samples[i].kind() == kind).collect();
        let own: Vec<&Sample> = members.iter().map(|&i| &samples[i]).collect();
        let own_folds: Vec<usize> = members.iter().map(|&i| folds[i]).collect();
        let of_kind = if own.len() < samples.len() {
            CandidateErrors::of_all(weighed.of_kind, &own, &own_folds)
        } else {
            Vec::new()
        };
        let of_all = pooled.iter().map(|of_all| {
            let misses = members.iter().map(|&i| of_all.misses[i]).collect();
            Candidate { regressor: of_all.regressor, scope: Scope::All, misses }
        });
        // Rows with work that its own kind's others lack are for the work terms of all kinds, as such ops are later.
        let for_others = pooled.iter().find(|of_all| of_all.regressor == RegressorKind::WorkTerms);
        let of_kind = of_kind.into_iter().map(|CandidateErrors { regressor, misses }| {
            let mut candidate = Candidate { regressor, scope: Scope::Kind, misses };
            let spread = candidate.usual_spread();
            if 2 * candidate.answered().count() < members.len() {
                return candidate;
            }
            for (miss, &row) in candidate.misses.iter_mut().zip(&members) {
                let other = for_others.and_then(|of_all| of_all.misses[row]);
                *miss = miss.or(other.map(|other| CvError { spread, ..other }));
            }
            candidate
        });
        let mut candidates: Vec<Candidate> = of_all.chain(of_kind).collect();
        // Simpler ones first; of one regressor, that of all kinds.
        let order = |regressor| RegressorKind::ALL.iter().position(|other| *other == regressor);
        candidates.sort_by_key(|candidate| order(candidate.regressor));
        let chosen = best(&candidates, &|_| true);
        let (regressor, scope) =
            chosen.map_or((RegressorKind::WorkTerms, Scope::All), |best| (best.regressor, best.scope));
        let fitted = match scope {
            Scope::All => regressor.fit(&samples.iter().collect::<Vec<_>>())?,
            Scope::Kind => regressor.fit(&own)?,
        };
        let usual_spread = chosen.map_or(1.0, Candidate::usual_spread);
        let honest = honest_misses(&candidates, &own_folds);
        let errors: Vec<f64> = honest.iter().map(|(_, miss, _)| miss.error).collect();
        // Errors of ops that are as well known as is usual: what an interval is scaled from.
        let scaled = |(row, miss, usual): &(usize, CvError, f64)| {
            (clusters[members[*row]], miss.error / (miss.spread / usual).max(LEAST_KNOWN))
        };
        let scaled = honest.iter().map(scaled).collect();
        let deviation = deviation(&errors, &own);
        let of_row = |(row, miss, _): &(usize, CvError, f64)| {
            repeatability::scores(own[*row], miss.error, deviation, again)
        };
        let again = honest.iter().flat_map(of_row).collect();
        let left_out = |(row, miss, usual): &(usize, CvError, f64)| {
            let (less_known, ms) = (miss.spread / usual, own[*row].latency_ms * (-miss.error).exp());
            let deviation = deviation * less_known.max(LEAST_KNOWN);
            (members[*row], LogNormal { ms, deviation, log_half_width: NORMAL_90 * deviation })
        };
        let left_out = honest.iter().map(left_out).collect();
        let reports = candidates.iter().map(|candidate| CandidateReport {
            regressor: candidate.regressor.name().to_owned(),
            scope: candidate.scope,
            cv_mape: candidate.mape(),
            answered: candidate.answered().count(),
        });
        let model = KindModel {
            kind: kind.to_owned(),
            rows: own.len(),
            scope,
            fitted,
            cv_mape: chosen.and_then(Candidate::mape),
            deviation,
            usual_spread,
            band: Band::new(&[], &[]),
            repeat_factor: NORMAL_90,
            training_range: TrainingRange::of(&own),
            wider_per_fold: None,
            candidates: reports.collect(),
        };
        Ok(Self { model, errors, scaled, again, left_out })
    }

    /// The model with its intervals; `all` are the errors of all kinds, `again` their scores of ops measured again.
    pub(crate) fn finish(mut self, all: &[(usize, f64)], again: &[(usize, f64)]) -> KindModel {
        self.model.band = Band::clustered(&self.scaled, all);
        self.model.repeat_factor = repeatability::factor(&self.again, again);
        if self.errors.is_empty() && !all.is_empty() {
            self.model.deviation = rms(&all.iter().map(|(_, error)| *error).collect::<Vec<_>>());
        }
        self.model
    }
}

/// Of those that answer most rows the one with the least error; a later one must be clearly better than an earlier one.
fn best<'a>(candidates: &'a [Candidate], counts: &dyn Fn(usize) -> bool) -> Option<&'a Candidate> {
    let allowed = candidates.iter().filter(|c| c.regressor.role() == Role::Candidate);
    let scored: Vec<(&Candidate, (usize, f64))> =
        allowed.filter_map(|candidate| Some((candidate, candidate.mape_where(counts)?))).collect();
    let most = scored.iter().map(|(_, (answered, _))| *answered).max()?;
    let mut best: Option<(&Candidate, f64)> = None;
    for (candidate, (_, mape)) in scored.into_iter().filter(|(_, (answered, _))| *answered == most) {
        if best.is_none_or(|(_, least)| most >= ENOUGH_ROWS && mape < CLEARLY_BETTER * least) {
            best = Some((candidate, mape));
        }
    }
    best.map(|(candidate, _)| candidate)
}

/// How far off rows are when the candidate, too, is chosen without them: per row answered its place, the miss and the
/// candidate's usual spread. Source: Cawley and Talbot, On over-fitting in model selection, JMLR 2010.
fn honest_misses(candidates: &[Candidate], folds: &[usize]) -> Vec<(usize, CvError, f64)> {
    let mut of_folds: BTreeMap<usize, Option<(&Candidate, f64)>> = BTreeMap::new();
    let miss = |row: usize| {
        let fold = folds[row];
        let chosen = of_folds.entry(fold).or_insert_with(|| {
            let elsewhere =
                best(candidates, &|other| folds[other] != fold).or_else(|| best(candidates, &|_| true))?;
            Some((elsewhere, elsewhere.usual_spread()))
        });
        let (candidate, usual) = (*chosen)?;
        Some((row, candidate.misses[row]?, usual))
    };
    (0..folds.len()).filter_map(miss).collect()
}

/// What remains of the errors when measuring noise is taken off; at least a fifth, for that noise is only estimated.
fn deviation(errors: &[f64], samples: &[&Sample]) -> f64 {
    if errors.is_empty() {
        return UNKNOWN_DEVIATION;
    }
    let noise = samples.iter().map(|s| s.noise.powi(2)).sum::<f64>() / samples.len() as f64;
    let total = rms(errors);
    (total.powi(2) - noise).max((total / 5.0).powi(2)).sqrt().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_candidate_must_be_clearly_better_and_a_yardstick_never_wins() {
        use RegressorKind::{Ols, Residual, Ridge, WorkTerms};
        let candidate = |&(regressor, error, n): &(RegressorKind, f64, usize)| Candidate {
            regressor,
            scope: Scope::All,
            misses: vec![Some(CvError { error, spread: 1.0 }); n],
        };
        for (candidates, expected) in [
            (&[(WorkTerms, 0.0100, 9), (Ridge, 0.0099, 9), (Ols, 0.0001, 9)][..], Some(WorkTerms)),
            (&[(WorkTerms, 0.0100, 9), (Ridge, 0.0050, 9), (Residual, 0.0001, 8)], Some(Ridge)),
            (&[(WorkTerms, 0.5, 2), (Ridge, 0.01, 2)], Some(WorkTerms)),
            (&[(WorkTerms, 0.0, 0)], None),
        ] {
            let candidates: Vec<Candidate> = candidates.iter().map(candidate).collect();
            assert_eq!(best(&candidates, &|_| true).map(|c| c.regressor), expected);
        }
    }
}
