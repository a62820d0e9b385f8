//! What is known of the ops of a network by models and measurements that it has no part in.

use std::collections::HashMap;

use super::model::{Measured, OpEstimate, combine};
use crate::interval::{LogNormal, NORMAL_90};
use crate::rows::{Repeat, Sample};

/// Measured ops as they would be estimated had one network not been measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeftOut {
    of_key: HashMap<String, Op>,
}

#[derive(Clone, Debug)]
struct Op {
    /// By a model that was not fitted on it.
    model: LogNormal,
    /// Relative noise of one measurement.
    single_noise: f64,
    /// Its measurements, if there are several.
    repeats: Vec<Repeat>,
}

impl LeftOut {
    /// Adds a measured op with what a model says that was not fitted on it.
    pub(crate) fn insert(&mut self, sample: &Sample, model: LogNormal) {
        let single_noise = sample.noise * (sample.measurements.max(1) as f64).sqrt();
        let op = Op { model, single_noise, repeats: sample.repeats.clone() };
        self.of_key.insert(sample.key.clone(), op);
    }

    /// Adds others' ops.
    pub(crate) fn extend(&mut self, other: Self) {
        self.of_key.extend(other.of_key);
    }

    /// An op without what was measured in a network; nothing for an op that no model without it answers.
    pub(crate) fn estimate(&self, key: &str, network: &str) -> Option<OpEstimate> {
        let op = self.of_key.get(key)?;
        let elsewhere = op.repeats.iter().filter(|repeat| repeat.group.as_deref() != Some(network));
        let logs: Vec<f64> = elsewhere.map(|repeat| repeat.latency_ms.ln()).collect();
        let combined = match logs.len() {
            0 => op.model,
            n => {
                let latency_ms = (logs.iter().sum::<f64>() / n as f64).exp();
                let noise = op.single_noise / (n as f64).sqrt();
                combine(Measured { latency_ms, noise, measurements: n }, op.model, NORMAL_90)
            }
        };
        let (model_ms, flags) = (op.model.ms, Vec::new());
        Some(OpEstimate { combined, model_ms, measured: None, network_deviation: 0.0, widened: 1.0, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_networks_own_measurements_do_not_count() {
        let repeat = |latency_ms, group: &str| Repeat { latency_ms, group: Some(group.to_owned()) };
        let op = "gpool-8x8x8".parse().unwrap();
        let sample = Sample {
            measurements: 2,
            repeats: vec![repeat(4.0, "a"), repeat(1.0, "b")],
            ..Sample::new(&op, 2.0, 0.1 / 2.0_f64.sqrt())
        };
        let mut left_out = LeftOut::default();
        left_out.insert(&sample, LogNormal { ms: 2.0, deviation: 0.1, log_half_width: 0.2 });
        let ms = |network| left_out.estimate("gpool-8x8x8", network).unwrap().combined.ms;
        // Measurement and model are known equally well: their geometric mean.
        assert!((ms("a") - 2.0_f64.sqrt()).abs() < 1e-9);
        assert!((ms("b") - 8.0_f64.sqrt()).abs() < 1e-9);
        assert!(left_out.estimate("gpool-8x8x9", "a").is_none());
    }
}
