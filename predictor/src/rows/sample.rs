//! What op models are fitted on: one measured op each.

use std::collections::BTreeMap;

use profiler::record::{Cache, Level, Row, Status};
pub(crate) use profiler::record::{OpRepeats, Repeat};
use profiler::spec::OpSpec;

use crate::error::PredictorError;
use crate::work::{DelegateRule, OpEntry, OpFeatures};

/// Width of a 95 % confidence interval in standard deviations.
const CI_WIDTH: f64 = 2.0 * 1.96;
/// What a confidence interval within one session does not show: measured again in another process and session, an op
/// that was left alone differs by about a per cent.
const REPEAT_NOISE: f64 = 0.01;

/// How far off figures are that others disturbed, or that are of another speed of the machine: replayed sessions of a machine of
/// two speeds differ by so much there.
const CONTENDED_NOISE: f64 = 0.03;
const SCALED_NOISE: f64 = 0.08;

/// Measurements by their session.
pub(crate) type Repeats = BTreeMap<String, OpRepeats>;

/// A measured op: the precision-weighted mean of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its key, or what else it is known by.
    pub key: String,
    /// The kind of op: ops of one kind share a model.
    pub kind: String,
    /// What regressors see of it.
    pub features: OpFeatures,
    /// Its measured latency in milliseconds; above 0.
    pub latency_ms: f64,
    /// Standard deviation of that latency, as a fraction of it; above 0.
    pub noise: f64,
    /// Of how many measurements it is the mean.
    pub measurements: usize,
    /// Samples of one group are left out together in cross-validation: ops of one network, where whole networks are what is
    /// new later.
    pub group: Option<String>,
    /// The measurements that it is the mean of, where there are several.
    pub repeats: Vec<Repeat>,
    /// How the delegate that ran it cuts convolutions up, where it ran in one and that is known.
    pub rule: Option<DelegateRule>,
}

impl Sample {
    /// A measured op of `latency_ms` (above 0), with measuring noise as a fraction of it (above 0).
    pub fn of(op: OpEntry, latency_ms: f64, noise: f64) -> Self {
        let OpEntry { key, kind, features } = op;
        let (measurements, group, repeats, rule) = (1, None, Vec::new(), None);
        Self { key, kind, features, latency_ms, noise, measurements, group, repeats, rule }
    }

    /// The same of an op of ours.
    pub fn new(op: &OpSpec, latency_ms: f64, noise: f64) -> Self {
        Self::of(op.into(), latency_ms, noise)
    }

