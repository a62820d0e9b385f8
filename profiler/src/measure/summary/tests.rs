use super::*;
use crate::measure::Disturbed;
use crate::measure::fixtures::{history, samples};

type Turns<'a> = (&'a [f64], &'a [f64], &'a [f64]);

/// One turn of subject 0 per element, 1 µs apart, of cold samples, hot ones and dropped ones, with the reference at 100 ns
/// throughout. Who was disturbed was on the processor for a fifth of its time.
fn turns(turns: &[Turns]) -> History {
    let disturbed = |took: &f64| Disturbed { took: RawNs(*took), on_processor: Some(RawNs(took / 5.0)) };
    let turn = |(round, (cold, hot, dropped)): (usize, &Turns)| Turn {
        round: round as u32,
        at_ns: round as u64 * 1000,
        took_ns: 500,
        repeats: 4,
        cold: samples(cold),
        hot: Samples { dropped: dropped.iter().map(disturbed).collect(), ..samples(hot) },
        ..Turn::default()
    };
    history(turns.iter().enumerate().map(turn))
}

fn alike(count: usize, turn: Turns) -> History {
    turns(&vec![turn; count])
}

fn summary(history: &History) -> SubjectSummary {
    summarise(history, 1, &Protocol::brief()).unwrap().remove(0)
}

#[test]
fn summary_matches_hand_count() {
    // TimedTurn medians 10, 11, .., 16: seven turns, of which one off each end leaves 11 to 15, mean 13. Drawn in: 11 and 15 twice,
    // squares 4·4 + 2·1 = 18. Of five: √(18 / 20) = 0.9487, t(0.975, 4) = 2.776: half width 2.634, 20 %.
    let hot: [[f64; 3]; 7] = [9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0].map(|ns| [ns, ns + 1.0, 99.0]);
    let all: Vec<Turns> = hot.iter().map(|hot| (&[50.0][..], &hot[..], &[][..])).collect();
    let summary = summary(&turns(&all));
    let hot = summary.hot.unwrap();
    assert_eq!((hot.latency, hot.raw_median, hot.min), (CorrectedNs(13.0), RawNs(13.0), RawNs(9.0)));
    let interval = hot.interval.unwrap();
    assert!((interval.low - 10.366).abs() < 0.01 && (interval.high - 15.634).abs() < 0.01, "{interval:?}");
    // 21 samples, 7 of them 99: the 90 % quantile is at position 18, inside those.
    assert_eq!(hot.p90, RawNs(99.0));
    // 10 % and 90 % quantiles of 10..16 are 10.6 and 15.4: 4.8 / 13.
    assert!((hot.spread - 4.8 / 13.0).abs() < 1e-12);
    assert_eq!((hot.turns, hot.runs, hot.dropped_runs, hot.status), (7, 21 * 4, 0, Status::Wide));
    // Cold samples are single runs, all alike.
    let cold = summary.cold.unwrap();
    assert_eq!((cold.latency, cold.runs, cold.status), (CorrectedNs(50.0), 7, Status::WithinTarget));
}

#[test]
fn preempted_samples_are_set_aside_where_there_are_others() {
    let found = summary(&alike(6, (&[], &[10.0, 10.0], &[70.0])));
    assert_eq!(found.cold, None);
    let hot = found.hot.unwrap();
    assert_eq!((hot.latency, hot.p90), (CorrectedNs(10.0), RawNs(10.0)));
    assert_eq!((hot.runs, hot.dropped_runs, hot.status), (48, 24, Status::WithinTarget));
    // Always pre-empted: 70 ns by the clock, 14 of them on the processor.
    let hot = summary(&alike(9, (&[], &[], &[70.0]))).hot.unwrap();
    assert_eq!((hot.latency, hot.status), (CorrectedNs(14.0), Status::Preempted));
    assert_eq!((hot.runs, hot.dropped_runs), (36, 0));
}

#[test]
fn few_turns_give_no_interval_and_none_no_latency() {
    let hot = summary(&alike(5, (&[], &[10.0], &[]))).hot.unwrap();
    assert_eq!((hot.interval, hot.status), (None, Status::TooFew));
    let none = SubjectSummary { speed: Speed::Fast, hot: None, cold: None };
    assert_eq!(summarise(&History::default(), 2, &Protocol::brief()).unwrap(), vec![none; 2]);
}

#[test]
fn foreign_subjects_and_zero_times_are_refused() {
    let history = alike(6, (&[], &[0.0], &[]));
    let error = |subjects| summarise(&history, subjects, &Protocol::brief()).unwrap_err();
    assert!(matches!(error(0), MeasureError::ForeignHistory { subject: 0, subjects: 0 }));
    assert!(matches!(error(1), MeasureError::TooFast { subject: 0, .. }));
}
