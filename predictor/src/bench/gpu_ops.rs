//! Ops of a GPU delegate and whole networks from them, 22 networks left out.

use std::collections::{BTreeMap, BTreeSet};

use profiler::{record::{Cache, ReadError}, spec::FeatureMap};
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Bench, Bound, Finding, Goal};
use crate::{
    Elementwise, LogNormal, OpEstimate, OpFeatures, OpModel, PredictorError, Primitive, Sample,
    import::Columns,
    metrics::{Scored, Scores},
    interval::Band,
    sample::merge,
    solve_nnls,
};

const TABLE: &str = "mobile_gpu_ops";
const NETWORKS: &str = "mobile_gpu_networks";
const PHONES: [&str; 3] = ["pixel4", "s10", "a03s"];
const LEFT_OUT: usize = 22;
/// Relative noise of a row of which nothing says it.
const NOISE: f64 = 0.02;

/// An op of a network as one phone ran it.
struct GpuOp {
    network: String,
    key: String,
    kind: String,
    features: OpFeatures,
    latency_ms: f64,
}

pub(super) fn three_phones(bench: &Bench<'_>) -> Result<Vec<Finding>, PredictorError> {
    let mut findings = Vec::new();
    let (mut all_ops, mut all_networks) = (Vec::new(), Vec::new());
    for phone in PHONES {
        bench.say(&format!("{TABLE}: {phone}"));
        let ops = read_ops(bench, phone)?;
        let networks = read_networks(bench, phone)?;
        let mut names: Vec<&String> = networks.keys().collect();
        names.shuffle(&mut Pcg64::seed_from_u64(0));
        let left_out: BTreeSet<&String> = names.into_iter().take(LEFT_OUT).collect();
        let (test, rest): (Vec<&GpuOp>, Vec<&GpuOp>) = ops.iter().partition(|op| left_out.contains(&op.network));
        let samples = merge(rest.iter().map(|op| op.sample()).collect());
        let model = OpModel::fit(&samples, Cache::Hot, 0).map_err(PredictorError::CannotFit)?;
        if std::env::var_os("TAILOR_DEBUG").is_some() {
            for kind in model.kinds() {
                let cv = kind.cv_mape.unwrap_or(0.0);
                eprintln!("    {:24} {:5} {:30} {:?} cv {cv:.4}", kind.kind, kind.rows, kind.fitted.kind().name(), kind.scope);
            }
        }
        let scored = test.iter().map(|op| op.score(&model)).collect::<Result<Vec<_>, _>>()?;
        if std::env::var_os("TAILOR_DEBUG").is_some() {
            let mut by: BTreeMap<&str, (f64, usize, usize)> = BTreeMap::new();
            for (op, s) in test.iter().zip(&scored) {
                let e = by.entry(&op.kind).or_default();
                e.0 += (s.predicted / s.measured - 1.0).abs();
                e.1 += 1;
                e.2 += usize::from(model.knows(&op.key));
            }
            eprintln!("    {:?}", by.iter().map(|(k, (e, n, m))| format!("{k} {:.4} of {n} ({m} known)", e / *n as f64)).collect::<Vec<_>>());
        }
        let whole = whole_networks(&ops, &networks, &left_out, &model)?;
        findings.push(finding(format!("{phone}, {LEFT_OUT} networks left out"), &scored, Bound::Shown)?);
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
    ];
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
    let (test, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, ..)| left_out.contains(&(*name).to_owned()));
    let fit = |rows: &[[f64; WIDTH]]| solve_nnls(rows, &vec![1.0; rows.len()], 1e-4);
    let ratio = |row: &[f64; WIDTH], x: &[f64; WIDTH]| row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
    let all: Vec<[f64; WIDTH]> = rest.iter().map(|(_, row, _)| *row).collect();
    let without = |left: usize| all.iter().enumerate().filter(|(i, _)| *i != left).map(|(_, row)| *row).collect::<Vec<_>>();
    let errors: Vec<f64> = (0..all.len()).map(|i| -ratio(&all[i], &fit(&without(i))).ln()).collect();
    let factor = Band::new(&errors, &[]).log_half_width.exp();
    let x = fit(&all);
    let scored = test.into_iter().map(|(name, row, measured)| {
        let ms = ratio(&row, &x) * measured;
        if std::env::var_os("TAILOR_DEBUG").is_some() {
            eprintln!("      {name:30} {:.3}", ms / measured);
        }
        Scored { measured, predicted: ms, low: ms / factor, high: ms * factor }
    });
    Ok(scored.collect())
}

fn table(bench: &Bench<'_>, name: &str) -> Result<(Columns, Vec<csv::StringRecord>), PredictorError> {
    let path = bench.folder.join(format!("{name}.csv"));
    let content = |e: csv::Error| ReadError::Content { path: path.clone(), reason: e.to_string() };
    let mut reader = csv::Reader::from_path(&path).map_err(content)?;
    let heads = reader.headers().map_err(content)?.clone();
    let columns = Columns::new(&heads.iter().collect::<Vec<_>>(), &[]).map_err(PredictorError::CannotFit)?;
    Ok((columns, reader.records().collect::<Result<_, _>>().map_err(content)?))
}