    /// The kind of its op.
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

/// The ops of a table in one cache state, in order of their keys; of those in `repeats`, the measurements that are there.
pub(crate) fn op_samples(
    rows: &[Row],
    repeats: &Repeats,
    cache: Cache,
) -> Result<Vec<Sample>, PredictorError> {
    let mut measurements = Vec::new();
    for row in rows.iter().filter(|row| row.level == Level::Op && row.cache == cache) {
        let op: OpEntry = row.subject.parse()?;
        let (latency_ms, noise) = noisy(row);
        let of_op = repeats.get(&row.session).and_then(|of_session| of_session.get(&row.subject));
        let Some(of_op) = of_op else {
            measurements.push(Sample::of(op, latency_ms, noise));
            continue;
        };
        let noise = noise * (of_op.len() as f64).sqrt();
        let sample = |repeat: &Repeat| Sample::of(op.clone(), repeat.latency_ms, noise);
        measurements.extend(of_op.iter().map(|r| Sample { group: r.group.clone(), ..sample(r) }));
    }
    Ok(merge(measurements))
}

/// Repeated measurements from which the noise of all of a kind can be determined.
const ENOUGH_REPEATS: usize = 20;

/// A sample per key: measurements of one op become one measured op.
///
/// Where enough ops of a kind were measured several times, how much their measurements differ is the noise of every
/// measurement of the kind, whatever it claims for itself.
pub(crate) fn merge(measurements: Vec<Sample>) -> Vec<Sample> {
    let mut by_key: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for sample in measurements {
        by_key.entry(sample.key.clone()).or_default().push(sample);
    }
    // Per kind the squared deviations within keys and their degrees of freedom.
    let mut repeats: BTreeMap<String, (f64, usize)> = BTreeMap::new();
    for samples in by_key.values() {
        let mean = samples.iter().map(|s| s.latency_ms.ln()).sum::<f64>() / samples.len() as f64;
        let squares = samples.iter().map(|s| (s.latency_ms.ln() - mean).powi(2)).sum::<f64>();
        let of_kind = repeats.entry(samples[0].kind.clone()).or_default();
        *of_kind = (of_kind.0 + squares, of_kind.1 + samples.len() - 1);
    }
    let merged = |samples: Vec<Sample>| {
        let (squares, degrees) = repeats.get(&samples[0].kind).copied().unwrap_or_default();
        let noise = (degrees >= ENOUGH_REPEATS).then(|| (squares / degrees as f64).sqrt().max(1e-4));
        let (latency_ms, noise) = match noise {
            Some(noise) => {
                let mean = samples.iter().map(|s| s.latency_ms.ln()).sum::<f64>() / samples.len() as f64;
                (mean.exp(), noise / (samples.len() as f64).sqrt())
            }
            None => combine(&samples.iter().map(|s| (s.latency_ms, s.noise)).collect::<Vec<_>>()),
        };
        let measurements = samples.len();
        let repeat = |s: &Sample| Repeat { latency_ms: s.latency_ms, group: s.group.clone() };
        let repeats = if measurements > 1 { samples.iter().map(repeat).collect() } else { Vec::new() };
        let first = samples.into_iter().next();
        first.map(|first| Sample { latency_ms, noise, measurements, repeats, ..first })
    };
    by_key.into_values().filter_map(merged).collect()
}

/// Mean of the logarithms of (latency, relative noise) weighted by precision, and its relative standard deviation.
///
/// Where several measurements differ by more than their own noise, the spread between them counts. `rows` is not empty.
pub(crate) fn combine(rows: &[(f64, f64)]) -> (f64, f64) {
    if let [row] = rows {
        return *row;
    }
    let weights: Vec<f64> = rows.iter().map(|(_, noise)| noise.powi(-2)).collect();
    let total: f64 = weights.iter().sum();
    let mean = rows.iter().zip(&weights).map(|((ms, _), w)| w * ms.ln()).sum::<f64>() / total;
    let spread = rows.iter().zip(&weights).map(|((ms, _), w)| w * (ms.ln() - mean).powi(2)).sum::<f64>();
    let excess = spread / (rows.len() as f64 - 1.0);
    (mean.exp(), (excess.max(1.0) / total).sqrt())
}

/// Latency of a row and its relative noise.
pub(crate) fn noisy(row: &Row) -> (f64, f64) {
    let doubt = match row.status {
        Status::Ok | Status::Wide | Status::Preempted => 0.0,
        Status::Contended => CONTENDED_NOISE,
        Status::Scaled | Status::Slow => SCALED_NOISE,
    };
    let noise =
        ((row.ci_high_ms - row.ci_low_ms) / CI_WIDTH / row.latency_ms).hypot(REPEAT_NOISE).hypot(doubt);
    (row.latency_ms, noise)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::op_row;

    #[test]
    fn noise_comes_from_the_confidence_interval() {
        // 2 ms, interval 1.98 to 2.02: 0.04 / 3.92 / 2 = 0.0051; with 0.01 in quadrature 0.01123.
        let row = Row { ci_low_ms: 1.98, ci_high_ms: 2.02, ..op_row("gpool-8x8x8", 2.0) };
        let (latency, noise) = combine(&[noisy(&row)]);
        assert_eq!(latency.to_bits(), 2.0_f64.to_bits());
        assert!((noise - 0.011_226).abs() < 1e-6, "{noise}");
    }

    #[test]
    fn sessions_are_weighted_by_precision_and_their_spread_counts() {
        // Noise 1 % and 2 %, each with 1 % in quadrature: variances 2e-4 and 5e-4, weights 5 : 2; logarithms 0 and
        // ln 1.5, mean 2/7 · ln 1.5.
        let wide = |latency_ms: f64, noise: f64| Row {
            ci_low_ms: latency_ms * (1.0 - 1.96 * noise),
            ci_high_ms: latency_ms * (1.0 + 1.96 * noise),
            ..op_row("gpool-8x8x8", latency_ms)
        };
        let (latency, noise) = combine(&[noisy(&wide(1.0, 0.01)), noisy(&wide(1.5, 0.02))]);
        assert!((latency.ln() - 2.0 / 7.0 * 1.5_f64.ln()).abs() < 1e-9);
        // They differ by 40 %: the noise of the mean is of that order, not below 1 %.
        assert!(noise > 0.1, "{noise}");
    }

    #[test]
    fn repeats_determine_the_noise_of_their_kind() {
        // 20 ops measured twice, 4 % apart: deviations ± 2 %, squares 2 · 0.02² per degree of freedom: noise 0.0283 of one
        // measurement, 0.02 of the mean of two. One more, measured once, has the noise of one.
        let spec = |channels: u32| format!("gpool-8x8x{channels}").parse().unwrap();
        let op = |channels, ms: f64| Sample::new(&spec(channels), ms, 0.5);
        let twice = (1..=20).flat_map(|c| [op(c, 0.02_f64.exp()), op(c, (-0.02_f64).exp())]);
        let merged = merge(twice.chain([op(99, 3.0)]).collect());
        assert_eq!(merged.len(), 21);
        for sample in &merged {
            let once = sample.key == "gpool-8x8x99";
            let expected = if once { 0.02 * 2.0_f64.sqrt() } else { 0.02 };
            assert!((sample.noise - expected).abs() < 1e-9, "{}: {}", sample.key, sample.noise);
            assert!((sample.latency_ms - if once { 3.0 } else { 1.0 }).abs() < 1e-9);
        }
    }

    #[test]
    fn only_the_asked_state_and_level_are_taken() {
        let hot = Row { cache: Cache::Hot, ..op_row("gpool-8x8x8", 1.0) };
        let rows = [op_row("gpool-8x8x8", 2.0), hot, op_row("conv-8x8x3-o8-k3-s1", 3.0)];
        let samples = op_samples(&rows, &Repeats::new(), Cache::Cold);
        let found: Vec<_> = samples.unwrap().into_iter().map(|s| (s.kind, s.latency_ms)).collect();
        assert_eq!(found, [("conv".to_owned(), 3.0), ("gpool".to_owned(), 2.0)]);
    }
}
