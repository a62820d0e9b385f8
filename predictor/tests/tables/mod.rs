//! Tables of a hand-written law, as the profiler would write them.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::Path;

use profiler::device::{Device, MachineState};
use profiler::measure::{DriftReport, Outcome, Protocol, Speed};
use profiler::record::{
    Cache, Conditions, Level, OutputCheck, Row, Runtime, Session, SpeedReport, session_path,
    write_architecture, write_session, write_table,
};
use profiler::spec::{Architecture, OpSpec, SearchSpace, SpaceFile};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// What is measured, and how well.
pub(crate) struct Bench {
    /// Half-width of the uniform relative noise.
    pub(crate) noise: f64,
    /// Random networks of the small space.
    pub(crate) networks: usize,
    /// Threads the session says.
    pub(crate) threads: usize,
    /// Whether the session is of a mock.
    pub(crate) emulated: bool,
}

impl Default for Bench {
    fn default() -> Self {
        Self { noise: 0.0, networks: 30, threads: 1, emulated: true }
    }
}

/// 0.01 ms, 0.1 ms per million multiply-accumulates and 0.5 ms per million elements written by any layer but pooling.
pub(crate) fn law_ms(op: &OpSpec) -> f64 {
    let graph = op.graph();
    let written: u64 =
        graph.nodes().iter().filter(|n| n.output.pixels() > 1).map(|n| n.output.elements()).sum();
    0.01 + 0.1 * graph.macs().millions() + 0.5 * written as f64 / 1e6
}

/// 0.05 ms and 1.1 times the ops.
pub(crate) fn network_law_ms(network: &Architecture) -> f64 {
    0.05 + 1.1 * network.ops().iter().map(law_ms).sum::<f64>()
}

/// Writes the MobileNetV2-style network of the small space.
pub(crate) fn baseline(path: &Path) -> Architecture {
    let network = space().baseline().unwrap();
    write_architecture(path, &network).unwrap();
    network
}

pub(crate) fn space() -> SearchSpace {
    SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap()
}

/// Writes every op of the small space and random networks by the law, and the session beside them.
pub(crate) fn write_bench(table: &Path, bench: &Bench) {
    let space = space();
    let mut random = Pcg64::seed_from_u64(5);
    let mut noisy = |ms: f64| ms * (1.0 + bench.noise * (random.random::<f64>() * 2.0 - 1.0));
    let ops = space.distinct_ops();
    let mut rows: Vec<Row> =
        ops.iter().map(|op| row(op.key(), Level::Op, Cache::Cold, noisy(law_ms(op)))).collect();
    let mut choices = Pcg64::seed_from_u64(6);
    for _ in 0..bench.networks {
        let network = space.network("n", &space.random_choices(&mut choices)).unwrap();
        let keys: Vec<String> = network.ops().iter().map(OpSpec::key).collect();
        let row = row(network.key(), Level::Network, Cache::Hot, noisy(network_law_ms(&network)));
        rows.push(Row { ops: keys.join(" "), ..row });
    }
    write_table(table, &rows).unwrap();
    write_session(&session_path(table), &session(bench)).unwrap();
}

pub(crate) fn row(subject: String, level: Level, cache: Cache, latency_ms: f64) -> Row {
    Row {
        ci_low_ms: latency_ms * 0.98,
        ci_high_ms: latency_ms * 1.02,
        spread: 0.04,
        runs: 40,
        session: "bench".to_owned(),
        speed: Some(Speed::Fast),
        ..Row::exact(&subject, level, cache, latency_ms)
    }
}

pub(crate) fn session(bench: &Bench) -> Session {
    let (name, version, emulated) = ("mock".to_owned(), "1".to_owned(), bench.emulated);
    let runtime = Runtime { name, version, emulated, details: Vec::new() };
    let (device, build_target) = ("test bench".to_owned(), "none".to_owned());
    let conditions = Conditions { device, runtime, threads: bench.threads, cpus: vec![0], build_target };
    let drift = DriftReport {
        baseline_ns: 1e5,
        calm_ns: None,
        low_ratio: 1.0,
        high_ratio: 1.0,
        readings: 9,
        excessive: false,
        trace: vec![1.0],
    };
    Session {
        id: "bench".to_owned(),
        tool_version: "0.1.0".to_owned(),
        started: "2020-01-01T00:00:00Z".to_owned(),
        finished: "2020-01-01T00:01:00Z".to_owned(),
        measured_s: 60.0,
        outcome: Outcome::Converged,
        conditions,
        device: Device::of_this_machine(),
        before: MachineState::default(),
        after: MachineState::default(),
        protocol: Protocol::default(),
        outputs: OutputCheck::default(),
        drift,
        speed: SpeedReport::default(),
        machine: None,
        heat: None,
        contention: None,
        runs: 1000,
        dropped_runs: 0,
        peak_memory_kib: None,
        repeats: Default::default(),
        warnings: Vec::new(),
    }
}
