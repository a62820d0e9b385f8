//! Rows for tests: a hand-written law of linear work.
use profiler::record::{Cache, Level, Row};
use profiler::spec::{Architecture, OpSpec, SearchSpace, SpaceFile};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::model::{FitOptions, LatencyModel};
use crate::rows::{Measurements, Sample};
use crate::work::{OpFeatures, TERMS};

/// Milliseconds per unit of work: the law that fits must find again.
const LAW: [(&str, f64); 9] = [
    ("pointwise_macs", 0.05),
    ("depthwise_macs", 0.4),
    ("dense_macs", 0.1),
    ("linear_macs", 0.2),
    ("pointwise_written", 0.3),
    ("relu_elements", 0.2),
    ("added_elements", 0.5),
    ("pooled_elements", 0.8),
    ("constant", 0.004),
];

/// What an op costs by the law.
pub(crate) fn law_ms(op: &OpSpec) -> f64 {
    let work = OpFeatures::of(op).work;
    LAW.iter().map(|(name, c)| c * work[TERMS.iter().position(|term| term.name == *name).unwrap()]).sum()
}

/// An op row measured cold to 1 %.
pub(crate) fn op_row(key: &str, latency_ms: f64) -> Row {
    Row {
        ci_low_ms: latency_ms * 0.99,
        ci_high_ms: latency_ms * 1.01,
        spread: 0.02,
        runs: 50,
        session: "test".to_owned(),
        ..Row::exact(key, Level::Op, Cache::Cold, latency_ms)
    }
}

/// A hot network row measured to 1 %.
pub(crate) fn network_row(network: &Architecture, latency_ms: f64) -> Row {
    let keys: Vec<_> = network.ops().iter().map(OpSpec::key).collect();
    let (level, cache, ops) = (Level::Network, Cache::Hot, keys.join(" "));
    Row { level, cache, ops, ..op_row(&network.key(), latency_ms) }
}

pub(crate) fn small_space() -> SearchSpace {
    SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap()
}

/// Every op of the small space by the law, times 1 ± `noise` (uniform), and `networks` random ones of
/// `0.05 ms + 0.9 · Σ law`, times 1 ± `noise`.
pub(crate) fn small_space_rows(noise: f64, networks: usize) -> Vec<Row> {
    let space = small_space();
    let mut random = Pcg64::seed_from_u64(7);
    let mut noisy = |ms: f64| ms * (1.0 + noise * (random.random::<f64>() * 2.0 - 1.0));
    let mut rows: Vec<_> =
        space.distinct_ops().iter().map(|op| op_row(&op.key(), noisy(law_ms(op)))).collect();
    let mut choices = Pcg64::seed_from_u64(8);
    for index in 0..networks {
        let network = space.network(&format!("n{index}"), &space.random_choices(&mut choices)).unwrap();
        rows.push(network_row(&network, noisy(0.05 + 0.9 * network.ops().iter().map(law_ms).sum::<f64>())));
    }
    rows
}

/// Every op of the small space as samples.
pub(crate) fn small_space_samples(noise: f64) -> Vec<Sample> {
    crate::rows::op_samples(&small_space_rows(noise, 0), &crate::rows::Repeats::new(), Cache::Cold).unwrap()
}

/// Rows as if read from one table of a mock.
pub(crate) fn measurements(rows: Vec<Row>) -> Measurements {
    Measurements::made_up(rows, "test bench", "mock")
}

/// A model of [`small_space_rows`].
pub(crate) fn fitted(noise: f64, networks: usize) -> LatencyModel {
    LatencyModel::fit(&measurements(small_space_rows(noise, networks)), &FitOptions::default()).unwrap()
}
