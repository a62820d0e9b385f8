use std::collections::HashMap;

use profiler::record::{Cache, Level, Row, Status};

use super::*;
use crate::device::test_rows::{measurements, op_row, small_space_rows};
use crate::rows::{OpRepeats, Repeat};

fn audit_of(rows: &[Row]) -> Audit {
    Audit::of(&measurements(rows.to_vec())).unwrap()
}

/// Networks of the small space whose latency is `latency(Σ of their op rows, their keys)`.
fn table(noise: f64, networks: usize, latency: impl Fn(usize, f64, &str) -> f64) -> Vec<Row> {
    let mut rows = small_space_rows(noise, networks);
    let ops: HashMap<String, f64> = rows.iter().map(|row| (row.subject.clone(), row.latency_ms)).collect();
    for (index, row) in rows.iter_mut().filter(|row| row.level == Level::Network).enumerate() {
        let sum = row.ops.split(' ').map(|key| ops[key]).sum();
        row.latency_ms = latency(index, sum, &row.ops);
        (row.ci_low_ms, row.ci_high_ms) = (row.latency_ms * 0.99, row.latency_ms * 1.01);
    }
    rows
}

/// ± 2 % that has nothing to do with anything.
fn scatter(index: usize) -> f64 {
    1.0 + 0.02 * (index as f64 * 2.4).sin()
}

#[test]
fn labels_made_by_adding_are_distinguished_from_measured_ones() {
    for (made, expected) in [
        (table(0.05, 30, |_, sum, _| sum), Verdict::ExactSums),
        (table(0.05, 30, |_, sum, _| 0.2 + 0.8 * sum), Verdict::ExactSums),
        // A hundredth of the rows' noise of about 1 %.
        (table(0.05, 30, |i, sum, _| sum * (1.0 + (scatter(i) - 1.0) / 100.0)), Verdict::NearExactSums),
        (table(0.05, 30, |i, sum, _| (0.2 + 0.8 * sum) * scatter(i)), Verdict::Measured),
        (table(0.05, 3, |i, sum, _| sum * scatter(i)), Verdict::TooFew),
    ] {
        let audit = audit_of(&made);
        let [sums] = &audit.sums[..] else { panic!("{:?}", audit.sums) };
        let found = (sums.verdict, sums.op_cache, sums.network_cache);
        assert_eq!(found, (expected, Cache::Cold, Cache::Hot), "{sums:?}");
    }
}

#[test]
fn the_line_and_its_intervals_hold_the_law() {
    let audit = audit_of(&table(0.05, 40, |i, sum, _| (0.02 + 0.8 * sum) * scatter(i)));
    let sums = &audit.sums[0];
    let (constant, scale) = (sums.constant_ms.unwrap(), sums.scale.unwrap());
    assert!(constant.low < 0.02 && 0.02 < constant.high, "{constant:?}");
    assert!(scale.low < 0.8 && 0.8 < scale.high && scale.high - scale.low < 0.2, "{scale:?}");
    // 0.02 · sin has a root mean square of 0.0141.
    assert!((sums.rms.unwrap() - 0.0141).abs() < 0.003, "{sums:?}");
    assert_eq!((sums.networks, sums.networks_with_unknown_ops), (40, 0));
}

#[test]
fn an_op_that_costs_more_inside_networks_stands_out() {
    let rows = table(0.0, 60, |_, sum, _| sum);
    // One that about half of the networks have.
    let networks: Vec<&Row> = rows.iter().filter(|row| row.level == Level::Network).collect();
    let count = |key: &str| networks.iter().filter(|row| row.ops.split(' ').any(|op| op == key)).count();
    let keys: Vec<&str> = networks[0].ops.split(' ').collect();
    let key = *keys.iter().min_by_key(|key| count(key).abs_diff(25)).unwrap();
    let guilty = |ops: &str| if ops.split(' ').any(|op| op == key) { 0.05 } else { 0.0 };
    let made = table(0.0, 60, |i, sum, ops| (sum + guilty(ops)) * (1.0 + (scatter(i) - 1.0) / 4.0));
    let audit = audit_of(&made);
    let first = &audit.ops[0];
    assert!(first.significant && (first.effect_ms - 0.05).abs() < 0.01, "{first:?}");
    assert!(audit.ops.iter().take(3).any(|op| op.op == key), "{key}: {:?}", &audit.ops[..3]);
    // Without a guilty one, one in ten tables may name some.
    let clean = audit_of(&table(0.0, 60, |i, sum, _| sum * scatter(i)));
    assert!(clean.ops.iter().filter(|op| op.significant).count() <= 1, "{:?}", clean.ops);
}

#[test]
fn sums_of_parts_are_found_without_op_rows() {
    let networks = |latency: &dyn Fn(usize, f64) -> f64| {
        let rows = table(0.05, 120, |i, sum, _| latency(i, sum));
        audit_of(&rows.into_iter().filter(|row| row.level == Level::Network).collect::<Vec<_>>())
    };
    let made = networks(&|_, sum| sum);
    assert!(made.sums.is_empty());
    assert_eq!(made.parts.unwrap().verdict, Verdict::ExactSums);
    let measured = networks(&|i, sum| sum * scatter(i)).parts.unwrap();
    assert!(measured.verdict == Verdict::Measured && measured.rms > 0.01, "{measured:?}");
}

