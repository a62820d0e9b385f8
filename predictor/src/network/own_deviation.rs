//! How far networks are off beside what their ops say: some kinds of op make them harder than others, and so does being short.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::model::NetworkSample;
use crate::learn::{rms, solve_nnls};
use crate::op::OpEstimate;

/// Kinds of op that can make a network harder, those that take most of the networks' time.
const MOST_KINDS: usize = 62;
/// The same number for all, one for short networks, and one for each kind.
const COLUMNS: usize = 2 + MOST_KINDS;
/// How much large numbers are held against a fit: kinds that go together share theirs.
const PENALTY: f64 = 0.1;
/// A kind of op makes a network that consists of it alone no harder than this.
const HARDEST: f64 = 1.0;
/// Errors beyond it count as this large: by how much a network is off that is not understood says little of its kinds.
const LARGEST_ERROR: f64 = 0.5;
const FOLDS: usize = 10;

/// Standard deviation of a network's log latency beside what its ops say: with it, intervals are narrower where networks are easier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDeviation {
    /// Of all networks.
    pub base: f64,
    /// Milliseconds by which every network is off.
    pub fixed_ms: f64,
    /// By kind of op, what a network has more that consists of such alone.
    pub of_kinds: BTreeMap<String, f64>,
    /// That of the networks fitted on; root mean square.
    pub usual: f64,
}

/// What is known of a network that was left out.
pub(super) struct LeftOutNetwork<'a> {
    /// ln(measured / predicted).
    pub(super) error: f64,
    /// What its ops say of that.
    pub(super) deviation: f64,
    /// Predicted.
    pub(super) ms: f64,
    /// Share of its time by kind of op.
    pub(super) shares: BTreeMap<&'a str, f64>,
}

impl<'a> LeftOutNetwork<'a> {
    /// A network of these ops; of the error and the deviation that ops give it.
    pub(super) fn of(
        network: &'a NetworkSample,
        of_ops: &[OpEstimate],
        (error, deviation): (f64, f64),
        layout: &Layout,
    ) -> Self {
        let sum_ms: f64 = of_ops.iter().map(|op| op.combined.ms).sum();
        let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
        let of_model = network.ops.iter().filter(|op| !layout.leaves_out(op));
        for (op, estimate) in of_model.zip(of_ops) {
            *shares.entry(&op.kind).or_default() += estimate.combined.ms / sum_ms;
        }
        Self { error, deviation, ms: network.latency_ms * (-error).exp(), shares }
    }
}

impl OwnDeviation {
    /// Fits to networks left out; and what is said of each by a fit to others. Nothing without networks.
    pub(super) fn fit(networks: &[LeftOutNetwork<'_>]) -> Option<(Self, Vec<f64>)> {
        if networks.is_empty() {
            return None;
        }
        let mut in_all: BTreeMap<&str, f64> = BTreeMap::new();
        for (kind, share) in networks.iter().flat_map(|network| &network.shares) {
            *in_all.entry(kind).or_default() += share;
        }
        let mut kinds: Vec<(&str, f64)> = in_all.into_iter().collect();
        kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
        kinds.truncate(MOST_KINDS);
        let row = |network: &LeftOutNetwork<'_>| {
            let mut row = [0.0; COLUMNS];
            (row[0], row[1]) = (1.0, 1.0 / network.ms);
            for (cell, (kind, _)) in row[2..].iter_mut().zip(&kinds) {
                *cell = network.shares.get(kind).copied().unwrap_or_default();
            }
            row
        };
        let rows: Vec<[f64; COLUMNS]> = networks.iter().map(row).collect();
        let solved = |counts: &dyn Fn(usize) -> bool| {
            let of = (0..rows.len()).filter(|&place| counts(place));
            let (rows, sizes): (Vec<_>, Vec<_>) =
                of.map(|place| (rows[place], networks[place].error.abs().min(LARGEST_ERROR))).unzip();
            let mut solved = solve_nnls(&rows, &sizes, PENALTY);
            solved[2..].iter_mut().for_each(|of_kind| *of_kind = of_kind.min(HARDEST));
            solved
        };
        let said =
            |row: &[f64; COLUMNS], by: &[f64; COLUMNS]| row.iter().zip(by).map(|(a, b)| a * b).sum::<f64>();
        let by_others: Vec<[f64; COLUMNS]> =
            (0..FOLDS).map(|fold| solved(&|place| place % FOLDS != fold)).collect();
        let mut own: Vec<f64> =
            rows.iter().enumerate().map(|(place, row)| said(row, &by_others[place % FOLDS])).collect();
        let times = likeliest(networks, &own);
        own.iter_mut().for_each(|own| *own *= times);
        let [base, fixed_ms, of_kinds @ ..] = solved(&|_| true).map(|number| number * times);
        let of_kinds = kinds.iter().zip(of_kinds).filter(|(_, number)| *number > 0.0);
        let of_kinds = of_kinds.map(|((kind, _), number)| ((*kind).to_owned(), number)).collect();
        Some((Self { base, fixed_ms, of_kinds, usual: rms(&own) }, own))
    }

    /// Of a network of `ms`, to which ops add `own_ms` that are uncertain by their kinds.
    pub(super) fn of(&self, ms: f64, own_ms: f64) -> f64 {
        self.base + (self.fixed_ms + own_ms) / ms
    }
}

/// By how many times what is said is to be taken, in quadrature with the deviations that ops give networks, so that errors are most likely
/// of one distribution, scaled by the sums. It is taken for Laplace's: some networks are far off.
fn likeliest(networks: &[LeftOutNetwork<'_>], own: &[f64]) -> f64 {
    let unlikely = |times: f64| {
        let scales = networks.iter().zip(own).map(|(network, own)| network.deviation.hypot(times * own));
        let scales: Vec<f64> = scales.map(|scale| scale.max(f64::MIN_POSITIVE)).collect();
        let size: f64 =
            networks.iter().zip(&scales).map(|(network, scale)| network.error.abs() / scale).sum();
        scales.iter().map(|scale| scale.ln()).sum::<f64>()
            + networks.len() as f64 * size.max(f64::MIN_POSITIVE).ln()
    };
    let choices = (-6..=6).map(|step| 2_f64.powf(f64::from(step) / 2.0));
    choices.min_by(|a, b| unlikely(*a).total_cmp(&unlikely(*b))).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_make_networks_harder_are_told_from_those_that_do_not() {
        // Half of each network is convolutions, the other half what is easy or hard: off by 2 or 20 %.
        let network = |place: usize| {
            let is_hard = place.is_multiple_of(2);
            let (kind, size) = if is_hard { ("@hard", 0.2) } else { ("@easy", 0.02) };
            let shares = BTreeMap::from([("@conv", 0.5), (kind, 0.5)]);
            let sign = if place % 4 < 2 { 1.0 } else { -1.0 };
            LeftOutNetwork { error: sign * size, deviation: 0.01, ms: 10.0, shares }
        };
        let networks: Vec<_> = (0..40).map(network).collect();
        let (own, said) = OwnDeviation::fit(&networks).unwrap();
        let of = |kind: &str| own.of_kinds.get(kind).copied().unwrap_or_default();
        assert!(of("@hard") > 3.0 * (of("@easy") + of("@conv")), "{own:?}");
        assert!(said[0] > 3.0 * said[1], "{said:?}");
        let whole = |kind: &str| own.of(10.0, 5.0 * of(kind) + 5.0 * of("@conv"));
        assert!(whole("@hard") > 3.0 * whole("@easy"), "{own:?}");
        assert!(OwnDeviation::fit(&[]).is_none());
    }
}
