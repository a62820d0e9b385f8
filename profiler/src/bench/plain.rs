//! The plain protocol that other tools follow: op after op, 10 runs to warm up, then 50 runs, their mean.
//!
//! Source: nn-Meter's defaults, and `benchmark_model` of TensorFlow Lite, whose rule is 50 runs and at least a second.

use super::job::{Job, clock_of};
use super::{BenchError, mean};
use crate::measure::median;
use crate::sweep::plan_op;

const WARM_UP_RUNS: usize = 10;
const RUNS: usize = 50;

/// One op's figures by the plain protocol, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlainFigures {
    /// What the tools report.
    pub(super) mean_ms: f64,
    /// What they could report.
    pub(super) median_ms: f64,
}

/// Every op of the space, in order; each model is loaded just before it is timed, as those tools do.
pub(super) fn plain_table(
    job: &mut Job,
    name: &str,
    share: (f64, f64),
) -> Result<Vec<PlainFigures>, BenchError> {
    let clock = clock_of(job.backend);
    let ops = job.bench.space.distinct_ops();
    let mut figures = Vec::new();
    for (index, op) in ops.iter().enumerate() {
        job.left_ns()?;
        job.at(name, share.0 + (share.1 - share.0) * index as f64 / ops.len() as f64);
        let planned = plan_op(*op)?;
        let model = planned.model();
        let mut runnable = job.backend.prepare(model, job.bench.threads)?;
        for _ in 0..WARM_UP_RUNS {
            runnable.run()?;
        }
        let mut runs_ms = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let before_ns = clock.now_ns();
            runnable.run()?;
            runs_ms.push((clock.now_ns() - before_ns) as f64 / 1e6);
        }
        figures.push(of_runs(&runs_ms));
    }
    Ok(figures)
}

fn of_runs(runs_ms: &[f64]) -> PlainFigures {
    PlainFigures { mean_ms: mean(runs_ms), median_ms: median(runs_ms).unwrap_or(f64::NAN) }
}

/// Seconds that TensorFlow Lite's rule takes for ops of these latencies: 50 runs each, and at least one second.
///
/// Warm-up and loading not counted. Source: defaults `num_runs` = 50 and `min_secs` = 1 of `benchmark_model`.
pub(super) fn tflite_rule_s(latencies_ms: &[f64]) -> f64 {
    latencies_ms.iter().map(|ms| (RUNS as f64 * ms / 1e3).max(1.0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_by_hand() {
        // 1 ms: 50 runs take 0.05 s, so 1 s. 20 ms: 1 s. 30 ms: 1.5 s.
        assert!((tflite_rule_s(&[1.0, 20.0, 30.0]) - 3.5).abs() < 1e-12);
        assert_eq!(tflite_rule_s(&[]), 0.0);
    }

    #[test]
    fn an_outlier_moves_the_mean_and_not_the_median() {
        // (1 + 1 + 1 + 5) / 4 = 2.
        assert_eq!(of_runs(&[1.0, 5.0, 1.0, 1.0]), PlainFigures { mean_ms: 2.0, median_ms: 1.0 });
    }
}
