//! Ops and networks of one way of measuring: ops by themselves, or inside of networks.

use std::collections::BTreeSet;

use profiler::record::{Cache, Level, Row};
use profiler::spec::TracedOp;

use super::model::{FitOptions, LatencyModel, network_samples};
use super::provenance::CacheReport;
use crate::error::PredictorError;
use crate::network::{Layout, NetworkModel};
use crate::op::{LeftOut, OpModel};
use crate::rows::{Repeats, believable, op_samples};

/// Ops and the networks that follow from them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelLevel {
    pub(crate) ops: OpModel,
    pub(crate) networks: NetworkModel,
}

impl ModelLevel {
    /// Fits to the rows, in the cache state of the ops that explains the networks best, or the one that is asked for; and how
    /// well each state does.
    ///
    /// # Errors
    /// As [`LatencyModel::fit`](super::LatencyModel::fit).
    pub(crate) fn fit(
        rows: &[Row],
        repeats: &Repeats,
        options: &FitOptions,
    ) -> Result<(Self, Vec<CacheReport>), PredictorError> {
        let (network_cache, networks) = network_samples(rows)?;
        let caches: BTreeSet<Cache> =
            rows.iter().filter(|row| row.level == Level::Op).map(|row| row.cache).collect();
        let mut reports = Vec::new();
        let mut best: Option<Self> = None;
        // Without networks to tell, cold comes closest to how an op runs inside one.
        for cache in [Cache::Cold, Cache::InPlace, Cache::Hot] {
            if !caches.contains(&cache) || options.op_cache.is_some_and(|asked| asked != cache) {
                continue;
            }
            let mut samples = op_samples(rows, repeats, cache)?;
            let mut layout = Layout::default();
            if cache == Cache::InPlace {
                layout = Layout::fit(&networks, &samples);
                samples = believable(samples);
            }
            let (ops, mut left_out) = OpModel::fit_left_out(&samples, cache, options.seed)?;
            if cache != Cache::InPlace {
                // A network has no part in what was measured by itself.
                left_out = LeftOut::default();
            }
            let beside = (&left_out, layout);
            let networks = NetworkModel::fit_left_out(&networks, network_cache, &ops, beside);
            let networks = networks.map_err(|(op, reason)| {
                PredictorError::CannotFit(format!("a measured network has `{op}`: {reason} ({cache})"))
            })?;
            reports.push(CacheReport { cache, ops: samples.len(), loo_mape: networks.loo_mape });
            if best.as_ref().is_none_or(|other| networks.loo_mape < other.networks.loo_mape) {
                best = Some(Self { ops, networks });
            }
        }
        let best = best.ok_or_else(|| PredictorError::CannotFit(no_ops(&caches, options.op_cache)))?;
        Ok((best, reports))
    }
}

/// Rows of ops by themselves and of networks made of them, and rows of what was traced inside of networks; the latter are empty
/// where there are no ops of both sorts.
pub(crate) fn by_way_of_measuring(rows: &[Row]) -> (Vec<Row>, Vec<Row>) {
    let is_traced = |row: &Row| row.op_keys().iter().any(|key| key.contains(TracedOp::SIGN));
    let (traced, alone): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(is_traced);
    let has_ops = |rows: &[Row]| rows.iter().any(|row| row.level == Level::Op);
    if has_ops(&alone) && has_ops(&traced) { (alone, traced) } else { (rows.to_vec(), Vec::new()) }
}

impl LatencyModel {
    /// Ops and networks as measured inside of networks, if they were.
    pub(crate) fn in_place(&self) -> Option<(&OpModel, &NetworkModel)> {
        let beside = self.in_place.as_ref().map(|level| (&level.ops, &level.networks));
        beside.or_else(|| self.ops.is_in_place().then_some((&self.ops, &self.networks)))
    }

    /// The level that an op of this key, or a network with such an op, is of.
    pub(crate) fn level_of(&self, key: &str) -> (&OpModel, &NetworkModel) {
        let traced = if key.contains(TracedOp::SIGN) { self.in_place() } else { None };
        traced.unwrap_or((&self.ops, &self.networks))
    }
}

fn no_ops(found: &BTreeSet<Cache>, asked: Option<Cache>) -> String {
    match asked {
        Some(cache) if !found.is_empty() => {
            let found: Vec<_> = found.iter().map(Cache::to_string).collect();
            format!("no op rows in cache state {cache}; the table has {}", found.join(", "))
        }
        _ => "the table has no op rows to fit on".to_owned(),
    }
}
