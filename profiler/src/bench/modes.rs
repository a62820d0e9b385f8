//! Tables taken beside a neighbour that makes speeds of the machine: on other cores, on for a share of the time.

use std::collections::BTreeMap;

use super::load::Load;
use super::run::{Found, Job};
use super::{BenchError, Detail, Goal, Pattern, Ratio, Unit, choose_ops};
use crate::measure::{Protocol, median};
use crate::record::{Cache, Row, Status};
use crate::sweep::plan_op;

const OPS: usize = 30;
/// Share of the time that the neighbour is on; 1 is one without pause.
const SHARES: [f64; 4] = [0.1, 0.5, 0.9, 1.0];
/// Seconds a table may take beside the neighbour, so that a bench ends.
const BUDGET_S: u64 = 60;

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let bench = job.bench;
    let ops = choose_ops(&bench.space.distinct_ops(), OPS, bench.seed);
    let is_free = |cpu: &usize| !bench.cpus.contains(cpu);
    let others: Vec<usize> = bench.all_cpus.iter().copied().filter(is_free).collect();
    if others.is_empty() {
        let warning = "there is no other core for a neighbour: nothing was measured".to_owned();
        return Ok(Found { warnings: vec![warning], ..Found::default() });
    }
    let protocol =
        Protocol { seed: bench.seed, budget_ns: BUDGET_S * 1_000_000_000, ..bench.protocol.clone() };
    let table = |job: &mut Job, name: &str, step: usize| {
        let subjects = ops.iter().map(|op| plan_op(*op)).collect::<Result<Vec<_>, _>>()?;
        let part = |step: usize| step as f64 / (SHARES.len() + 1) as f64;
        job.measure_table(name, subjects, protocol.clone(), (part(step), part(step + 1)))
    };
    let quiet = table(job, "modes-quiet", 0)?;
    let mut figures: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut note = |when: &str, rows: &[Row]| {
        for row in rows.iter().filter(|row| row.cache == Cache::Hot) {
            figures.entry(row.subject.clone()).or_default().insert(format!("{when}_ms"), row.latency_ms);
        }
    };
    note("quiet", &quiet.rows);
    let mut ratios = Vec::new();
    for (step, share) in SHARES.into_iter().enumerate() {
        let load = Load::start(bench, &others, Pattern::Stretches(share))?;
        let beside = table(job, &format!("modes-{:.0}", 100.0 * share), step + 1)?;
        load.end()?;
        note(&format!("at_{share}"), &beside.rows);
        ratios.extend(agreement(share, &quiet.rows, &beside.rows));
    }
    let details = figures.into_iter().map(|(subject, figures)| Detail { subject, figures });
    Ok(Found { ratios, details: details.collect(), warnings: Vec::new() })
}

/// How far hot figures beside the neighbour are from those in quiet: the middle and the worst op, of those whose rows both say that
/// they are of the fast speed; and how many do not.
fn agreement(share: f64, quiet: &[Row], beside: &[Row]) -> Vec<Ratio> {
    let of = |row: &Row| quiet.iter().find(|q| (&q.subject, q.cache) == (&row.subject, row.cache));
    let hot: Vec<&Row> = beside.iter().filter(|row| row.cache == Cache::Hot).collect();
    let is_sure = |row: &&Row| !matches!(row.status, Status::Scaled | Status::Slow | Status::Preempted);
    let error = |row: &&Row| {
        let quiet = of(row).filter(is_sure)?;
        is_sure(row).then(|| (row.latency_ms / quiet.latency_ms - 1.0).abs())
    };
    let errors: Vec<f64> = hot.iter().filter_map(error).collect();
    let marked = hot.len() - errors.len();
    let base = format!("{} ops hot, against a table in quiet just before", errors.len());
    let named = |what: &str| format!("neighbour on {:.0} % of the time: {what}", 100.0 * share);
    let share_marked = marked as f64 / hot.len().max(1) as f64;
    let name = named("share of figures that say they are not of the fast speed");
    let marked = Ratio::new(name, share_marked, Unit::Fraction, format!("{} ops", hot.len()));
    // Where all say so, there is nothing to compare.
    let Some(middle) = median(&errors) else { return vec![marked] };
    let worst = errors.iter().copied().fold(0.0, f64::max);
    let goal = |what: &str, value, most| {
        Ratio::new(named(what), value, Unit::Fraction, base.clone()).with_goal(Goal::AtMost(most))
    };
    vec![goal("error, median op", middle, 0.03), goal("error, worst op", worst, 0.08), marked]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[test]
    fn figures_that_say_they_are_scaled_are_counted_apart() {
        let row = |subject: &str, ms| Row::exact(subject, Level::Op, Cache::Hot, ms);
        let quiet = [row("a", 1.0), row("b", 2.0), row("c", 4.0)];
        let scaled = Row { status: Status::Scaled, ..row("c", 8.0) };
        // Errors 1 % and 10 % of two, the third is marked.
        let found = agreement(0.5, &quiet, &[row("a", 1.01), row("b", 2.2), scaled.clone()]);
        let values: Vec<f64> = found.iter().map(|ratio| ratio.value).collect();
        assert!((values[0] - 0.055).abs() < 1e-9 && (values[1] - 0.1).abs() < 1e-9, "{values:?}");
        assert!((values[2] - 1.0 / 3.0).abs() < 1e-9 && found[1].reached == Some(false));
        assert_eq!(agreement(0.9, &quiet, &[scaled]).len(), 1);
    }
}
