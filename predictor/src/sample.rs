//! What op models are fitted on: one measured op each.

use std::collections::BTreeMap;

use profiler::{
    record::{Cache, Level, Row},
    spec::OpSpec,
};

use crate::{OpFeatures, PredictorError};

/// Width of a 95 % confidence interval in standard deviations.
const CI_WIDTH: f64 = 2.0 * 1.96;
/// What a confidence interval within one session does not show: measured again in another process and session, an op
/// that was left alone differs by about a per cent.
const REPEAT_NOISE: f64 = 0.01;

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
    /// Standard deviation of the measurement, as a fraction of the latency; above 0.
    pub noise: f64,
}

impl Sample {
    /// A measured op of `latency_ms` (above 0), with measuring noise as a fraction of it (above 0).
    #[must_use]
    pub fn new(op: &OpSpec, latency_ms: f64, noise: f64) -> Self {
        let (key, kind) = (op.key(), op.op().kind().to_owned());
        Self { key, kind, features: OpFeatures::of(op), latency_ms, noise }
    }

    /// The kind of its op.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

/// The ops of a table in one cache state, in order of their keys.
///
/// # Errors
/// [`PredictorError::Spec`] for a subject that is no op key.
pub fn op_samples(rows: &[Row], cache: Cache) -> Result<Vec<Sample>, PredictorError> {
    let mut by_key: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.level == Level::Op && row.cache == cache) {
        by_key.entry(&row.subject).or_default().push(row);
    }
    let sample = |(key, rows): (&str, Vec<&Row>)| {
        let op: OpSpec = key.parse()?;
        let (latency_ms, noise) = combine(&rows.into_iter().map(noisy).collect::<Vec<_>>());
        Ok(Sample::new(&op, latency_ms, noise))
    };
    by_key.into_iter().map(sample).collect()
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
fn noisy(row: &Row) -> (f64, f64) {
    let noise = ((row.ci_high_ms - row.ci_low_ms) / CI_WIDTH / row.latency_ms).hypot(REPEAT_NOISE);
    (row.latency_ms, noise)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::test_rows::op_row;

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
    fn only_the_asked_state_and_level_are_taken() {
        let hot = Row { cache: Cache::Hot, ..op_row("gpool-8x8x8", 1.0) };
        let samples =
            op_samples(&[op_row("gpool-8x8x8", 2.0), hot, op_row("conv-8x8x3-o8-k3-s1", 3.0)], Cache::Cold);
        let found: Vec<_> = samples.unwrap().iter().map(|s| (s.kind, s.latency_ms)).collect();
        assert_eq!(found, [("conv".to_owned(), 3.0), ("gpool".to_owned(), 2.0)]);
    }
}
