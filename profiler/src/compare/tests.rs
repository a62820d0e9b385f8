#![allow(clippy::unwrap_used)]
use std::{collections::BTreeSet, sync::atomic::AtomicBool};

use super::*;
use crate::{
    backend::{CostModel, Mock, MockNoise},
    measure::{Protocol, Silent},
    record::{Cache, Level, Row, Status, TABLE_VERSION, read_table},
    spec::SpaceFile,
    sweep::{MockLaw, Planned, Sweep, mock_costs, plan_networks, plan_ops},
};

fn subjects() -> Vec<Planned> {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let mut subjects = plan_ops(&space).unwrap();
    subjects.extend(plan_networks(&space, 3, 7).unwrap());
    subjects
}

/// A session's table: every op and three networks, ±2 % of noise from run to run, each subject's law times `factor`.
fn session(seed: u64, factor: fn(&str) -> f64) -> Vec<Row> {
    let subjects = subjects();
    let law = mock_costs(&subjects, MockLaw::default());
    let cost: CostModel = Box::new(move |key| Ok(law(key)? * factor(key)));
    let backend = Mock::new(cost, MockNoise { amplitude: 0.02, seed });
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let protocol = Protocol { max_rounds: 12, seed, ..Protocol::default() };
    let sweep = Sweep { subjects, backend: &backend, threads: 1, cpus: vec![], protocol, output: output.clone() };
    sweep.run(&mut Silent, &AtomicBool::new(false)).unwrap();
    read_table(&output).unwrap()
}

fn compared(a: &[Row], b: &[Row]) -> Comparison {
    compare(a, b, NoiseFloor::default()).unwrap()
}

#[test]
fn a_week_old_table_and_todays_of_one_machine_are_the_same() {
    let comparison = compared(&session(1, |_| 1.0), &session(2, |_| 1.0));
    assert_eq!(comparison.verdict, Verdict::Same, "{}", comparison.words());
    assert!(comparison.deviating().is_empty() && comparison.only_a.is_empty() && comparison.only_b.is_empty());
    assert_eq!(comparison.shifts.len(), 2);
    for shift in &comparison.shifts {
        assert!((shift.ratio - 1.0).abs() < 0.01 && shift.scatter < 0.03, "{shift:?}");
        assert_eq!(shift.pairs, comparison.figures.len() / 2);
    }
    // All together 7.3 % slower is what sessions of one machine were seen to differ by.
    let slower = compared(&session(1, |_| 1.0), &session(2, |_| 1.073));
    assert_eq!(slower.verdict, Verdict::Same, "{}", slower.words());
    assert!(slower.words().contains("within the ±10 %"), "{}", slower.words());
    // Whoever knows the machine to be steadier says so.
    let steadier = NoiseFloor { session: 0.05, ..NoiseFloor::default() };
    let slower = compare(&session(1, |_| 1.0), &session(2, |_| 1.073), steadier).unwrap();
    assert_eq!(slower.verdict, Verdict::FasterOrSlower, "{}", slower.words());
}

#[test]
fn slower_ops_of_a_kind_are_named_and_no_others() {
    let wide = |key: &str| key.contains("-k7-") && !key.starts_with("net");
    let comparison =
        compared(&session(1, |_| 1.0), &session(2, |key| if key.contains("-k7-") { 1.2 } else { 1.0 }));
    assert_eq!(comparison.verdict, Verdict::Changed);
    let named: BTreeSet<(&str, Cache)> =
        comparison.deviating().into_iter().map(|change| (change.subject.as_str(), change.cache)).collect();
    let slower: BTreeSet<(&str, Cache)> = comparison
        .figures
        .iter()
        .filter(|change| wide(&change.subject))
        .map(|change| (change.subject.as_str(), change.cache))
        .collect();
    assert!(slower.len() > 10 && slower.len() < comparison.figures.len() / 2, "{}", slower.len());
    assert_eq!(named, slower);
    for change in comparison.deviating() {
        assert!((change.ratio_to_shift - 1.2).abs() < 0.05, "{change:?}");
    }
}

