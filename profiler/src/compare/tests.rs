use std::{collections::BTreeSet, sync::atomic::AtomicBool};

mod rates;

use super::*;
use crate::backend::{CostModel, Mock, MockNoise};
use crate::measure::{Protocol, ReferenceLevel, Silent, Speed};
use crate::record::{Cache, Level, Reference, Row, Session, read_session, read_table, session_path};
use crate::spec::SpaceFile;
use crate::sweep::{MockLaw, Planned, Profiler, mock_costs, plan_networks, plan_ops};

fn subjects() -> Vec<Planned> {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let mut subjects = plan_ops(&space).unwrap();
    subjects.extend(plan_networks(&space, 3, 7).unwrap());
    subjects
}

/// A session's table: every op and three networks, ±2 % of noise from run to run, each subject's law times `factor`.
fn session(seed: u64, factor: impl Fn(&str) -> f64 + 'static) -> Vec<Row> {
    measured(seed, factor).0
}

/// The same, and what the session says of itself.
fn measured(seed: u64, factor: impl Fn(&str) -> f64 + 'static) -> (Vec<Row>, Session) {
    let subjects = subjects();
    let law = mock_costs(&subjects, MockLaw::default());
    let cost: CostModel = Box::new(move |key| Some(law(key)? * factor(key)));
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("table.csv");
    let backend = Mock::new(cost, MockNoise { amplitude: 0.02, seed, ..MockNoise::NONE });
    let protocol = Protocol { max_rounds: 12, seed, ..Protocol::brief() };
    let profiler = Profiler::on(backend).protocol(protocol);
    profiler.sweep(subjects, &output).run(&mut Silent, &AtomicBool::new(false)).unwrap();
    (read_table(&output).unwrap(), read_session(&session_path(&output)).unwrap())
}

#[test]
fn sessions_are_compared_by_the_references_that_both_have() {
    let (_, mut a) = measured(1, |_| 1.0);
    let mut b = a.clone();
    b.drift.baseline_ns = 2.0 * a.drift.baseline_ns;
    // Emulated sessions have none: by the reference block.
    assert_eq!(circumstances(&a, &b).reference_ratio, Some(2.0));
    let reference = |name: &str, hot_ns: f64| {
        let fast = ReferenceLevel { hot_ns, cold_ns: 2.0 * hot_ns };
        Reference { name: name.to_owned(), fast, sustained: None }
    };
    a.speed.references = vec![reference("arithmetic", 100.0), reference("memory", 200.0)];
    assert_eq!(circumstances(&a, &b).reference_ratio, None);
    // 1.21 and 1.0 of what they took: 1.1 in the geometric mean; the third is not in both.
    b.speed.references =
        vec![reference("calls", 7.0), reference("memory", 200.0), reference("arithmetic", 121.0)];
    assert!((circumstances(&a, &b).reference_ratio.unwrap() - 1.1).abs() < 1e-12);
}

fn compared(a: &[Row], b: &[Row]) -> Comparison {
    compare(a, b, NoiseFloor::default(), Evidence::default()).unwrap()
}

#[test]
fn a_week_old_table_and_todays_of_one_machine_are_the_same() {
    let comparison = compared(&session(1, |_| 1.0), &session(2, |_| 1.0));
    assert_eq!(comparison.verdict, Verdict::Same, "{}", comparison.words());
    assert!(comparison.deviating().is_empty());
    assert!(comparison.only_a.is_empty() && comparison.only_b.is_empty());
    assert_eq!(comparison.shifts.len(), 2);
    for shift in &comparison.shifts {
        assert!((shift.ratio - 1.0).abs() < 0.01 && shift.scatter < 0.03, "{shift:?}");
        assert_eq!(shift.pairs, comparison.subjects.len());
    }
    // All together 7.3 % slower is what sessions of one machine were seen to differ by.
    let slower = compared(&session(1, |_| 1.0), &session(2, |_| 1.073));
    assert_eq!(slower.verdict, Verdict::Same, "{}", slower.words());
    assert!(slower.words().contains("within the ±20 %"), "{}", slower.words());
    // Whoever knows the machine to be steadier says so.
    let steadier = NoiseFloor { session: 0.05, ..NoiseFloor::default() };
    let slower =
        compare(&session(1, |_| 1.0), &session(2, |_| 1.073), steadier, Evidence::default()).unwrap();
    assert_eq!(slower.verdict, Verdict::FasterOrSlower, "{}", slower.words());
}

