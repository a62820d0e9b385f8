#![allow(clippy::unwrap_used)]
use super::super::{clock::ClockQuality, drift::RawNs, history::Entry};
use super::*;

const TURN_NS: u64 = 10_000_000;

/// Rounds of turns of 10 ms; subject `s` takes 1000·(s + 1) ns hot, twice that cold, times `slow(round, subject)`.
fn history(subjects: usize, rounds: u32, slow: impl Fn(u32, usize) -> f64) -> History {
    let mut history = History::default();
    history.push(Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }).unwrap();
    for round in 0..rounds {
        for subject in 0..subjects {
            let turn = u64::from(round) * subjects as u64 + subject as u64;
            let ns = 1000.0 * (subject + 1) as f64 * slow(round, subject);
            let samples = |ns: f64| Samples { kept: [RawNs(ns)].into_iter().collect(), ..Samples::default() };
            let burst = Burst {
                subject,
                round,
                at_ns: turn * TURN_NS,
                took_ns: TURN_NS,
                repeats: 1,
                cold: samples(2.0 * ns),
                evicting_ns: 0,
                settling_ns: 0,
                hot: samples(ns),
            };
            history.push(Entry::Burst(burst)).unwrap();
        }
    }
    history
}

fn hot_at(tempo: &Tempo, turn: u64) -> Moment {
    tempo.hot.at(0, (turn * TURN_NS) as f64)
}

/// Of a round's middle.
fn slowness(tempo: &Tempo, subjects: u64, round: u64) -> f64 {
    hot_at(tempo, round * subjects + subjects / 2).slowness
}

#[test]
fn slow_phases_are_found_and_calm_ones_are_the_measure() {
    // Rounds of 0.4 s; rounds 10 to 24 of 40 take 1.5 times as long, which is half a session's calm and no quartile.
    let slow = |round, _| if (10..25).contains(&round) { 1.5 } else { 1.0 };
    let tempo = Tempo::of(&history(40, 40, slow)).unwrap();
    let found = [5, 12, 20, 30].map(|round| slowness(&tempo, 40, round));
    for (found, expected) in found.into_iter().zip([1.0, 1.5, 1.5, 1.0]) {
        assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
    }
    let report = tempo.report();
    // 25 of 40 rounds, but for the windows across the borders.
    assert!((report.calm_share - 0.625).abs() < 0.02 && (report.slow_ratio - 1.5).abs() < 1e-9);
}

#[test]
fn one_subject_that_is_slow_for_a_while_is_not_the_machine() {
    let slow = |round, subject| if subject == 3 && round >= 10 { 2.0 } else { 1.0 };
    let tempo = Tempo::of(&history(20, 30, slow)).unwrap();
    assert!((slowness(&tempo, 20, 25) - 1.0).abs() < 1e-9);
}

#[test]
fn turns_of_slow_phases_do_not_count() {
    // 40 subjects, 40 rounds; rounds 10 to 24 are slow, but for the windows of a quarter of a second across the borders.
    let slow = |round, _| if (10..25).contains(&round) { 1.5 } else { 1.0 };
    let counts = turns_that_count(&history(40, 40, slow));
    let of_round = |round: usize| counts[40 * round..40 * (round + 1)].iter().filter(|c| **c).count();
    assert_eq!([5, 12, 20, 30].map(of_round), [40, 0, 0, 40]);
    assert_eq!(turns_that_count(&history(2, 3, |_, _| 1.0)), [true; 6]);
}

#[test]
fn few_subjects_cannot_tell() {
    assert_eq!(Tempo::of(&history(11, 30, |_, _| 1.0)), None);
    assert!(Tempo::of(&history(12, 30, |_, _| 1.0)).is_some());
    assert_eq!(TempoReport::of(&History::default()), None);
}

