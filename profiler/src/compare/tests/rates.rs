//! How often an unchanged machine is called changed, and a changed one the same.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

const PAIRS: u64 = 20;

/// A day of one machine: all ops by one factor between 0.85 and 1.15, each op by its own 2 % or so besides.
fn day(seed: u64, slower: impl Fn(&str) -> f64 + 'static) -> Vec<Row> {
    let whole = 0.85 + 0.3 * Pcg64::seed_from_u64(seed).random::<f64>();
    session(seed, move |key| {
        let of_key = key.bytes().fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut random = Pcg64::seed_from_u64(of_key);
        // The sum of three uniform numbers within ±0.02 has a standard deviation of 0.02.
        let own: f64 = (0..3).map(|_| 0.04 * random.random::<f64>() - 0.02).sum();
        whole * (1.0 + own) * slower(key)
    })
}

/// The machine as it is on an ordinary day, whose factor is 1.
fn usual() -> Vec<Row> {
    session(1, |_| 1.0)
}

fn share(verdicts: &[Verdict], wanted: Verdict) -> f64 {
    verdicts.iter().filter(|verdict| **verdict == wanted).count() as f64 / verdicts.len() as f64
}

#[test]
fn other_days_of_one_machine_are_the_same() {
    let a = usual();
    let verdict = |seed| compared(&a, &day(seed, |_| 1.0)).verdict;
    let verdicts: Vec<Verdict> = (100..100 + PAIRS).map(verdict).collect();
    // At most one in twenty.
    assert!(share(&verdicts, Verdict::Same) >= 0.95, "{verdicts:?}");
}

#[test]
fn a_build_with_three_slower_ops_is_changed_on_any_day() {
    let a = usual();
    let slower: Vec<String> =
        a.iter().map(|row| row.subject.clone()).filter(|key| key.starts_with("mbconv")).collect();
    let slower: Vec<String> = [0, 20, 40].map(|index| slower[index].clone()).to_vec();
    let (mut verdicts, mut found, mut others) = (Vec::new(), 0, 0);
    for seed in 0..PAIRS {
        let is_slower = slower.clone();
        let factor = move |key: &str| if is_slower.iter().any(|slow| slow == key) { 1.2 } else { 1.0 };
        let comparison = compared(&a, &day(200 + seed, factor));
        verdicts.push(comparison.verdict);
        let named = named(&comparison);
        found += slower.iter().filter(|key| named.contains(key.as_str())).count();
        others += named.iter().filter(|key| !slower.iter().any(|slow| slow == *key)).count();
    }
    assert!(share(&verdicts, Verdict::Changed) >= 0.95, "{verdicts:?}");
    // Of the three slower ops nine in ten are named; of those named, one in twenty at most is none.
    let (found, others) = (found as f64, others as f64);
    assert!(found >= 0.9 * 3.0 * PAIRS as f64, "{found} found");
    assert!(others <= 0.05 * (found + others), "{others} false alarms beside {found}");
}

#[test]
fn another_core_is_slower_on_any_day() {
    let a = usual();
    // A little core of half the speed: whatever the day, at least 0.85 · 2 = 1.7.
    let verdict = |seed| compared(&a, &day(seed, |_| 2.0)).verdict;
    let verdicts: Vec<Verdict> = (300..300 + PAIRS).map(verdict).collect();
    assert!(share(&verdicts, Verdict::FasterOrSlower) >= 0.95, "{verdicts:?}");
}

#[test]
fn a_shift_that_the_reference_followed_is_drift() {
    let (a, b) = (usual(), session(2, |_| 1.3));
    let with = |evidence| compare(&a, &b, NoiseFloor::default(), evidence).unwrap();
    // 1.3 / 1.15 = 1.13, within 20 %.
    let followed = with(Evidence { reference_log: 1.15f64.ln(), own_drift: 0.0 });
    assert_eq!(followed.verdict, Verdict::Same);
    assert!(followed.words().contains("(the core's own speed explains +15.0 %)"), "{}", followed.words());
    let against = with(Evidence { reference_log: 0.9f64.ln(), own_drift: 0.0 });
    assert_eq!(against.verdict, Verdict::FasterOrSlower);
    // √(0.2² + 0.3²) = 0.36.
    let restless = with(Evidence { reference_log: 0.0, own_drift: 0.3 });
    assert_eq!(restless.verdict, Verdict::Same);
    assert!(restless.words().contains("within the ±36 %"), "{}", restless.words());
}
