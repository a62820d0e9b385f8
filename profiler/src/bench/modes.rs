//! Tables taken beside a neighbour that makes speeds of the machine: on other cores, on for a share of the time.

use std::collections::BTreeMap;

use super::flags::flag;
use super::job::{Found, Job};
use super::load::Load;
use super::speed::{PartSpeed, SpeedRule};
use super::tables::CUT;
use super::{BenchError, Detail, Goal, Pattern, Ratio, Unit, choose_ops};
use crate::measure::{Protocol, Speed, median};
use crate::record::Row;
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
    let speed = match bench.speed {
        SpeedRule::Auto => {
            PartSpeed { speed: Speed::Fast, reason: "whether that is found is the question".to_owned() }
        }
        asked => asked.choose(&[]),
    };
    let at = speed.speed;
    let protocol = Protocol { budget_ns: BUDGET_S * 1_000_000_000, ..job.protocol(at) };
    let table = |job: &mut Job, name: &str, step: usize| {
        let subjects = ops.iter().map(|op| plan_op(*op)).collect::<Result<Vec<_>, _>>()?;
        let part = |step: usize| step as f64 / (SHARES.len() + 1) as f64;
        job.measure_table(name, subjects, protocol.clone(), (part(step), part(step + 1)))
    };
    let quiet = table(job, "modes-quiet", 0)?;
    let mut figures: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    let mut note = |when: &str, rows: &[&Row]| {
        for row in rows {
            figures.entry(row.subject.clone()).or_default().insert(format!("{when}_ms"), row.latency_ms);
        }
    };
    let is_quiet_cut = quiet.is_cut(BUDGET_S * 1_000_000_000);
    let quiet = quiet.hot(at);
    note("quiet", &quiet);
    let mut ratios = Vec::new();
    for (step, share) in SHARES.into_iter().enumerate() {
        let load = Load::start(bench, &others, Pattern::Stretches(share))?;
        let beside = table(job, &format!("modes-{:.0}", 100.0 * share), step + 1)?;
        load.end()?;
        let cut = (is_quiet_cut || beside.is_cut(BUDGET_S * 1_000_000_000)).then(|| CUT.to_owned());
        let beside = beside.hot(at);
        note(&format!("at_{share}"), &beside);
        let found = agreement(share, at, &quiet, &beside).into_iter();
        ratios.extend(found.map(|ratio| ratio.missed_unless(cut.clone())));
    }
    let details = figures.into_iter().map(|(subject, figures)| Detail { subject, figures });
    Ok(Found { ratios, details: details.collect(), warnings: Vec::new(), speed: Some(speed) })
}

/// How far hot figures beside the neighbour are from those in quiet: the middle and the worst op, of those whose rows both say that
/// they are of this speed; and how many do not.
fn agreement(share: f64, speed: Speed, quiet: &[&Row], beside: &[&Row]) -> Vec<Ratio> {
    let pairs: Vec<(&Row, &Row)> = beside
        .iter()
        .filter_map(|row| Some((*row, *quiet.iter().find(|quiet| quiet.subject == row.subject)?)))
        .collect();
    let is_sure = |(beside, quiet): &&(&Row, &Row)| [beside, quiet].iter().all(|row| flag(row).is_none());
    let error = |(beside, quiet): &(&Row, &Row)| (beside.latency_ms / quiet.latency_ms - 1.0).abs();
    let sure: Vec<f64> = pairs.iter().filter(is_sure).map(error).collect();
    let flagged = pairs.len() - sure.len();
    let not_shown =
        sure.is_empty().then(|| format!("none of {} figures is of the {speed} speed", pairs.len()));
    let errors = if sure.is_empty() { pairs.iter().map(error).collect() } else { sure };
    let base = format!("{} ops hot, against a table in quiet just before", errors.len());
    let named = |what: &str| format!("neighbour on {:.0} % of the time: {what}", 100.0 * share);
    let goal = |what: &str, value, most| {
        let ratio = Ratio::new(named(what), value, Unit::Fraction, base.clone());
        ratio.with_goal(Goal::AtMost(most)).shown_unless(not_shown.clone())
    };
    let share_flagged = flagged as f64 / pairs.len().max(1) as f64;
    let name = named(&format!("share of figures that say they are not of the {speed} speed"));
    vec![
        goal("error, median op", median(&errors).unwrap_or(f64::NAN), 0.03),
        goal("error, worst op", errors.iter().copied().fold(0.0, f64::max), 0.08),
        Ratio::new(name, share_flagged, Unit::Fraction, format!("{} ops", pairs.len())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Cache, Level, Status};

    #[test]
    fn figures_that_say_they_are_scaled_are_counted_apart() {
        let row = |subject: &str, ms| Row::exact(subject, Level::Op, Cache::Hot, ms);
        let quiet = [row("a", 1.0), row("b", 2.0), row("c", 4.0)];
        let scaled = Row { status: Status::Scaled, ..row("c", 8.0) };
        // Errors 1 % and 10 % of two, the third is flagged.
        let agreement = |beside: &[Row]| {
            let (quiet, beside): (Vec<&Row>, Vec<&Row>) = (quiet.iter().collect(), beside.iter().collect());
            agreement(0.5, Speed::Fast, &quiet, &beside)
        };
        let found = agreement(&[row("a", 1.01), row("b", 2.2), scaled.clone()]);
        let values: Vec<f64> = found.iter().map(|ratio| ratio.value).collect();
        assert!((values[0] - 0.055).abs() < 1e-9 && (values[1] - 0.1).abs() < 1e-9, "{values:?}");
        assert!((values[2] - 1.0 / 3.0).abs() < 1e-9 && found[1].reached == Some(false));
        let none = agreement(&[scaled]);
        assert_eq!((none[0].verdict(), none[1].verdict(), none[2].value), ("not shown", "not shown", 1.0));
    }
}
