//! Sessions on a machine that is slower than it is known to be.

use super::*;
use crate::measure::Clock;

/// Everything takes 1.3 times as long until `fast_from_ns`.
fn session(fast_from_ns: u64, known_ns: Option<f64>) -> (Vec<SubjectSummary>, History, Recorder) {
    let mut run = Run::new(Protocol { min_rounds: 12, ..Protocol::brief() });
    let subject = |ns: u64| {
        let now = run.clock.clone();
        let cost = move || if now.now_ns() < fast_from_ns { ns * 13 / 10 } else { ns };
        FakeSubject::new(run.clock.clone(), cost)
    };
    let mut subjects: Vec<FakeSubject> = (1..=14).map(|n| subject(500_000 + 10_000 * n)).collect();
    run.instruments.references = (0..2).map(|_| Box::new(subject(100_000)) as Box<dyn Subject>).collect();
    run.instruments.known_ns = vec![known_ns; 2];
    assert_eq!(run.of(&mut subjects), Outcome::Converged);
    (run.summaries(14), run.history, run.recorder)
}

fn hot(summaries: &[SubjectSummary]) -> Vec<(Status, f64)> {
    summaries
        .iter()
        .map(|summary| summary.hot.as_ref().unwrap())
        .map(|hot| (hot.status, (hot.latency.0 / 1000.0).round()))
        .collect()
}

#[test]
fn a_machine_that_never_gets_to_its_known_speed_is_waited_for_and_told_of() {
    let (_, as_long, _) = session(u64::MAX, None);
    let (summaries, history, recorder) = session(u64::MAX, Some(100_000.0));
    let ratio = history.spent_ns() as f64 / as_long.spent_ns() as f64;
    assert!((1.9..2.2).contains(&ratio), "{ratio}");
    assert!(hot(&summaries).iter().all(|(status, _)| *status == Status::Slow), "{:?}", hot(&summaries));
    assert_eq!(hot(&summaries)[0].1, 663.0, "figures are what was measured");
    // What it is known for goes into the journal, so that figures can be computed anew.
    assert!(recorder.entries.contains(&Entry::KnownSpeed(vec![Some(100_000.0); 2])));
    // 8 % slower is still the same speed.
    let (summaries, ..) = session(u64::MAX, Some(120_000.0));
    assert!(hot(&summaries).iter().all(|(status, _)| *status == Status::WithinTarget));
}

#[test]
fn a_machine_that_gets_to_its_known_speed_in_time_has_figures_of_it() {
    let (_, as_long, _) = session(u64::MAX, None);
    let (summaries, ..) = session(as_long.spent_ns() * 12 / 10, Some(100_000.0));
    let expected: Vec<(Status, f64)> =
        (1..=14).map(|n| (Status::WithinTarget, 500.0 + 10.0 * f64::from(n))).collect();
    assert_eq!(hot(&summaries), expected);
}
