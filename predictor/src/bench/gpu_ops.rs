//! Ops of a GPU delegate and whole networks from them, 22 networks left out.

use std::collections::{BTreeMap, BTreeSet};

use profiler::record::Cache;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{
    Bench, Bound, Finding, Goal,
    gpu_table::{GpuOp, NETWORKS, TABLE, read_networks, read_ops},
};
use crate::{
    LogNormal, OpEstimate, OpModel, PredictorError, Sample,
    interval::Band,
    metrics::{Scored, Scores},
    sample::merge,
    solve_nnls,
};

const PHONES: [&str; 3] = ["pixel4", "s10", "a03s"];
const LEFT_OUT: usize = 22;
/// Relative noise of a row of which nothing says it.
const NOISE: f64 = 0.02;

pub(super) fn three_phones(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    let (mut all_ops, mut all_networks) = (Vec::new(), Vec::new());
    for phone in PHONES {
        bench.say(&format!("{TABLE}: {phone}"));
        let ops = read_ops(bench, phone)?;
        let networks = read_networks(bench, phone)?;
        let mut names: Vec<&String> = networks.keys().collect();
        names.shuffle(&mut Pcg64::seed_from_u64(bench.seed(0)));
        let left_out: BTreeSet<&String> = names.into_iter().take(LEFT_OUT).collect();
        let (test, rest): (Vec<&GpuOp>, Vec<&GpuOp>) =
            ops.iter().partition(|op| left_out.contains(&op.network));
        let samples = merge(rest.iter().map(|op| op.sample()).collect());
        let model = OpModel::fit(&samples, Cache::Hot, 0).map_err(PredictorError::CannotFit)?;
        let whole = whole_networks(&ops, &networks, &left_out, &model)?;
        let (known, new): (Vec<&GpuOp>, Vec<&GpuOp>) = test.into_iter().partition(|op| model.knows(&op.key));
        let score =
            |ops: Vec<&GpuOp>| ops.into_iter().map(|op| op.score(&model)).collect::<Result<Vec<_>, _>>();
        let (known, new) = (score(known)?, score(new)?);
        let scored = [known.as_slice(), &new].concat();
        findings.push(finding(format!("{phone}, {LEFT_OUT} networks left out"), &scored, Bound::Shown)?);
        for (of_them, scored) in [("that other networks have, too", known), ("in no other network", new)] {
            findings.push(shown(format!("{phone}, of these the ops {of_them}"), &scored)?);
        }
        all_ops.extend(scored);
        all_networks.extend(whole);
    }
    findings.push(finding("all three phones".to_owned(), &all_ops, Bound::AtMost(0.05))?);
    let scores = scores(&all_networks)?;
    findings.push(Finding {
        table: NETWORKS,
        case: format!("all three phones, {LEFT_OUT} networks left out, from their predicted ops"),
        model: "sum of ops by class".to_owned(),
        rows: scores.n,
        goals: vec![
            Goal::new("mape", scores.mape, Bound::Shown),
            Goal::new("within_10", scores.within_10, Bound::AtLeast(0.95)),
            Goal::coverage(scores.coverage_90),
            Goal::coverage_chance(scores.n),
        ],
    });
    Ok(findings)
}

fn scores(scored: &[Scored]) -> Result<Scores, PredictorError> {
    Scores::of(scored).ok_or_else(|| PredictorError::NothingToScore("no row is left for testing".to_owned()))
}

fn finding(case: String, scored: &[Scored], mape: Bound) -> Result<Finding, PredictorError> {
    let scores = scores(scored)?;
    let goals = vec![
        Goal::new("mape", scores.mape, mape),
        Goal::new("within_10", scores.within_10, Bound::Shown),
        Goal::coverage(scores.coverage_90),
        Goal::coverage_chance(scores.n),
    ];
    Ok(Finding { table: TABLE, case, model: "by kernel".to_owned(), rows: scores.n, goals })
}

