//! Whole networks against the sums of their ops, measured in the same rounds.

use std::collections::HashMap;

use super::job::{Found, Job};
use super::tables::compared_at;
use super::{BenchError, Detail, Line, Ratio, Unit, geometric_mean};
use crate::record::{Cache, Level, Row};
use crate::sweep::{plan_networks, plan_ops};

const NETWORKS: usize = 20;

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let bench = job.bench;
    let mut subjects = plan_ops(&bench.space)?;
    subjects.extend(plan_networks(&bench.space, NETWORKS, bench.seed)?);
    let target = job.target_speed()?.speed;
    let protocol = job.protocol(target);
    let table = job.measure_table("ops-and-networks", subjects, protocol, (0.0, 1.0))?;
    let (speed, _) = compared_at(job, [&table]);
    let rows: Vec<&Row> = table.at(speed.speed).collect();
    let warnings = table.session.warnings.clone();
    let mut found = Found { warnings, speed: Some(speed), ..Found::default() };
    for cache in [Cache::Hot, Cache::Cold] {
        let pairs = pairs(&rows, cache);
        found.ratios.extend(ratios(cache, &pairs.iter().map(|(_, pair)| *pair).collect::<Vec<_>>()));
        for (subject, (sum_ms, network_ms)) in pairs {
            let figures = [(format!("{cache}_sum_ms"), sum_ms), (format!("{cache}_network_ms"), network_ms)];
            found.details.push(Detail::new(subject, figures));
        }
    }
    Ok(found)
}

/// Σ ops and latency of each network, in milliseconds, both in this cache state.
fn pairs(rows: &[&Row], cache: Cache) -> Vec<(String, (f64, f64))> {
    let of = |level| rows.iter().copied().filter(move |row| row.cache == cache && row.level == level);
    let ops: HashMap<&str, f64> = of(Level::Op).map(|row| (row.subject.as_str(), row.latency_ms)).collect();
    let pair = |row: &Row| {
        // An op that was not measured makes no sum.
        let sum: Option<f64> = row.ops.split_whitespace().map(|key| ops.get(key).copied()).sum();
        Some((row.subject.clone(), (sum?, row.latency_ms)))
    };
    of(Level::Network).filter_map(pair).collect()
}

fn ratios(cache: Cache, pairs: &[(f64, f64)]) -> Vec<Ratio> {
    let line = Line::fit(pairs).unwrap_or(Line { a: f64::NAN, b: f64::NAN });
    let residual = line.residual(pairs);
    let base = format!("network = a + b·Σ ops, relative least squares, {} networks", pairs.len());
    let ratio =
        |what: &str, value, unit, base: &str| Ratio::new(format!("{cache}: {what}"), value, unit, base);
    let shares: Vec<f64> = pairs.iter().map(|(sum, network)| sum / network).collect();
    let (share, mean) = ("Σ ops / network, geometric mean", geometric_mean(&shares));
    vec![
        ratio("a", line.a, Unit::Milliseconds, &base),
        ratio("b", line.b, Unit::Times, &base),
        ratio("residual, mean", residual.mean, Unit::Fraction, &base),
        ratio("residual, worst", residual.worst, Unit::Fraction, &base),
        ratio(share, mean, Unit::Times, "both in this cache state"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(subject: &str, level: Level, cache: Cache, latency_ms: f64, ops: &str) -> Row {
        Row { ops: ops.to_owned(), ..Row::exact(subject, level, cache, latency_ms) }
    }

    #[test]
    fn sums_are_of_the_networks_own_ops_in_the_same_state() {
        let rows = [
            row("a", Level::Op, Cache::Hot, 1.0, ""),
            row("a", Level::Op, Cache::Cold, 9.0, ""),
            row("b", Level::Op, Cache::Hot, 2.0, ""),
            row("n", Level::Network, Cache::Hot, 6.0, "a b b"),
            row("n", Level::Network, Cache::Cold, 60.0, "a b b"),
            row("m", Level::Network, Cache::Hot, 7.0, "a c"),
        ];
        let rows: Vec<&Row> = rows.iter().collect();
        // 1 + 2 + 2 = 5; b has no cold row and c none at all.
        assert_eq!(pairs(&rows, Cache::Hot), [("n".to_owned(), (5.0, 6.0))]);
        assert_eq!(pairs(&rows, Cache::Cold), []);
    }

    #[test]
    fn a_line_that_fits_leaves_no_residual() {
        let found = ratios(Cache::Hot, &[(1.0, 2.5), (2.0, 4.5), (3.0, 6.5)]);
        let value = |name: &str| found.iter().find(|r| r.name == name).map_or(f64::NAN, |r| r.value);
        assert!((value("hot: a") - 0.5).abs() < 1e-9 && (value("hot: b") - 2.0).abs() < 1e-9);
        assert!(value("hot: residual, worst") < 1e-9);
        assert!(ratios(Cache::Hot, &[])[0].value.is_nan(), "no figure rather than a wrong one");
    }
}