/// Mean latency of each network, milliseconds.
fn read_networks(bench: &Bench<'_>, phone: &str) -> Result<BTreeMap<String, f64>, PredictorError> {
    let (columns, records) = table(bench, NETWORKS)?;
    let network = |record: &csv::StringRecord| {
        let record = columns.record(record.iter().collect());
        Ok((record.text("model")?.to_owned(), record.above_zero(&format!("{phone}_mean_us"))? * 1e-3))
    };
    records.iter().map(network).collect::<Result<_, String>>().map_err(PredictorError::CannotFit)
}

fn read_ops(bench: &Bench<'_>, phone: &str) -> Result<Vec<GpuOp>, PredictorError> {
    let (columns, records) = table(bench, TABLE)?;
    let op = |record: &csv::StringRecord| {
        let record = columns.record(record.iter().collect());
        let feature = dictionary(record.text("feature")?);
        let (kernel, linked) = kernel(record.text(&format!("{phone}_kernel"))?);
        let layers = layers(record.text("operation")?, &feature, &linked)?;
        let input = layers.0;
        let output = layers.1.last().map_or(input, Primitive::output);
        Ok(GpuOp {
            network: record.text("model")?.to_owned(),
            key: format!("{} {kernel} {feature:?} {linked:?}", record.text("operation")?),
            kind: kernel,
            features: OpFeatures::of_layers(input, output, &layers.1),
            latency_ms: record.above_zero(&format!("{phone}_us"))? * 1e-3,
        })
    };
    records.iter().map(op).collect::<Result<_, String>>().map_err(PredictorError::CannotFit)
}

/// `{'Input_shape': '224', 'Input_channel': 3}` as names and numbers; what is no number is left out.
fn dictionary(text: &str) -> BTreeMap<String, u32> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        let bare = |text: &str| text.trim().trim_matches('\'').to_owned();
        let name = bare(name);
        // What it computes follows from the others.
        (name != "FLOPS").then_some(())?;
        Some((name, bare(value).parse().ok()?))
    };
    text.trim_matches(['{', '}']).split(", ").filter_map(pair).collect()
}

/// `base_12_linked_:_relu_13_linked_:_add_14` as the base and the ops linked behind it.
fn kernel(text: &str) -> (String, Vec<String>) {
    let name = |part: &str| {
        let bare = part.trim_matches('_');
        match bare.rsplit_once('_') {
            Some((name, index)) if index.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => bare.to_owned(),
        }
    };
    let mut parts = text.split("linked_:_");
    let base = name(parts.next().unwrap_or_default());
    (base, parts.map(name).collect())
}

/// The map read and the layers: the op and what is linked behind it.
fn layers(
    operation: &str,
    feature: &BTreeMap<String, u32>,
    linked: &[String],
) -> Result<(FeatureMap, Vec<Primitive>), String> {
    let get = |name: &str| feature.get(name).copied();
    let map = |side: Option<u32>, channels: Option<u32>| {
        let (side, channels) = (side.unwrap_or(1), channels.ok_or("no channels")?);
        FeatureMap::new(side, side, channels).map_err(|e| e.to_string())
    };
    let channels = get("Input_channel");
    let input = map(get("Input_shape"), channels)?;
    let (kernel, stride) = (get("Kernel").unwrap_or(1).max(1), get("Stride").unwrap_or(1).max(1));
    let conv = |output, groups| Primitive::Conv { input, output, kernel, stride, groups };
    let first = match operation {
        "CONV_2D" => conv(map(get("Output_shape"), get("Filter"))?, 1),
        "CONV_2D_GROUP" => conv(map(get("Output_shape"), get("Filter"))?, get("Group").unwrap_or(1).max(1)),
        "DEPTHWISE_CONV_2D" => {
            let output = map(get("Output_shape"), channels.map(|c| c * get("Filter").unwrap_or(1)))?;
            conv(output, input.channels)
        }
        "MEAN" => Primitive::GlobalPool { input },
        "FULLY_CONNECTED" => Primitive::Linear { input, output: map(None, get("Filter"))? },
        "MAX_POOL_2D" | "AVERAGE_POOL_2D" => {
            Primitive::Pool { input, output: map(get("Output_shape"), channels)?, kernel }
        }
        "CONCATENATION" => {
            // The number of maps stands where others have their kernel.
            Primitive::Join { parts: kernel, output: map(get("Output_shape"), get("Filter").or(channels))? }
        }
        other => return Err(format!("operation `{other}` is not known")),
    };
    let mut layers = vec![first];
    for name in linked {
        let function = match name.as_str() {
            "relu" => Elementwise::Relu,
            "add" => Elementwise::Add,
            "hard_swish" => Elementwise::Hswish,
            "sigmoid" => Elementwise::Sigmoid,
            "mul" => Elementwise::Scale,
            _ => Elementwise::Other,
        };
        layers.push(Primitive::Elementwise { function, map: first.output() });
    }
    Ok((input, layers))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn kernels_and_dictionaries_are_taken_apart() {
        let (base, linked) = kernel("convolution_2d_3_linked_:_relu_4_linked_:_add_5");
        assert_eq!((base.as_str(), linked.join(" ").as_str()), ("convolution_2d", "relu add"));
        assert_eq!(kernel("convolution_winograd_4x4_6x6_1").0, "convolution_winograd_4x4_6x6");
        let feature = dictionary("{'Input_shape': '14', 'Input_channel': 3, 'Stride': '-', 'FLOPS': '7'}");
        let expected = [("Input_channel".to_owned(), 3), ("Input_shape".to_owned(), 14)];
        assert_eq!(feature, expected.into());
    }
}
