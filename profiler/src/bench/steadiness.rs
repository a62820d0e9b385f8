//! Tables of the same machine against each other: ours and the plain protocol's in turns.

use std::collections::BTreeMap;

use super::flags::{Flags, flag};
use super::job::{Found, Job};
use super::plain::{PlainFigures, plain_table};
use super::tables::{CUT, TableOfBench, compared_at};
use super::{BenchError, Detail, Goal, Ratio, Unit, spread};
use crate::device::{Surroundings, Ticks};
use crate::measure::{Protocol, Speed, quantile};
use crate::record::{Cache, Row};
use crate::sweep::plan_ops;

/// A table of ours, and one by the plain protocol taken right after it.
pub(super) type Pair = (TableOfBench, Vec<PlainFigures>);

/// What each op got in each repeat, in milliseconds, in the order of the ops.
#[derive(Default)]
pub(super) struct Repeats {
    pub(super) hot: Vec<Vec<f64>>,
    pub(super) cold: Vec<Vec<f64>>,
    pub(super) plain_mean: Vec<Vec<f64>>,
    plain_median: Vec<Vec<f64>>,
    /// What hot figures say against themselves.
    pub(super) flags: Flags,
    /// Why goals that are missed are not shown to be.
    pub(super) cut: Option<String>,
}

impl Repeats {
    /// At a speed of the machine, of tables that this much time was meant for.
    pub(super) fn of(pairs: &[Pair], speed: Speed, meant_ns: u64) -> Self {
        let is_cut = pairs.iter().any(|(table, _)| table.is_cut(meant_ns));
        let mut repeats = Self { cut: is_cut.then(|| CUT.to_owned()), ..Self::default() };
        for (table, plain) in pairs {
            let of = |cache| table.at(speed).filter(move |row| row.cache == cache);
            let ms = |row: &Row| row.latency_ms;
            push(&mut repeats.hot, of(Cache::Hot).map(ms));
            push(&mut repeats.cold, of(Cache::Cold).map(ms));
            push(&mut repeats.plain_mean, plain.iter().map(|figures| figures.mean_ms));
            push(&mut repeats.plain_median, plain.iter().map(|figures| figures.median_ms));
            repeats.flags.add(of(Cache::Hot).map(flag));
        }
        repeats
    }
}

fn push(by_op: &mut Vec<Vec<f64>>, repeat: impl Iterator<Item = f64>) {
    for (index, value) in repeat.enumerate() {
        if by_op.len() == index {
            by_op.push(Vec::new());
        }
        by_op[index].push(value);
    }
}

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    let target = job.target_speed()?.speed;
    let before = Surroundings::of_this_machine();
    let (count, protocol) = (job.bench.repeats, job.protocol(target));
    let tables = repeats(job, "quiet", count, &protocol, (0.0, 1.0))?;
    let after = Surroundings::of_this_machine();
    let (speed, not_alike) = compared_at(job, tables.iter().map(|(table, _)| table));
    let quiet = Repeats::of(&tables, speed.speed, protocol.budget_ns);
    let mut ratios = spread_ratios("quiet", &quiet, not_alike.as_ref());
    let others = before.ticks.zip(after.ticks).map(|(b, a)| others_cores(&a.since(&b), after.online.len()));
    ratios.extend(others.map(|cores| {
        let base = "processor time beyond this bench's one thread, and stolen time, over wall time";
        Ratio::new("quiet: use of a core by others", cores, Unit::Fraction, base)
    }));
    let details = details(job, &[("quiet", &quiet)]);
    let warnings = others.and_then(warning).into_iter().collect();
    Ok(Found { ratios, details, warnings, speed: Some(speed) })
}

/// Cores' worth of time that others had, while this process kept one busy.
fn others_cores(ticks: &Ticks, cores: usize) -> f64 {
    let used = (ticks.busy + ticks.stolen) as f64 / ticks.total().max(1) as f64;
    (used * cores as f64 - 1.0).max(0.0)
}

fn warning(others_cores: f64) -> Option<String> {
    /// What a machine does by itself is less.
    const MOST: f64 = 0.1;
    (others_cores > MOST)
        .then(|| format!("others used {others_cores:.1} cores meanwhile: what is called quiet here was not"))
}

pub(super) fn repeats(
    job: &mut Job,
    name: &str,
    count: usize,
    protocol: &Protocol,
    share: (f64, f64),
) -> Result<Vec<Pair>, BenchError> {
    let mut pairs = Vec::new();
    // Of a repeat's time; as much as the plain protocol took before is left to it.
    let mut ours_share = 0.6;
    let part = |step: f64| share.0 + (share.1 - share.0) * step / count as f64;
    for repeat in 0..count {
        let (start, middle, end) =
            (part(repeat as f64), part(repeat as f64 + ours_share), part(repeat as f64 + 1.0));
        let ours = format!("{name}-ours-{}-of-{count}", repeat + 1);
        // Each table in an order of its own.
        let protocol = Protocol { seed: protocol.seed.wrapping_add(repeat as u64), ..protocol.clone() };
        let subjects = plan_ops(&job.bench.space)?;
        let table = job.measure_table(&ours, subjects, protocol, (start, middle))?;
        let plain = format!("{name} plain {} of {count}", repeat + 1);
        let before_ns = job.time.spent_ns();
        pairs.push((table, plain_table(job, &plain, (middle, end))?));
        let plain_ns = (job.time.spent_ns() - before_ns) as f64;
        let next_ns = job.time.left_ns() as f64 * (part(1.0) - part(0.0)) / (1.0 - end).max(f64::EPSILON);
        ours_share = (1.0 - plain_ns / next_ns.max(1.0)).clamp(0.2, 0.9);
    }
    Ok(pairs)
}