/// Figures without goals.
fn shown(case: String, scored: &[Scored]) -> Result<Finding, PredictorError> {
    let scores = scores(scored)?;
    let figures =
        [("mape", scores.mape), ("within_10", scores.within_10), ("coverage_90", scores.coverage_90)];
    let goals = figures.map(|(name, value)| Goal::new(name, value, Bound::Shown)).into();
    Ok(Finding { table: TABLE, case, model: "by kernel".to_owned(), rows: scores.n, goals })
}

impl GpuOp {
    fn sample(&self) -> Sample {
        Sample {
            key: self.key.clone(),
            kind: self.kind.clone(),
            features: self.features.clone(),
            latency_ms: self.latency_ms,
            noise: NOISE,
            measurements: 1,
            group: Some(self.network.clone()),
        }
    }

    fn predict(&self, model: &OpModel) -> Result<OpEstimate, PredictorError> {
        let estimate = model.estimate_as(&self.kind, &self.key, &self.features);
        estimate.map_err(|e| PredictorError::NothingToScore(format!("{}: {e}", self.key)))
    }

    fn score(&self, model: &OpModel) -> Result<Scored, PredictorError> {
        let LogNormal { ms, log_half_width, .. } = self.predict(model)?.combined;
        let factor = log_half_width.exp();
        Ok(Scored { measured: self.latency_ms, predicted: ms, low: ms / factor, high: ms * factor })
    }
}

/// Classes of ops that a network's latency is a sum of, beside a constant and a number per op.
const CLASSES: [&str; 5] = ["convolution", "depthwise", "fully_connected", "concat", ""];
const WIDTH: usize = CLASSES.len() + 2;

/// The networks that were left out, from predicted ops: latency is a non-negative sum of the ops by class, their number and
/// a constant, fitted in relative error to the other networks.
fn whole_networks(
    ops: &[GpuOp],
    networks: &BTreeMap<String, f64>,
    left_out: &BTreeSet<&String>,
    model: &OpModel,
) -> Result<Vec<Scored>, PredictorError> {
    let mut sums: BTreeMap<&str, [f64; WIDTH]> = BTreeMap::new();
    for op in ops {
        let class = CLASSES.iter().position(|class| op.kind.starts_with(class)).unwrap_or(CLASSES.len() - 1);
        let of_network = sums.entry(&op.network).or_insert_with(|| {
            let mut row = [0.0; WIDTH];
            row[WIDTH - 1] = 1.0;
            row
        });
        of_network[class] += op.predict(model)?.combined.ms;
        of_network[WIDTH - 2] += 1.0;
    }
    let rows: Vec<(&str, [f64; WIDTH], f64)> = sums
        .iter()
        .filter_map(|(name, row)| {
            let latency_ms = *networks.get(*name)?;
            Some((*name, row.map(|v| v / latency_ms), latency_ms))
        })
        .collect();
    let (test, rest): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(name, ..)| left_out.contains(&(*name).to_owned()));
    let fit = |rows: &[[f64; WIDTH]]| solve_nnls(rows, &vec![1.0; rows.len()], 1e-4);
    let ratio = |row: &[f64; WIDTH], x: &[f64; WIDTH]| row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
    let all: Vec<[f64; WIDTH]> = rest.iter().map(|(_, row, _)| *row).collect();
    let without = |left: usize| {
        all.iter().enumerate().filter(|(i, _)| *i != left).map(|(_, row)| *row).collect::<Vec<_>>()
    };
    let errors: Vec<f64> = (0..all.len()).map(|i| -ratio(&all[i], &fit(&without(i))).ln()).collect();
    let factor = Band::new(&errors, &[]).log_half_width.exp();
    let x = fit(&all);
    let scored = test.into_iter().map(|(_, row, measured)| {
        let ms = ratio(&row, &x) * measured;
        Scored { measured, predicted: ms, low: ms / factor, high: ms * factor }
    });
    Ok(scored.collect())
}