/// Subjects that `slower` says of, and that the comparison has.
fn chosen(comparison: &Comparison, slower: fn(&str) -> bool) -> BTreeSet<&str> {
    comparison.subjects.iter().map(|change| change.subject.as_str()).filter(|key| slower(key)).collect()
}

fn named(comparison: &Comparison) -> BTreeSet<&str> {
    comparison.deviating().into_iter().map(|change| change.subject.as_str()).collect()
}

#[test]
fn slower_ops_of_a_kind_are_named_and_no_others() {
    let factor = |key: &str| if key.contains("-k7-") { 1.2 } else { 1.0 };
    let comparison = compared(&session(1, |_| 1.0), &session(2, factor));
    assert_eq!(comparison.verdict, Verdict::Changed);
    let slower = chosen(&comparison, |key| key.contains("-k7-"));
    assert!(slower.len() > 5 && slower.len() < comparison.subjects.len() / 2, "{}", slower.len());
    assert_eq!(named(&comparison), slower);
    for change in comparison.deviating() {
        assert!((change.ratio_to_shift() - 1.2).abs() < 0.03, "{change:?}");
    }
    // Faster again, on a machine that is slower by a half as a whole.
    let comparison = compared(&session(1, factor), &session(2, |_| 1.5));
    assert_eq!(comparison.verdict, Verdict::Changed);
    assert_eq!(named(&comparison), chosen(&comparison, |key| key.contains("-k7-")));
    assert!(comparison.deviating().iter().all(|change| change.ratio_to_shift() < 0.87));
}

#[test]
fn one_factor_for_all_is_told_from_a_change() {
    let comparison = compared(&session(1, |_| 1.0), &session(2, |_| 1.3));
    assert_eq!(comparison.verdict, Verdict::FasterOrSlower, "{}", comparison.words());
    assert!(comparison.deviating().is_empty());
    let is_slower = |shift: &Shift| (shift.ratio - 1.3).abs() < 0.02;
    assert!(comparison.shifts.iter().all(is_slower), "{:?}", comparison.shifts);
    let faster = compared(&session(1, |_| 1.3), &session(2, |_| 1.0));
    assert_eq!(faster.verdict, Verdict::FasterOrSlower, "{}", faster.words());
}

fn row(subject: &str, cache: Cache, latency_ms: f64, half_width: f64) -> Row {
    let (ci_low_ms, ci_high_ms) = (latency_ms * (-half_width).exp(), latency_ms * half_width.exp());
    let exact = Row::exact(subject, Level::Op, cache, latency_ms);
    Row { speed: Some(Speed::Fast), ci_low_ms, ci_high_ms, ..exact }
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
    let last = comparison.subjects.last().unwrap();
    assert!((last.figures[0].z - 1.488_50).abs() < 1e-4, "{last:?}");
    assert!((last.p - two_sided_p(1.488_50)).abs() < 1e-4, "{last:?}");
    // Nine tests: the smallest p times 9 (0.1366 · 9 > 1).
    assert_eq!(last.q, 1.0);
    assert!((last.ratio_to_shift() - 1.1).abs() < 1e-9 && !last.deviates);
    assert_eq!((comparison.shifts[0].ratio, comparison.shifts[0].ratio_high), (1.0, 1.0));
}

