//! Op models on public MBConv tables of two phones; their folder is named by the environment variable `TAILOR_TABLES`.
//!
//! Run with `cargo test --release -p predictor --test public_tables -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use predictor::{
    OpFeatures, OpModel, Sample,
    metrics::{Scored, Scores},
};
use profiler::{
    record::Cache,
    spec::{Activation, FeatureMap, MbConv, OpSpec},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

/// The blocks of a table that are MBConv as we know it, without squeeze-and-excitation.
fn blocks(name: &str) -> Vec<Sample> {
    let folder = std::env::var_os("TAILOR_TABLES").expect("TAILOR_TABLES names the folder of the tables");
    let mut reader = csv::Reader::from_path(PathBuf::from(folder).join(name)).unwrap();
    let columns = reader.headers().unwrap().clone();
    let records = reader.records().map(Result::unwrap).collect::<Vec<_>>();
    let sample = |record: &csv::StringRecord| {
        let text = |column: &str| &record[columns.iter().position(|c| c == column).unwrap()];
        let number = |column: &str| text(column).parse::<u32>().unwrap();
        if number("se") != 0 {
            return None;
        }
        let (side, channels, stride) = (number("input_hw"), number("in_channels"), number("stride"));
        let activation = if text("activation") == "relu" { Activation::Relu } else { Activation::Hswish };
        let block = MbConv {
            out_channels: number("out_channels"),
            expansion: number("expansion"),
            kernel: number("kernel"),
            stride,
            squeeze: None,
            activation,
            residual: stride == 1 && channels == number("out_channels"),
        };
        let op = OpSpec::new(FeatureMap::new(side, side, channels).unwrap(), block).unwrap();
        let latency_ms = text("latency_ms").parse().unwrap();
        Some(Sample { op, features: OpFeatures::of(&op), latency_ms, noise: 0.01 })
    };
    records.iter().filter_map(sample).collect()
}

fn score(fitted_on: &[Sample], test: &[Sample]) -> Scores {
    let model = OpModel::fit(fitted_on, Cache::Hot, 0).unwrap();
    let scored = test.iter().map(|sample| {
        let estimate = model.estimate(&sample.op).unwrap();
        assert!(estimate.measured.is_none(), "{} was fitted on", sample.op);
        let (ms, factor) = (estimate.combined.ms, estimate.combined.log_half_width.exp());
        Scored { measured: sample.latency_ms, predicted: ms, low: ms / factor, high: ms * factor }
    });
    let chosen = model.kinds().next().unwrap();
    println!("  {} rows: {} ({:?})", fitted_on.len(), chosen.fitted.kind().name(), chosen.scope);
    Scores::of(&scored.collect::<Vec<_>>()).unwrap()
}

#[test]
#[ignore = "needs the tables named by TAILOR_TABLES"]
fn mbconv_blocks_of_two_phones() {
    for name in ["mbconv_pixel1.csv", "mbconv_xiaomi11.csv"] {
        let all = blocks(name);
        let mut seen = std::collections::BTreeSet::new();
        let all: Vec<Sample> = all.into_iter().filter(|s| seen.insert(s.op.key())).collect();
        println!("{name}: {} distinct blocks", all.len());
        let (test, rest): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(i, _)| i % 5 == 0);
        let [test, mut rest] = [test, rest].map(|part| part.into_iter().map(|(_, s)| s).collect::<Vec<_>>());
        rest.shuffle(&mut Pcg64::seed_from_u64(0));
        for (rows, limit) in [(rest.len(), 0.04), (100, 0.05), (30, 0.07)] {
            let scores = score(&rest[..rows], &test);
            println!("  {scores:?}");
            assert!(scores.mape < limit, "{name} from {rows} rows: {scores:?}");
        }
    }
}