#[test]
fn the_calmest_count_where_few_are_calm() {
    let beyond = |beyond_calm| Moment { slowness: 1.0, beyond_calm };
    // Only the first is calm, so the twelve calmest: values 0 to 11.
    let turns = (0..30).map(|i| (beyond(0.1 * f64::from(i)), f64::from(i)));
    assert_eq!(calmest(turns), (0..12).map(f64::from).collect::<Vec<_>>());
    assert_eq!(calmest((0..30).map(|i| (Moment::UNKNOWN, f64::from(i)))).len(), 30);
}

/// Late in a session few subjects are left, whose caches are evicted before each turn: cold runs are then slower, and the
/// long last phase is most of the time. Neither changes what the machine's tempo is.
#[test]
fn colder_cold_runs_and_a_long_last_phase_do_not_shift_the_tempo() {
    let mut entries = history(40, 20, |_, _| 1.0).segments()[0].bursts.clone();
    for turn in 800..4000_usize {
        let mut late = entries[turn % 5].clone();
        late.at_ns = turn as u64 * TURN_NS;
        // Cold runs a third slower; hot ones 2 % slower, as if evicting left something behind.
        late.cold.kept = late.cold.kept.iter().map(|raw| RawNs(raw.0 * 1.33)).collect();
        late.hot.kept = late.hot.kept.iter().map(|raw| RawNs(raw.0 * 1.02)).collect();
        entries.push(late);
    }
    let mut all = History::default();
    all.push(Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }).unwrap();
    entries.into_iter().for_each(|burst| all.push(Entry::Burst(burst)).unwrap());
    let tempo = Tempo::of(&all).unwrap();
    assert!((slowness(&tempo, 40, 10) - 1.0).abs() < 1e-9, "{}", slowness(&tempo, 40, 10));
}

#[test]
fn the_median_of_calm_moments_is_one() {
    // Phases of 3.2 s in turns 1.00, 1.02, 1.04 and 2.00 times as long: the quartile is at 1.00 to 1.02, calm are the
    // first three, their median is 1.02.
    let slow = |round: u32, _: usize| [1.0, 1.02, 1.04, 2.0][(round / 8 % 4) as usize];
    let tempo = Tempo::of(&history(40, 64, slow)).unwrap();
    for (round, expected) in [(4, 1.0 / 1.02), (12, 1.0), (20, 1.04 / 1.02), (28, 2.0 / 1.02)] {
        let found = slowness(&tempo, 40, round);
        assert!((found - expected).abs() < 0.003, "{found} for {expected}");
    }
    let beyond = |round: u64| hot_at(&tempo, round * 40 + 20).beyond_calm;
    assert!(beyond(20) < 0.0 && beyond(28) > 0.5);
}

/// In a calm session hot figures are soon known, and two thirds of the time go to cold runs alone, which are faster in some
/// rounds than in others by what is left in the caches. They say nothing of hot runs, which a fault once made 7 % faster.
#[test]
fn turns_without_hot_runs_do_not_shift_those_with_hot_ones() {
    let mut entries = history(40, 24, |_, _| 1.0).segments()[0].bursts.clone();
    for turn in 960..3000_usize {
        let mut late = entries[turn % 40].clone();
        (late.at_ns, late.hot) = (turn as u64 * TURN_NS, Samples::default());
        let warmer = if turn < 1900 { 0.7 } else { 1.0 };
        late.cold.kept = late.cold.kept.iter().map(|raw| RawNs(raw.0 * warmer)).collect();
        entries.push(late);
    }
    let mut all = History::default();
    all.push(Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }).unwrap();
    entries.iter().for_each(|burst| all.push(Entry::Burst(burst.clone())).unwrap());
    let tempo = Tempo::of(&all).unwrap();
    for turn in [100, 500, 900] {
        let moment = tempo.during(0, &entries[turn]);
        assert!((moment.slowness - 1.0).abs() < 1e-9 && moment.beyond_calm < 0.0, "{turn}: {moment:?}");
    }
    // Among themselves, cold turns tell their own tempo: later ones take 1 / 0.7 of earlier ones, which are calm.
    let [early, late] = [1500, 2500].map(|turn| tempo.during(0, &entries[turn]).slowness);
    assert!((late / early - 1.0 / 0.7).abs() < 1e-6, "{early}, {late}");
}
