//! The latency of a network from those of its ops.

use std::collections::BTreeSet;

use profiler::record::Cache;
use serde::{Deserialize, Serialize};

use super::form::{Coefficients, Fitting, Form, Point, largest_call_ms, leave_one_out, ops_deviation};
use super::layout::Layout;
use super::own_deviation::{LeftOutNetwork, OwnDeviation};
use crate::error::NoAnswer;
use crate::interval::{Band, WIDER_PER_FOLD};
use crate::learn::rms;
use crate::op::{LeftOut, OpEstimate, OpModel};
use crate::regressor::mape_of_log_errors;
use crate::work::OpEntry;

/// How much less the error of a form must be than that of an earlier one to be preferred.
const CLEARLY_BETTER: f64 = 0.97;
/// How far beyond the measured networks counts as among them, on log scale.
const NEAR: f64 = 0.05;
/// What was measured inside of networks is a share of their time already, which does not change with their size.
const IN_PLACE_PER_FOLD: f64 = 0.25;
/// Half-width on log scale for a mere sum of ops: whole networks were seen at 0.57 to 1.18 times their sum.
const SUM_LOG_HALF_WIDTH: f64 = 0.5;

/// The network level of a latency model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkModel {
    /// How a network follows from its ops.
    pub form: Form,
    /// The form's coefficients.
    pub coefficients: Coefficients,
    /// Cache state of the network rows.
    pub cache: Cache,
    /// Networks fitted on.
    pub rows: usize,
    /// Least and largest Σ ops among them, in milliseconds; nothing without networks.
    pub sum_range_ms: Option<(f64, f64)>,
    /// How many half-widths wider its interval gets per e-fold outside of that range.
    pub wider_per_fold: f64,
    /// Sessions they were measured in.
    pub sessions: usize,
    /// Mean absolute relative error over networks left out one at a time, or one session at a time where there are
    /// several; nothing when there are too few.
    pub loo_mape: Option<f64>,
    /// Standard deviation of a fitted network's log latency that comes from how well its ops are known; root mean square.
    pub ops_deviation: f64,
    /// Its interval, for networks whose ops are known as well.
    pub band: Band,
    /// Standard deviation of a network's log latency beside that: with it, intervals are narrower, too, where ops are known better
    /// than is usual. Of networks of ops that were measured in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_deviation: Option<OwnDeviation>,
    /// What is charged for changes of layout that only the runtime knows, by the kind of op at whose borders they happen.
    #[serde(default, skip_serializing_if = "Layout::is_empty")]
    pub layout: Layout,
}

/// A measured network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSample {
    /// Its key.
    pub key: String,
    /// The session it was measured in.
    pub session: String,
    /// Its ops.
    pub ops: Vec<OpEntry>,
    /// Its measured latency in milliseconds; above 0.
    pub latency_ms: f64,
}

impl NetworkModel {
    /// Networks as mere sums of ops.
    pub fn sum(cache: Cache) -> Self {
        let band = Band { log_half_width: SUM_LOG_HALF_WIDTH, ..Band::new(&[], &[]) };
        Self {
            form: Form::Sum,
            coefficients: Coefficients::SUM,
            cache,
            rows: 0,
            sum_range_ms: None,
            wider_per_fold: WIDER_PER_FOLD,
            sessions: 0,
            loo_mape: None,
            ops_deviation: 0.0,
            band,
            own_deviation: None,
            layout: Layout::default(),
        }
    }

    /// An op as what it is expected to add to a network, and how much less is known of networks of such.
    pub(crate) fn charged(&self, op: &OpEntry, estimate: OpEstimate) -> OpEstimate {
        let of_kind = self.own_deviation.as_ref().and_then(|own| own.of_kinds.get(&op.kind));
        OpEstimate {
            network_deviation: of_kind.copied().unwrap_or_default(),
            ..self.layout.charged(op, estimate)
        }
    }

    /// How far a sum of ops is outside those fitted on, as the logarithm of the ratio to the nearest; nothing inside, and
    /// up to 5 % beyond.
    pub fn outside(&self, sum_ms: f64) -> Option<f64> {
        let (low, high) = self.sum_range_ms?;
        let log_ratio = (sum_ms / high).ln().max((low / sum_ms).ln());
        (log_ratio > NEAR).then_some(log_ratio)
    }