#[test]
fn doubtful_rows_are_found_and_good_ones_left_alone() {
    assert_eq!(audit_of(&small_space_rows(0.0, 10)).doubtful, []);
    let mut rows: Vec<Row> =
        (1..=30).map(|i| op_row(&format!("conv-28x28x{}-o32-k3-s1", 8 * i), 0.1 * f64::from(i))).collect();
    let good = rows.clone();
    rows[4].ci_high_ms = 1.3 * rows[4].latency_ms;
    rows[6].status = Status::Preempted;
    // A tenth of its time: ten times the pace of the others. All with less work then seem slow beside it.
    rows[29] = op_row(&rows[29].subject, 0.3);
    rows.push(good[10].clone());
    rows.push(Row { cache: Cache::Hot, ..op_row(&good[12].subject, 9.0) });
    rows.push(Row { session: "other".to_owned(), ..op_row(&good[15].subject, 5.0) });
    let audit = audit_of(&rows);
    let has = |row: usize, cache: Cache, test: &dyn Fn(&Doubt) -> bool| {
        let found = audit.doubtful.iter().find(|d| d.subject == rows[row].subject && d.cache == cache);
        found.is_some_and(|found| found.doubts.iter().any(test))
    };
    let is_wide =
        |d: &Doubt| matches!(d, Doubt::WideInterval { half_width } if (half_width - 0.155).abs() < 1e-6);
    assert!(has(4, Cache::Cold, &is_wide));
    assert!(has(6, Cache::Cold, &|d| *d == Doubt::Preempted));
    assert!(has(29, Cache::Cold, &|d| matches!(d, Doubt::TooFast { .. })));
    assert!(has(10, Cache::Cold, &|d| *d == Doubt::Duplicate { rows: 2 }));
    assert!(has(12, Cache::Hot, &|d| matches!(d, Doubt::HotSlowerThanCold { .. })));
    assert!(has(15, Cache::Cold, &|d| matches!(d, Doubt::Disagrees { .. })));
    // 20 · 8 channels take 2.0 ms, 30 · 8 only 0.3; 8 channels take 0.1 ms, which is less.
    let is_slow = |d: &Doubt| matches!(d, Doubt::SlowerThanMore { op, .. } if *op == rows[29].subject);
    assert!(has(19, Cache::Cold, &is_slow));
    assert!(!has(0, Cache::Cold, &|_| true));
}

#[test]
fn where_all_intervals_are_wide_only_the_widest_are_doubtful() {
    let row = |i: u32, width: f64| {
        let row = op_row(&format!("conv-28x28x{}-o32-k3-s1", 8 * i), 0.1 * f64::from(i));
        Row { ci_low_ms: row.latency_ms * (1.0 - width), ci_high_ms: row.latency_ms * (1.0 + width), ..row }
    };
    // Usual are ±10 %: ±19 % is not twice as wide, ±21 % is.
    let mut rows: Vec<Row> = (1..=20).map(|i| row(i, 0.1)).collect();
    (rows[3], rows[5]) = (row(4, 0.19), row(6, 0.21));
    let audit = audit_of(&rows);
    assert!((audit.usual_half_width.unwrap() - 0.1).abs() < 1e-9);
    let wide = |d: &&DoubtfulRow| d.doubts.iter().any(|d| matches!(d, Doubt::WideInterval { .. }));
    let wide: Vec<&str> = audit.doubtful.iter().filter(wide).map(|d| d.subject.as_str()).collect();
    assert_eq!(wide, [rows[5].subject.as_str()]);
}

#[test]
fn ops_inside_of_networks_are_taken_from_other_networks() {
    // Two ops, 1 and 2 ms, that take 20 % more in the third network than in the others; a third op is only there.
    let keys = [1, 2, 3].map(|n| format!("conv@conv-14x14x{n}-14x14x64-k3-s1-g1"));
    let in_place = |key: &str, ms: f64| Row { cache: Cache::InPlace, ..op_row(key, ms) };
    let mut rows = vec![in_place(&keys[0], 1.1), in_place(&keys[1], 2.1), in_place(&keys[2], 0.5)];
    let mut repeats = OpRepeats::new();
    for (network, factor) in [("a", 1.0), ("b", 1.0), ("c", 1.2)] {
        for (key, ms) in [(&keys[0], 1.0), (&keys[1], 2.0)] {
            let repeat = Repeat { latency_ms: factor * ms, group: Some(network.to_owned()) };
            repeats.entry(key.clone()).or_default().push(repeat);
        }
        let own = if network == "c" { vec![&keys[0], &keys[1], &keys[2]] } else { vec![&keys[0], &keys[1]] };
        let ops = own.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" ");
        let latency_ms = if network == "c" { 4.1 } else { 3.0 };
        let whole = Row { level: Level::Network, cache: Cache::Hot, ops, ..op_row(network, latency_ms) };
        rows.push(Row { ci_low_ms: latency_ms, ci_high_ms: latency_ms, ..whole });
    }
    repeats.insert(keys[2].clone(), vec![Repeat { latency_ms: 0.5, group: Some("c".to_owned()) }]);
    let session = rows[0].session.clone();
    let audit =
        Audit::of(&Measurements { repeats: [(session, repeats)].into(), ..measurements(rows) }).unwrap();
    // a and b: √1.2 · 3 over 3; c: 3.5 over 4.1.
    let [least, mean, most] = audit.sums[0].sum_over_network;
    let (others, third) = (1.2_f64.sqrt(), 3.5 / 4.1);
    assert!((most - others).abs() < 1e-9 && (least - third).abs() < 1e-9, "{:?}", audit.sums);
    assert!((mean - (2.0 * others + third) / 3.0).abs() < 1e-9);
    assert_eq!(audit.not_fitted, [""; 0]);
}
