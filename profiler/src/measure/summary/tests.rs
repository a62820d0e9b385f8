use super::*;
use crate::measure::{ClockQuality, Disturbed, Entry, Few, Reading};

fn ns(values: &[f64]) -> Few<RawNs, 5> {
    values.iter().copied().map(RawNs).collect()
}

/// Each on the processor for a fifth of its time.
fn disturbed(values: &[f64]) -> Few<Disturbed, 2> {
    let disturbed = |took: &f64| Disturbed { took: RawNs(*took), on_processor: Some(RawNs(took / 5.0)) };
    values.iter().map(disturbed).collect()
}

/// One turn of subject 0 per element, 1 µs apart, with the reference at 100 ns throughout.
fn history(turns: &[(&[f64], &[f64], &[f64])]) -> History {
    let mut history = History::default();
    history.push(Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }).unwrap();
    history.push(Entry::Reading(Reading::of_block(0, RawNs(100.0)))).unwrap();
    for (round, (cold, hot, dropped)) in turns.iter().enumerate() {
        let burst = Burst {
            subject: 0,
            round: round as u32,
            at_ns: round as u64 * 1000,
            took_ns: 500,
            repeats: 4,
            cold: Samples { kept: ns(cold), dropped: Few::default() },
            evicting_ns: 0,
            settling_ns: 0,
            hot: Samples { kept: ns(hot), dropped: disturbed(dropped) },
        };
        history.push(Entry::Burst(burst)).unwrap();
    }
    history
}

#[test]
fn summary_matches_hand_count() {
    // Turn medians 10, 11, .., 16: seven turns, of which one off each end leaves 11 to 15, mean 13. Drawn in: 11 and 15 twice,
    // squares 4·4 + 2·1 = 18. Of five: √(18 / 20) = 0.9487, t(0.975, 4) = 2.776: half width 2.634, 20 %.
    let turns: Vec<(Vec<f64>, Vec<f64>)> =
        (0..7).map(|i| (vec![50.0], vec![9.0 + f64::from(i), 10.0 + f64::from(i), 99.0])).collect();
    let turns: Vec<(&[f64], &[f64], &[f64])> =
        turns.iter().map(|(cold, hot)| (cold.as_slice(), hot.as_slice(), &[][..])).collect();
    let summary = summarise(&history(&turns), 1, &Protocol::brief()).unwrap().remove(0);
    let hot = summary.hot.unwrap();
    assert_eq!(hot.latency, CorrectedNs(13.0));
    assert_eq!(hot.raw_median, RawNs(13.0));
    let interval = hot.interval.unwrap();
    assert!((interval.low - 10.366).abs() < 0.01 && (interval.high - 15.634).abs() < 0.01, "{interval:?}");
    assert_eq!(hot.min, RawNs(9.0));
    // 21 samples, 7 of them 99: the 90 % quantile is at position 18, inside those.
    assert_eq!(hot.p90, RawNs(99.0));
    // 10 % and 90 % quantiles of 10..16 are 10.6 and 15.4: 4.8 / 13.
    assert!((hot.spread - 4.8 / 13.0).abs() < 1e-12);
    assert_eq!((hot.turns, hot.runs, hot.dropped_runs), (7, 21 * 4, 0));
    assert_eq!(hot.status, Status::Wide);
    // Cold samples are single runs, all alike.
    let cold = summary.cold.unwrap();
    assert_eq!((cold.latency, cold.runs, cold.status), (CorrectedNs(50.0), 7, Status::WithinTarget));
}

#[test]
fn preempted_samples_are_set_aside_and_counted() {
    let turn: (&[f64], &[f64], &[f64]) = (&[], &[10.0, 10.0], &[70.0]);
    let summary = summarise(&history(&[turn; 6]), 1, &Protocol::brief()).unwrap().remove(0);
    assert_eq!(summary.cold, None);
    let hot = summary.hot.unwrap();
    assert_eq!((hot.latency, hot.p90), (CorrectedNs(10.0), RawNs(10.0)));
    assert_eq!((hot.runs, hot.dropped_runs, hot.status), (48, 24, Status::WithinTarget));
}

#[test]
fn a_subject_always_preempted_is_used_and_says_so() {
    let turn: (&[f64], &[f64], &[f64]) = (&[], &[], &[70.0]);
    let hot = summarise(&history(&[turn; 9]), 1, &Protocol::brief()).unwrap().remove(0).hot.unwrap();
    // 70 ns by the clock, 14 of them on the processor.
    assert_eq!((hot.latency, hot.status), (CorrectedNs(14.0), Status::Preempted));
    assert_eq!((hot.runs, hot.dropped_runs), (36, 0));
}

#[test]
fn few_turns_give_no_interval() {
    let turn: (&[f64], &[f64], &[f64]) = (&[], &[10.0], &[]);
    let hot = summarise(&history(&[turn; 5]), 1, &Protocol::brief()).unwrap().remove(0).hot.unwrap();
    assert_eq!((hot.interval, hot.status), (None, Status::TooFew));
}

#[test]
fn nothing_measured_is_no_latency() {
    let summary = summarise(&History::default(), 2, &Protocol::brief()).unwrap();
    assert_eq!(summary, vec![SubjectSummary { speed: Speed::Fast, hot: None, cold: None }; 2]);
}

#[test]
fn foreign_subjects_and_zero_times_are_refused() {
    let turn: (&[f64], &[f64], &[f64]) = (&[], &[0.0], &[]);
    let history = history(&[turn; 6]);
    assert!(matches!(
        summarise(&history, 0, &Protocol::brief()),
        Err(MeasureError::ForeignHistory { subject: 0, subjects: 0 })
    ));
    assert!(matches!(
        summarise(&history, 1, &Protocol::brief()),
        Err(MeasureError::TooFast { subject: 0, .. })
    ));
}
