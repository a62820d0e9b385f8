//! How far off an op is that was measured before, when it is measured again: each of several measurements predicted from the
//! others and the model.
//!
//! Deviations as they should be by the noise are one thing, what they are another: measurements of one network or session are
//! off together. So the factor of an interval is the conformal quantile of standardized deviations, not a normal one.

use std::collections::BTreeMap;

use super::model::{Measured, combine};
use crate::interval::{LogNormal, NORMAL_90, clustered_quantile};
use crate::rows::{Repeat, Sample};

/// Standardized deviations of measurements from what the others and the model say, with the cluster of each.
pub(crate) type Scores = Vec<(usize, f64)>;

/// A cluster per group, the same for all kinds of op.
pub(crate) struct Clusters<'a> {
    of_group: BTreeMap<&'a str, usize>,
    others: usize,
}

impl<'a> Clusters<'a> {
    pub(crate) fn new(samples: &'a [Sample]) -> Self {
        let mut of_group = BTreeMap::new();
        for repeat in samples.iter().flat_map(|sample| &sample.repeats) {
            let next = of_group.len();
            repeat.group.as_deref().map(|group| of_group.entry(group).or_insert(next));
        }
        Self { others: of_group.len(), of_group }
    }

    /// A group's cluster, or a new one for what is in none.
    fn of(&mut self, group: Option<&str>) -> usize {
        if let Some(cluster) = group.and_then(|group| self.of_group.get(group)) {
            return *cluster;
        }
        self.others += 1;
        self.others - 1
    }
}

/// Scores of the measurements of an op; `log_error` is ln(measured / predicted) of a model that was fitted without it, and
/// `deviation` that model's.
pub(crate) fn scores(sample: &Sample, log_error: f64, deviation: f64, clusters: &mut Clusters<'_>) -> Scores {
    let n = sample.repeats.len();
    if n < 2 {
        return Vec::new();
    }
    let single = sample.noise * (n as f64).sqrt();
    let (ms, log_half_width) = (sample.latency_ms * (-log_error).exp(), NORMAL_90 * deviation);
    let model = LogNormal { ms, deviation, log_half_width };
    let sum: f64 = sample.repeats.iter().map(|repeat| repeat.latency_ms.ln()).sum();
    let rest = n - 1;
    let score = |repeat: &Repeat| {
        let mean = (sum - repeat.latency_ms.ln()) / rest as f64;
        let noise = single / (rest as f64).sqrt();
        let others = Measured { latency_ms: mean.exp(), noise, measurements: rest };
        let together = combine(others, model, 1.0);
        let off = (repeat.latency_ms / together.ms).ln() / together.log_half_width;
        (clusters.of(repeat.group.as_deref()), off)
    };
    sample.repeats.iter().map(score).collect()
}

/// Half-width of the interval of a known op in expected standard deviations: by the kind's own scores, else by those of all
/// kinds, else a normal distribution's.
pub(crate) fn factor(own: &[(usize, f64)], all: &[(usize, f64)]) -> f64 {
    clustered_quantile(own).or_else(|| clustered_quantile(all)).unwrap_or(NORMAL_90)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(latencies: &[f64], groups: &[&str]) -> Sample {
        let repeats = latencies.iter().zip(groups);
        let repeats = repeats.map(|(ms, group)| Repeat { latency_ms: *ms, group: Some((*group).to_owned()) });
        let mean = latencies.iter().map(|ms| ms.ln()).sum::<f64>() / latencies.len() as f64;
        let noise = 0.1 / (latencies.len() as f64).sqrt();
        let op = "gpool-8x8x8".parse().unwrap();
        Sample { repeats: repeats.collect(), ..Sample::new(&op, mean.exp(), noise) }
    }

    #[test]
    fn a_measurement_is_held_against_the_others_and_the_model() {
        // Two, 0.2 apart on log scale, of noise 0.1 each; the model is far too unsure to say anything. Each is predicted by the
        // other: 0.2 off, where √(0.1² + 0.1²) is to be expected.
        let sample = measured(&[1.0, 0.2_f64.exp()], &["a", "b"]);
        let all = [sample.clone()];
        let mut clusters = Clusters::new(&all);
        let found = scores(&sample, 0.0, 1e3, &mut clusters);
        let expected = 0.2 / 0.02_f64.sqrt();
        assert_eq!(found.iter().map(|(cluster, _)| *cluster).collect::<Vec<_>>(), [0, 1]);
        assert!((found[0].1 + expected).abs() < 1e-6 && (found[1].1 - expected).abs() < 1e-6, "{found:?}");
        assert!(scores(&measured(&[1.0], &["a"]), 0.0, 0.1, &mut clusters).is_empty());
    }

    #[test]
    fn a_kind_with_too_few_clusters_borrows() {
        let many: Scores = (0..10).map(|i| (i, i as f64)).collect();
        // 0.9 · 11 = 9.9 of ten clusters: the largest.
        assert_eq!((factor(&many, &[]), factor(&many[..3], &many), factor(&[], &[])), (9.0, 9.0, NORMAL_90));
    }
}