/// Ten ops of 1 ms hot and 2 ms cold, the last one's figures times these factors.
fn ten(last_hot: f64, last_cold: f64) -> Vec<Row> {
    let both = |i: usize| {
        let (hot, cold) = if i == 9 { (last_hot, last_cold) } else { (1.0, 1.0) };
        let key = format!("op{i}");
        [row(&key, Cache::Hot, hot, 0.01), row(&key, Cache::Cold, 2.0 * cold, 0.01)]
    };
    (0..10).flat_map(both).collect()
}

#[test]
fn a_change_shows_hot_and_cold() {
    // In one cache state only it is noise between sessions, however large; to both sides it is, too.
    for (hot, cold) in [(1.4, 1.0), (1.0, 0.7), (1.4, 0.7)] {
        let comparison = compared(&ten(1.0, 1.0), &ten(hot, cold));
        assert_eq!(comparison.verdict, Verdict::Same, "{hot} {cold}: {:?}", comparison.deviating());
    }
    let comparison = compared(&ten(1.0, 1.0), &ten(1.4, 1.2));
    assert_eq!(comparison.verdict, Verdict::Changed);
    assert_eq!(named(&comparison), BTreeSet::from(["op9"]));
    // The mean of z = ln 1.4 / s and ln 1.2 / s, s = √(2·(0.01/1.96)² + 0.03²) = 0.030855; the shifts are known exactly.
    let z = (1.4f64.ln() + 1.2f64.ln()) / 2.0 / 0.030_855;
    let p = comparison.deviating()[0].p;
    assert!((p / two_sided_p(z) - 1.0).abs() < 0.01, "{p}");
}

#[test]
fn half_of_the_ops_can_change_and_still_be_told_from_scatter() {
    let table = |factor: f64| -> Vec<Row> {
        let ms = |i: usize| if i.is_multiple_of(2) { factor } else { 1.0 };
        (0..20).map(|i| row(&format!("op{i}"), Cache::InPlace, ms(i), 0.01)).collect()
    };
    let comparison = compared(&table(1.0), &table(1.3));
    assert_eq!(comparison.verdict, Verdict::Changed, "{:?}", comparison.shifts);
    // Either half may be the one that is said to have changed.
    assert_eq!(comparison.deviating().len(), 10, "{}", comparison.words());
}

#[test]
fn a_cache_state_can_move_by_itself() {
    let cold = |factor: f64| -> Vec<Row> {
        let mut rows = ten(1.0, 1.0);
        for row in rows.iter_mut().filter(|row| row.cache == Cache::Cold) {
            for ms in [&mut row.latency_ms, &mut row.ci_low_ms, &mut row.ci_high_ms] {
                *ms *= factor;
            }
        }
        rows
    };
    let comparison = compared(&cold(1.0), &cold(1.3));
    assert_eq!(comparison.verdict, Verdict::FasterOrSlower);
    assert!(comparison.words().contains("+0.0 % hot, +30.0 % cold"), "{}", comparison.words());
    assert_eq!(compared(&cold(1.0), &cold(1.05)).verdict, Verdict::Same);
}

#[test]
fn what_only_one_table_has_is_named() {
    let row = |subject, cache| row(subject, cache, 1.0, 0.01);
    let a = [row("x", Cache::Hot), row("x", Cache::Cold), row("y", Cache::Hot)];
    let b = [row("x", Cache::Hot), row("z", Cache::Hot), row("z", Cache::Cold)];
    let comparison = compared(&a, &b);
    assert_eq!(comparison.only_a, ["x (cold)", "y"]);
    assert_eq!(comparison.only_b, ["z"]);
    assert_eq!(comparison.subjects.len(), 1);
    let error = |a: &[Row]| compare(a, &b, NoiseFloor::default(), Evidence::default()).unwrap_err();
    assert_eq!(error(&a[2..]), CompareError::NothingCommon { a: 1, b: 3 });
    assert!(error(&[a[0].clone(), a[0].clone()]).to_string().contains("`x` (hot) stands twice"));
}