    /// Fits to measured networks in relative error, and chooses the form by leaving out one network at a time.
    ///
    /// With networks of several sessions, one session is left out at a time: the error is then that of another session,
    /// in which a shared machine may be slower or faster as a whole.
    ///
    /// # Errors
    /// The op that the op level cannot answer, and why.
    pub fn fit(networks: &[NetworkSample], cache: Cache, ops: &OpModel) -> Result<Self, (String, NoAnswer)> {
        Self::fit_left_out(networks, cache, ops, (&LeftOut::default(), Layout::default()))
    }

    /// The same, with ops as they are known without the network in question, where they were measured inside of it: an op that
    /// a network has a part in is known better than those of a new one.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub(crate) fn fit_left_out(
        networks: &[NetworkSample],
        cache: Cache,
        ops: &OpModel,
        (left_out, layout): (&LeftOut, Layout),
    ) -> Result<Self, (String, NoAnswer)> {
        let estimate = |op: &OpEntry, network: &NetworkSample| match left_out.estimate(&op.key, &network.key)
        {
            Some(estimate) => Ok(layout.charged(op, estimate)),
            None => match ops.estimate_keyed(op) {
                Ok(estimate) => Ok(layout.charged(op, estimate)),
                Err(reason) => Err((op.key.clone(), reason)),
            },
        };
        let mut known = Vec::new();
        let mut estimates: Vec<Vec<OpEstimate>> = Vec::new();
        for network in networks {
            let of_model = network.ops.iter().filter(|op| !layout.leaves_out(op));
            let of_ops: Result<Vec<OpEstimate>, _> = of_model.map(|op| estimate(op, network)).collect();
            match of_ops {
                Ok(of_ops) => {
                    known.push(network);
                    estimates.push(of_ops);
                }
                // Of what runs inside a network some takes too little time to be told: others still say what a network takes.
                Err(_) if ops.cache == Cache::InPlace => {}
                Err(unknown) => return Err(unknown),
            }
        }
        let networks = known;
        if estimates.is_empty() {
            return Ok(Self { layout, ..Self::sum(cache) });
        }
        let sessions: BTreeSet<&str> = networks.iter().map(|network| network.session.as_str()).collect();
        let group = |index: usize| match sessions.len() {
            1 => index,
            _ => sessions.iter().position(|session| *session == networks[index].session).unwrap_or(index),
        };
        let point = |(index, (ops, network)): (usize, (&Vec<OpEstimate>, &NetworkSample))| Point {
            group: group(index),
            sum: ops.iter().map(|op| op.combined.ms).sum(),
            ops: ops.len() as f64,
            latency: network.latency_ms,
        };
        let points: Vec<Point> =
            estimates.iter().zip(networks.iter().copied()).enumerate().map(point).collect();
        let shortest = estimates.iter().flatten().map(|op| op.combined.ms).fold(f64::INFINITY, f64::min);
        // Ops that were measured in place have no call of their own in their time.
        let largest_call = if ops.cache == Cache::InPlace { 0.0 } else { largest_call_ms(shortest) };
        // Of many networks, some were disturbed.
        let fit = if ops.cache == Cache::InPlace { Coefficients::fit_to_most } else { Coefficients::fit };
        let (form, errors) = choose(fit, &points, largest_call);
        let coefficients = fit(form, &points, largest_call);
        let deviation =
            |(ops, point): (&Vec<OpEstimate>, &Point)| ops_deviation(ops, point.latency, &coefficients);
        let deviations: Vec<f64> = estimates.iter().zip(&points).map(deviation).collect();
        let usual = rms(&deviations);
        // Errors of forms that were fitted without the network in question.
        let left_out: Vec<LeftOutNetwork<'_>> = if ops.cache == Cache::InPlace {
            let known = |index: usize| {
                let errors = (errors[index], deviations[index]);
                LeftOutNetwork::of(networks[index], &estimates[index], errors, &layout)
            };
            (0..errors.len()).map(known).collect()
        } else {
            Vec::new()
        };
        let own = OwnDeviation::fit(&left_out);
        let scores: Vec<f64> = match &own {
            Some((own, said)) => {
                let expected = deviations.iter().zip(said).map(|(deviation, said)| deviation.hypot(*said));
                errors
                    .iter()
                    .zip(expected)
                    .map(|(error, expected)| error * usual.hypot(own.usual) / expected)
                    .collect()
            }
            None => errors.clone(),
        };
        let own_deviation = own.map(|(own, _)| own);
        Ok(Self {
            form,
            coefficients,
            cache,
            rows: points.len(),
            sum_range_ms: points.iter().map(|point| (point.sum, point.sum)).reduce(join),
            wider_per_fold: if ops.cache == Cache::InPlace { IN_PLACE_PER_FOLD } else { WIDER_PER_FOLD },
            sessions: sessions.len(),
            loo_mape: (!errors.is_empty()).then(|| mape_of_log_errors(&errors)),
            ops_deviation: usual,
            band: Band::new(&scores, &[]),
            own_deviation,
            layout,
        })
    }
}

