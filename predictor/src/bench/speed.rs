//! How fast the predictor itself is, on one thread.

use std::{hint::black_box, time::Instant};

use profiler::record::{Cache, Level, Row};
use profiler::spec::{Architecture, OpSpec, SearchSpace, SpaceFile};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{Figure, Finding, Goal};
use crate::device::{FitOptions, LatencyModel};
use crate::error::PredictorError;
use crate::rows::Measurements;
use crate::work::OpFeatures;

const SPACE: &str = "proxylessnas-mobile";
/// Whole networks in the table.
const NETWORKS: usize = 30;
/// Predictions timed.
const OPS: usize = 2_000_000;
const REPEATS: usize = 2_000;

/// Times fitting, loading and predicting for the mobile space.
///
/// The table is made up (work terms times round numbers, roughened): only the predictor's own time is measured, and no figure
/// of it is a latency of anything.
///
/// # Errors
/// What fitting, writing or reading says.
pub fn speed(say: &mut dyn FnMut(&str)) -> Result<Vec<Finding>, PredictorError> {
    say("speed: fitting the mobile space");
    let space = SpaceFile::built_in(SPACE)?;
    let space = space.resolve()?;
    let measurements = made_up(&space)?;
    let started = Instant::now();
    let fitted = LatencyModel::fit(&measurements, &FitOptions::default())?;
    let fit_s = started.elapsed().as_secs_f64();
    let path = std::env::temp_dir().join(format!("tailor-speed-{}.json", std::process::id()));
    fitted.write(&path)?;
    let started = Instant::now();
    let model = LatencyModel::read(&path);
    let load_ms = started.elapsed().as_secs_f64() * 1e3;
    // The file is the program's own and in the way of nobody.
    let _ = std::fs::remove_file(&path);
    let model = model?;

    say("speed: predicting");
    let distinct = space.distinct_ops();
    let started = Instant::now();
    let mut batch = model.batch();
    batch.predict_ops(&distinct)?;
    let first_us = started.elapsed().as_secs_f64() * 1e6 / distinct.len() as f64;
    let ops: Vec<OpSpec> = distinct.iter().copied().cycle().take(OPS).collect();
    let started = Instant::now();
    black_box(batch.predict_ops(&ops)?);
    let ops_per_s = OPS as f64 / started.elapsed().as_secs_f64();
    let networks = networks(&space, 100)?;
    let started = Instant::now();
    for network in networks.iter().cycle().take(REPEATS) {
        black_box(batch.predict_network(network.ops())?);
    }
    let network_us = started.elapsed().as_secs_f64() * 1e6 / REPEATS as f64;
    let case = format!("{SPACE}: {} ops, {NETWORKS} networks, one thread", distinct.len());
    let goals = vec![
        Figure::new("fit_s", fit_s, Goal::AtMost(2.0)),
        Figure::new("load_ms", load_ms, Goal::AtMost(20.0)),
        Figure::shown("op for the first time_us", first_us),
        Figure::new("ops a second in a batch_n", ops_per_s, Goal::AtLeast(1e6)),
        Figure::new("network in a batch_us", network_us, Goal::AtMost(10.0)),
    ];
    Ok(vec![Finding::new("(made up)", case, model.ops().chosen(), distinct.len(), goals)])
}

fn networks(space: &SearchSpace, count: usize) -> Result<Vec<Architecture>, PredictorError> {
    let mut random = Pcg64::seed_from_u64(0);
    let network = |index| Ok(space.network(&format!("n{index}"), &space.random_choices(&mut random))?);
    (0..count).map(network).collect()
}

fn made_up(space: &SearchSpace) -> Result<Measurements, PredictorError> {
    // Same for the same op, between 0.95 and 1.05.
    let rough = |op: &OpSpec| {
        let hash = op.key().bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        0.95 + 0.1 * f64::from(hash % 1000) / 1000.0
    };
    let cost = |op: &OpSpec| {
        let work = OpFeatures::of(op).work.into_iter().enumerate();
        rough(op) * work.map(|(place, amount)| amount * (0.1 + place as f64 / 50.0)).sum::<f64>()
    };
    let row = |subject: String, level, cache, latency_ms: f64, ops| Row {
        ci_low_ms: 0.99 * latency_ms,
        ci_high_ms: 1.01 * latency_ms,
        ops,
        ..Row::exact(&subject, level, cache, latency_ms)
    };
    let of_op = |op: &OpSpec| row(op.key(), Level::Op, Cache::Cold, cost(op), String::new());
    let mut rows: Vec<Row> = space.distinct_ops().iter().map(of_op).collect();
    for network in networks(space, NETWORKS)? {
        let keys: Vec<String> = network.ops().iter().map(OpSpec::key).collect();
        let sum: f64 = network.ops().iter().map(cost).sum();
        rows.push(row(network.key(), Level::Network, Cache::Hot, 0.9 * sum, keys.join(" ")));
    }
    Ok(Measurements::made_up(rows, "none", "made up"))
}