/// 90 % quantile over ops of the repeat-to-repeat spread.
fn p90_spread(by_op: &[Vec<f64>]) -> f64 {
    let spreads: Vec<f64> = by_op.iter().map(|repeats| spread(repeats)).collect();
    quantile(&spreads, 0.9).unwrap_or(f64::NAN)
}

pub(super) fn spread_ratios(when: &str, repeats: &Repeats, not_alike: Option<&String>) -> Vec<Ratio> {
    let [hot, cold, mean, middle] = [&repeats.hot, &repeats.cold, &repeats.plain_mean, &repeats.plain_median]
        .map(|by_op| p90_spread(&repeats.flags.counted(by_op)));
    let count = repeats.hot.first().map_or(0, Vec::len);
    let base = format!("{} ops, {count} tables each", repeats.flags.counted(&repeats.hot).len());
    let not_shown = not_alike.cloned().or_else(|| repeats.flags.not_shown());
    let ratio =
        |what: &str, value, unit, base: &str| Ratio::new(format!("{when}: {what}"), value, unit, base);
    let goal = Goal::AtMost(0.5);
    let of_means =
        format!("90th percentile of (max − min) / median over {base}; hot against mean of 50 runs");
    let of_medians = "the same, against the median of 50 runs, which the tools do not report";
    let spread = |what: &str, value| {
        ratio(&format!("90th percentile of spread, {what}"), value, Unit::Fraction, &base)
    };
    vec![
        ratio("spread, ours / plain protocol", hot / mean, Unit::Times, &of_means)
            .with_goal(goal)
            .shown_unless(not_shown.clone())
            .missed_unless(repeats.cut.clone()),
        ratio("spread, ours / plain protocol with medians", hot / middle, Unit::Times, of_medians)
            .with_goal(goal)
            .shown_unless(not_shown)
            .missed_unless(repeats.cut.clone()),
        spread("ours hot", hot),
        spread("ours cold", cold),
        spread("plain protocol, mean", mean),
        spread("plain protocol, median", middle),
    ]
}

/// Every op's figures in each of these sets of repeats, by name.
pub(super) fn details(job: &Job, sets: &[(&str, &Repeats)]) -> Vec<Detail> {
    let of_op = |(index, op): (usize, &crate::spec::OpSpec)| {
        let mut figures = BTreeMap::new();
        for (when, repeats) in sets {
            for (what, by_op) in [
                ("hot", &repeats.hot),
                ("cold", &repeats.cold),
                ("plain_mean", &repeats.plain_mean),
                ("plain_median", &repeats.plain_median),
            ] {
                for (repeat, value) in by_op[index].iter().enumerate() {
                    figures.insert(format!("{when}_{what}_{}_ms", repeat + 1), *value);
                }
            }
        }
        Detail { subject: op.key(), figures }
    };
    job.bench.space.distinct_ops().iter().enumerate().map(of_op).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats(hot: Vec<Vec<f64>>, plain_mean: Vec<Vec<f64>>) -> Repeats {
        let flags = Flags::of(hot.iter().map(|_| None));
        Repeats { cold: hot.clone(), plain_median: plain_mean.clone(), hot, plain_mean, flags, cut: None }
    }

    #[test]
    fn the_ratio_is_that_of_the_90th_percentiles() {
        // Ours: spreads 0.1 and 0.0, 90 % quantile 0.09. Plain: 0.4 and 0.2, 0.38. 0.09 / 0.38 = 0.2368.
        let ours = vec![vec![1.0, 1.1, 1.0, 1.0], vec![2.0, 2.0, 2.0, 2.0]];
        let plain = vec![vec![1.0, 1.4, 1.0, 1.0], vec![2.0, 2.0, 2.0, 2.4]];
        let repeats = repeats(ours, plain);
        let found = spread_ratios("quiet", &repeats, None);
        assert!((found[0].value - 0.09 / 0.38).abs() < 1e-9, "{}", found[0]);
        assert_eq!(found[0].reached, Some(true));
        assert!((found[2].value - 0.09).abs() < 1e-9, "{}", found[2]);
        let flagged = spread_ratios("quiet", &repeats, Some(&"another speed".to_owned()));
        assert_eq!((flagged[0].reached, flagged[0].not_shown.as_deref()), (None, Some("another speed")));
    }

    #[test]
    fn company_is_what_two_cores_do_beyond_one_thread() {
        // 1000 ticks of each of two cores: 1000 busy are ours alone; 1400 and 100 stolen are half a core more.
        assert_eq!(others_cores(&Ticks { busy: 1000, idle: 1000, stolen: 0 }, 2), 0.0);
        assert_eq!(others_cores(&Ticks { busy: 1400, idle: 500, stolen: 100 }, 2), 0.5);
        // Idle for a moment, for files say.
        assert_eq!(others_cores(&Ticks { busy: 900, idle: 1100, stolen: 0 }, 2), 0.0);
        assert_eq!(warning(0.1), None);
        assert!(warning(0.5).unwrap_or_default().contains("others used 0.5 cores"));
    }

    #[test]
    fn repeats_are_sorted_by_op() {
        let mut by_op = Vec::new();
        push(&mut by_op, [1.0, 2.0].into_iter());
        push(&mut by_op, [3.0, 4.0].into_iter());
        assert_eq!(by_op, [[1.0, 3.0], [2.0, 4.0]]);
    }
}