#[test]
fn one_factor_for_all_is_told_from_a_change() {
    let comparison = compared(&session(1, |_| 1.0), &session(2, |_| 1.3));
    assert_eq!(comparison.verdict, Verdict::FasterOrSlower, "{}", comparison.words());
    assert!(comparison.deviating().is_empty());
    assert!(comparison.shifts.iter().all(|shift| (shift.ratio - 1.3).abs() < 0.02), "{:?}", comparison.shifts);
    let faster = compared(&session(1, |_| 1.3), &session(2, |_| 1.0));
    assert_eq!(faster.verdict, Verdict::FasterOrSlower, "{}", faster.words());
}

fn row(subject: &str, cache: Cache, latency_ms: f64, half_width: f64) -> Row {
    Row {
        table_version: TABLE_VERSION,
        subject: subject.to_owned(),
        level: Level::Op,
        cache,
        latency_ms,
        raw_median_ms: latency_ms,
        min_ms: latency_ms,
        p90_ms: latency_ms,
        ci_low_ms: latency_ms * (-half_width).exp(),
        ci_high_ms: latency_ms * half_width.exp(),
        spread: 0.0,
        runs: 9,
        dropped_runs: 0,
        status: Status::Ok,
        session: "s".to_owned(),
        ops: String::new(),
    }
}

#[test]
fn a_deviation_matches_a_hand_count() {
    // Eight subjects unmoved and exactly known, a ninth 10 % slower with intervals of ±1.959964 · 0.04 in both
    // tables: its own error is 0.04·√2. With the floor of 0.03 its standard deviation is √(0.0032 + 0.0009) = 0.064031;
    // the shift is 0, known exactly (n = 9: the second to the eighth are all 0). z = ln 1.1 / 0.064031 = 0.0953102 / 0.064031 = 1.48850.
    let table = |last: f64| -> Vec<Row> {
        let mut rows: Vec<Row> = (0..8).map(|i| row(&format!("op{i}"), Cache::Hot, 1.0, 0.0)).collect();
        rows.push(row("last", Cache::Hot, last, 1.959_964 * 0.04));
        rows
    };
    let comparison = compared(&table(1.0), &table(1.1));
    let last = comparison.figures.last().unwrap();
    assert!((last.p - two_sided_p(1.488_50)).abs() < 1e-4, "{last:?}");
    // Nine tests: the smallest p times 9 (0.1366 · 9 > 1).
    assert_eq!(last.q, 1.0);
    assert!((last.ratio_to_shift - 1.1).abs() < 1e-9 && !last.deviates);
    assert_eq!((comparison.shifts[0].ratio, comparison.shifts[0].ratio_high), (1.0, 1.0));
}

#[test]
fn cache_states_that_part_are_a_change() {
    let table = |cold: f64| -> Vec<Row> {
        let both = |i: usize| {
            [row(&format!("op{i}"), Cache::Hot, 1.0, 0.01), row(&format!("op{i}"), Cache::Cold, 2.0 * cold, 0.01)]
        };
        (0..10).flat_map(both).collect()
    };
    let comparison = compared(&table(1.0), &table(1.3));
    assert_eq!((comparison.verdict, comparison.shifts_differ), (Verdict::Changed, true));
    assert!(comparison.deviating().is_empty() && comparison.words().contains("cache states moved differently"));
    assert_eq!(compared(&table(1.0), &table(1.05)).verdict, Verdict::Same);
}

#[test]
fn what_only_one_table_has_is_named() {
    let a = [row("x", Cache::Hot, 1.0, 0.01), row("x", Cache::Cold, 1.0, 0.01), row("y", Cache::Hot, 1.0, 0.01)];
    let b = [row("x", Cache::Hot, 1.0, 0.01), row("z", Cache::Hot, 1.0, 0.01), row("z", Cache::Cold, 1.0, 0.01)];
    let comparison = compared(&a, &b);
    assert_eq!(comparison.only_a, ["x (cold)", "y"]);
    assert_eq!(comparison.only_b, ["z"]);
    assert_eq!(comparison.figures.len(), 1);
    let floor = NoiseFloor::default();
    assert_eq!(compare(&a[2..], &b, floor), Err(CompareError::NothingCommon { a: 1, b: 3 }));
    let twice = [a[0].clone(), a[0].clone()];
    assert!(compare(&twice, &b, floor).unwrap_err().to_string().contains("`x` (hot) stands twice"));
}
