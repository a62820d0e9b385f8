//! Tables taken while another process loads the machine: against each other, and against some taken in quiet.

use super::job::{Found, Job};
use super::load::Load;
use super::steadiness::{Repeats, details, repeats, spread_ratios};
use super::tables::compared_at;
use super::{BenchError, Goal, Pattern, Ratio, Unit};
use crate::measure::{Protocol, median, quantile};

/// Seconds a table may take under load, so that a bench ends; it is then a table with wider intervals.
const LOADED_BUDGET_S: u64 = 40;

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let target = job.target_speed()?.speed;
    let protocol = job.protocol(target);
    let meant_ns = protocol.budget_ns;
    let quiet = repeats(job, "quiet", 1, &protocol, (0.0, 0.25))?;
    let load = Load::start(job.bench, &job.bench.all_cpus, Pattern::Bursts)?;
    let budget_ns = LOADED_BUDGET_S * 1_000_000_000;
    let count = job.bench.repeats;
    let loaded = repeats(job, "loaded", count, &Protocol { budget_ns, ..protocol }, (0.25, 1.0))?;
    load.end()?;
    let (speed, not_alike) = compared_at(job, quiet.iter().chain(&loaded).map(|(table, _)| table));
    let quiet = Repeats::of(&quiet, speed.speed, meant_ns);
    let loaded = Repeats::of(&loaded, speed.speed, budget_ns);
    let mut ratios = spread_ratios("under load", &loaded, not_alike.as_ref());
    ratios.extend(error_ratios(&quiet, &loaded, not_alike));
    let details = details(job, &[("quiet", &quiet), ("loaded", &loaded)]);
    Ok(Found { ratios, details, warnings: Vec::new(), speed: Some(speed) })
}

/// How far each op's median over repeats moved by the load: the median and the 90 % quantile over ops.
fn errors(quiet: &[Vec<f64>], loaded: &[Vec<f64>]) -> (f64, f64) {
    let error =
        |(quiet, loaded): (&Vec<f64>, &Vec<f64>)| Some((median(loaded)? / median(quiet)? - 1.0).abs());
    let errors: Vec<f64> = quiet.iter().zip(loaded).filter_map(error).collect();
    let of = |q| quantile(&errors, q).unwrap_or(f64::NAN);
    (of(0.5), of(0.9))
}

fn error_ratios(quiet: &Repeats, loaded: &Repeats, not_alike: Option<String>) -> Vec<Ratio> {
    let base = "median of each op's tables under load, against a table taken in quiet just before";
    let mut flags = quiet.flags.clone();
    flags.add(loaded.flags.iter());
    let hot = errors(&flags.counted(&quiet.hot), &flags.counted(&loaded.hot));
    let cold = errors(&quiet.cold, &loaded.cold);
    let plain = errors(&quiet.plain_mean, &loaded.plain_mean);
    let error = |what: &str, value| Ratio::new(format!("under load: {what}"), value, Unit::Fraction, base);
    vec![
        error("median error, ours hot", hot.0)
            .with_goal(Goal::AtMost(0.05))
            .shown_unless(not_alike.or_else(|| flags.not_shown()))
            .missed_unless(quiet.cut.clone().or_else(|| loaded.cut.clone())),
        error("90th percentile of error, ours hot", hot.1),
        error("median error, ours cold", cold.0),
        error("median error, plain protocol", plain.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_of_the_medians() {
        // Medians 1 → 1.1, 2 → 1.8, 4 → 4: errors 10 %, 10 %, 0 %; median 10 %, 90 % quantile 10 %.
        let quiet = vec![vec![1.0, 9.0, 1.0], vec![2.0; 3], vec![4.0; 3]];
        let loaded = vec![vec![1.1; 3], vec![1.8, 1.8, 0.1], vec![4.0; 3]];
        let (middle, high) = errors(&quiet, &loaded);
        assert!((middle - 0.1).abs() < 1e-9 && (high - 0.1).abs() < 1e-9, "{middle} {high}");
    }
}
