//! How far networks are sums of their ops.

use profiler::record::Cache;
use serde::Serialize;

use super::Whole;
use super::line::{Estimate, Line};
use crate::learn::rms;

/// Largest relative deviation of sums that were added up and then rounded.
const EXACT: f64 = 1e-4;
/// Measured networks scatter around a line by about the noise of their rows; far less than that is no measurement.
const TOO_GOOD: f64 = 0.2;

/// What networks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Labels made by adding: every network is a + b · Σ ops within rounding.
    ExactSums,
    /// Closer to a + b · Σ ops than their rows' own noise allows: probably made by adding.
    NearExactSums,
    /// Measured wholes.
    Measured,
    /// Too few networks to determine it.
    TooFew,
}

/// How far networks in one cache state are sums of ops in another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Additivity {
    /// Cache state of the ops.
    pub op_cache: Cache,
    /// Cache state of the networks.
    pub network_cache: Cache,
    /// Networks whose ops were all measured.
    pub networks: usize,
    /// Networks of which some op was not measured, and which are left out.
    pub networks_with_unknown_ops: usize,
    /// What they are.
    pub verdict: Verdict,
    /// Least, mean and largest of Σ ops / network.
    pub sum_over_network: [f64; 3],
    /// a of a + b · Σ ops in milliseconds; nothing with too few networks.
    pub constant_ms: Option<Estimate>,
    /// b of a + b · Σ ops.
    pub scale: Option<Estimate>,
    /// Root mean square of (measured - fitted) / measured.
    pub rms: Option<f64>,
    /// Largest of it, either way.
    pub largest: Option<f64>,
    /// Its mean, either way, over networks left out one at a time.
    pub loo_mape: Option<f64>,
    /// Noise of the networks and of their sums by the rows' intervals: root mean square, relative.
    pub noise: f64,
}

impl Additivity {
    /// The additivity of networks; nothing for none.
    pub(super) fn of(
        op_cache: Cache,
        network_cache: Cache,
        wholes: &[Whole],
        unknown: usize,
    ) -> Option<Self> {
        if wholes.is_empty() {
            return None;
        }
        let n = wholes.len() as f64;
        let ratios: Vec<f64> = wholes.iter().map(|whole| whole.sum_ms / whole.latency_ms).collect();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        let points: Vec<(f64, f64)> = wholes.iter().map(|whole| (whole.sum_ms, whole.latency_ms)).collect();
        let line = Line::fit(&points);
        let size = |values: &[f64]| values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let noise = rms(&wholes.iter().map(|whole| whole.noise).collect::<Vec<_>>());
        let mere_sums = ratios.iter().all(|ratio| (ratio - 1.0).abs() < EXACT);
        let verdict = match &line {
            _ if mere_sums && wholes.len() > 1 => Verdict::ExactSums,
            None => Verdict::TooFew,
            Some(line) if size(&line.residuals) < EXACT => Verdict::ExactSums,
            Some(line) if wholes.len() >= 8 && rms(&line.residuals) < TOO_GOOD * noise => {
                Verdict::NearExactSums
            }
            Some(_) => Verdict::Measured,
        };
        let mape = |line: &Line| line.left_out.iter().map(|error| error.abs()).sum::<f64>() / n;
        let line = line.as_ref();
        Some(Self {
            op_cache,
            network_cache,
            networks: wholes.len(),
            networks_with_unknown_ops: unknown,
            verdict,
            sum_over_network: [least, ratios.iter().sum::<f64>() / n, most],
            constant_ms: line.map(|line| line.constant_ms),
            scale: line.map(|line| line.scale),
            rms: line.map(|line| rms(&line.residuals)),
            largest: line.map(|line| size(&line.residuals)),
            loo_mape: line.map(mape),
            noise,
        })
    }
}