/// The range that covers two.
fn join((low, high): (f64, f64), (lower, higher): (f64, f64)) -> (f64, f64) {
    (low.min(lower), high.max(higher))
}

/// The simplest form that none of the others clearly beats, and its errors on networks left out.
fn choose(fit: Fitting, points: &[Point], largest_call_ms: f64) -> (Form, Vec<f64>) {
    let weighed = |form| (form, leave_one_out(fit, form, points, largest_call_ms));
    let [first, others @ ..] = Form::FITTED;
    others.into_iter().map(weighed).fold(weighed(first), |best, other| {
        let better = mape_of_log_errors(&other.1) < CLEARLY_BETTER * mape_of_log_errors(&best.1);
        if better { other } else { best }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::interval::Basis;
    use crate::network::Share;

    #[test]
    fn no_networks_are_a_mere_sum_with_a_wide_interval() {
        let model = NetworkModel::sum(Cache::Hot);
        assert_eq!((model.coefficients, model.band.basis), (Coefficients::SUM, Basis::None));
        assert!(model.band.log_half_width > 0.4);
    }

    #[test]
    fn the_form_that_made_the_networks_is_chosen_and_two_networks_are_too_few_to_choose() {
        let made = |latency: fn(f64, f64) -> f64| {
            let sizes = [(0, 1.0, 4.0), (1, 2.0, 9.0), (2, 5.0, 11.0), (3, 3.0, 5.0), (4, 4.0, 16.0)];
            sizes.map(|(group, sum, ops)| Point { group, sum, ops, latency: latency(sum, ops) })
        };
        assert_eq!(choose(Coefficients::fit, &made(|sum, _| 1.2 * sum), 0.1).0, Form::Multiple);
        assert_eq!(choose(Coefficients::fit, &made(|sum, _| 0.4 + 0.9 * sum), 0.1).0, Form::Line);
        assert_eq!(choose(Coefficients::fit, &made(|sum, ops| 0.9 * (sum - 0.05 * ops)), 0.1).0, Form::Calls);
        let (form, errors) = choose(Coefficients::fit, &made(|sum, _| 0.4 + 0.9 * sum)[..2], 0.1);
        assert_eq!((form, errors.len()), (Form::Multiple, 0));
    }

    #[test]
    fn networks_of_ops_that_are_known_better_have_narrower_intervals_where_their_own_deviation_is_known() {
        let band = Band { log_half_width: 0.2, ..Band::new(&[], &[]) };
        let model = NetworkModel {
            ops_deviation: 0.06,
            own_deviation: Some(OwnDeviation {
                base: 0.05,
                fixed_ms: 0.01,
                of_kinds: BTreeMap::new(),
                usual: 0.08,
            }),
            band,
            ..NetworkModel::sum(Cache::Hot)
        };
        let half_width = |deviation: f64| {
            let variance_ms2 = deviation * deviation;
            // 0.05 of it, 0.01 ms, and 0.02 by its kinds.
            let share = Share { sum_ms: 1.0, ms: 1.0, variance_ms2, outside_ms: 0.0, own_ms: 0.02 };
            model.log_half_width(1.0, &share)
        };
        assert!((half_width(0.06) - 0.2).abs() < 1e-12);
        assert!((half_width(0.0) - 0.16).abs() < 1e-12);
        assert!((half_width(0.15) - 0.34).abs() < 1e-12);
    }
}
