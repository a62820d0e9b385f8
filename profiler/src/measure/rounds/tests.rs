#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::super::clock::FakeClock;
use super::super::drift::CorrectedNs;
use super::super::preemption::Preemptions;
use super::super::subject::FakeSubject;
use super::super::summary::{Status, summarise};
use super::*;

const GO: AtomicBool = AtomicBool::new(false);

fn instruments(clock: &FakeClock) -> Instruments {
    Instruments::emulated(clock.clone())
}

fn steady(clock: &FakeClock, costs: &[u64]) -> Vec<FakeSubject> {
    costs.iter().map(|cost| FakeSubject::steady(clock.clone(), *cost)).collect()
}

/// Keeps the entries, and raises a flag when it has kept so many bursts.
#[derive(Default)]
struct Recorder {
    entries: Vec<Entry>,
    warmed_up: Vec<usize>,
    last_progress: Option<Progress>,
    stop_after_bursts: Option<usize>,
    stop: Arc<AtomicBool>,
}

impl Recorder {
    fn bursts(&self) -> Vec<&Burst> {
        self.entries.iter().filter_map(|e| if let Entry::Burst(b) = e { Some(b) } else { None }).collect()
    }
}

impl Observer for Recorder {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        self.entries.push(entry.clone());
        if self.stop_after_bursts == Some(self.bursts().len()) {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        self.last_progress = Some(*progress);
    }

    fn warming_up(&mut self, subject: usize) {
        self.warmed_up.push(subject);
    }
}

fn run(
    subjects: &mut [FakeSubject],
    protocol: &Protocol,
    instruments: &mut Instruments,
    history: &mut History,
    recorder: &mut Recorder,
) -> Outcome {
    let stop = recorder.stop.clone();
    measure(subjects, protocol, instruments, history, recorder, &stop).unwrap()
}

#[test]
fn steady_subjects_are_measured_exactly_in_the_fewest_rounds() {
    let clock = FakeClock::new();
    let costs = [300, 50_000, 1_000_000, 40_000_000];
    let protocol = Protocol::default();
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    let outcome =
        run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut recorder);
    assert_eq!(outcome, Outcome::Converged);
    assert_eq!(recorder.warmed_up, [0, 1, 2, 3]);
    for (summary, cost) in summarise(&history, 4, &protocol).unwrap().iter().zip(costs) {
        for summary in [summary.hot.as_ref().unwrap(), summary.cold.as_ref().unwrap()] {
            assert_eq!(summary.latency, CorrectedNs(cost as f64));
            assert_eq!((summary.status, summary.turns), (Status::WithinTarget, 8));
        }
    }
    // 20 µs of 300 ns: 67 runs a sample. A burst is over after 5 ms, which one run of 40 ms exceeds at once.
    let shape = |subject: usize| {
        let bursts = recorder.bursts();
        let burst = bursts.iter().find(|burst| burst.subject == subject).unwrap();
        (burst.repeats, burst.cold.kept.len(), burst.hot.kept.len())
    };
    assert_eq!([shape(0), shape(1), shape(2), shape(3)], [(67, 1, 5), (1, 1, 5), (1, 1, 4), (1, 1, 1)]);
    // What the observer saw is what the history holds.
    assert_eq!(History::replay(recorder.entries).unwrap(), history);
}

#[test]
fn rounds_are_shuffled_by_the_seed() {
    let orders = |seed| {
        let clock = FakeClock::new();
        let protocol = Protocol { seed, ..Protocol::default() };
        let (mut history, mut recorder) = (History::default(), Recorder::default());
        run(
            &mut steady(&clock, &[1_000_000; 12]),
            &protocol,
            &mut instruments(&clock),
            &mut history,
            &mut recorder,
        );
        let subjects: Vec<usize> = recorder.bursts().iter().map(|burst| burst.subject).collect();
        subjects.chunks(12).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    let rounds = orders(1);
    assert_eq!(rounds.len(), 8);
    for round in &rounds {
        let mut sorted = round.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<_>>(), "every round has everyone once");
    }
    let distinct: BTreeSet<&Vec<usize>> = rounds.iter().collect();
    assert_eq!(distinct.len(), 8, "no two of 8 rounds in the same of 12! orders");
    assert_eq!(orders(1), rounds);
    assert_ne!(orders(2), rounds);
}

/// A machine whose speed drifts: every cost is multiplied by the shared factor.
fn drifting(clock: &FakeClock, factor: &Rc<Cell<f64>>, cost: f64) -> FakeSubject {
    let factor = factor.clone();
    FakeSubject::new(clock.clone(), move || (cost * factor.get()) as u64)
}

#[test]
fn drift_is_divided_out_and_raw_times_keep_it() {
    let clock = FakeClock::new();
    let factor = Rc::new(Cell::new(1.0));
    let mut instruments = instruments(&clock);
    instruments.reference = Box::new(drifting(&clock, &factor, 150_000.0));
    // The machine gets 0.2 % slower with every run of the cheap subject, up to a half.
    let ticking = {
        let (factor, clock) = (factor.clone(), clock.clone());
        FakeSubject::new(clock, move || {
            factor.set((factor.get() * 1.002).min(1.5));
            (200_000.0 * factor.get()) as u64
        })
    };
    let mut subjects = vec![ticking, drifting(&clock, &factor, 3_000_000.0)];
    let protocol = Protocol { min_rounds: 30, max_rounds: 60, ..Protocol::default() };
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    run(&mut subjects, &protocol, &mut instruments, &mut history, &mut recorder);
    let drift = super::super::drift::Drift::of(&history).unwrap().unwrap().report(0.15);
    assert!(drift.excessive && drift.high_ratio > 1.15, "{drift:?}");
    let hot = summarise(&history, 2, &protocol).unwrap()[1].hot.clone().unwrap();
    let level = drift.baseline_ns / 150_000.0;
    assert!((hot.latency.0 / (3_000_000.0 * level) - 1.0).abs() < 0.01, "{hot:?} at {level}");
    // Corrected turns agree within 2 %, though the machine moved by 15 % and more.
    assert!(hot.spread < 0.02, "{hot:?}");
    assert!(hot.min.0 < 0.9 * hot.latency.0, "{hot:?}");
}

/// Counts one pre-emption for every sample in which the flag was raised.
struct FlaggedPreemptions {
    raised: Rc<Cell<bool>>,
    count: u64,
}

impl Preemptions for FlaggedPreemptions {
    fn count(&mut self) -> Result<u64, MeasureError> {
        self.count += u64::from(self.raised.replace(false));
        Ok(self.count)
    }
}

#[test]
fn preempted_samples_are_dropped_and_counted() {
    let clock = FakeClock::new();
    let raised = Rc::new(Cell::new(false));
    let mut instruments = instruments(&clock);
    instruments.preemptions = Box::new(FlaggedPreemptions { raised: raised.clone(), count: 0 });
    let mut runs = 0;
    let flag = raised.clone();
    let mut subjects = vec![FakeSubject::new(clock.clone(), move || {
        runs += 1;
        // Every fourth run is pre-empted and takes twice as long.
        if runs % 4 == 0 {
            flag.set(true);
            200_000
        } else {
            100_000
        }
    })];
    let (protocol, mut history, mut recorder) =
        (Protocol { min_rounds: 40, ..Protocol::default() }, History::default(), Recorder::default());
    run(&mut subjects, &protocol, &mut instruments, &mut history, &mut recorder);
    let hot = summarise(&history, 1, &protocol).unwrap()[0].hot.clone().unwrap();
    assert_eq!(
        (hot.latency, hot.p90, hot.status),
        (CorrectedNs(100_000.0), RawNs(100_000.0), Status::WithinTarget)
    );
    // 40 bursts of 6 runs, every fourth run pre-empted: 60 of 240, a sixth of them cold.
    let cold = summarise(&history, 1, &protocol).unwrap()[0].cold.clone().unwrap();
    assert_eq!(hot.dropped_runs + cold.dropped_runs, 60);
    assert_eq!(hot.runs + cold.runs, 180);
}

/// Slow the first time after another subject, fast then.
fn caching(clock: &FakeClock, last: &Rc<Cell<usize>>, me: usize) -> FakeSubject {
    let last = last.clone();
    FakeSubject::new(clock.clone(), move || if last.replace(me) == me { 100_000 } else { 170_000 })
}

#[test]
fn cold_and_hot_runs_are_told_apart() {
    let clock = FakeClock::new();
    let last = Rc::new(Cell::new(usize::MAX));
    let mut subjects: Vec<_> = (0..3).map(|me| caching(&clock, &last, me)).collect();
    let mut instruments = instruments(&clock);
    // Three subjects are fewer than a round's minimum of eight: the evictor must run before every burst.
    let evictor = last.clone();
    instruments.evictor = Box::new(FakeSubject::new(clock.clone(), move || {
        evictor.set(usize::MAX);
        0
    }));
    let (protocol, mut history, mut recorder) =
        (Protocol::default(), History::default(), Recorder::default());
    run(&mut subjects, &protocol, &mut instruments, &mut history, &mut recorder);
    for summary in summarise(&history, 3, &protocol).unwrap() {
        assert_eq!(summary.hot.unwrap().latency, CorrectedNs(100_000.0));
        assert_eq!(summary.cold.unwrap().latency, CorrectedNs(170_000.0));
    }
}

#[test]
fn finished_subjects_fill_small_rounds_with_cold_runs_only() {
    let clock = FakeClock::new();
    let mut subjects = steady(&clock, &[1_000_000; 9]);
    let mut run_number = 0u64;
    // Subject 9 alternates between 1 and 2 ms from turn to turn and cannot converge.
    subjects.push(FakeSubject::new(clock.clone(), move || {
        run_number += 1;
        if run_number / 7 % 2 == 0 { 1_000_000 } else { 2_000_000 }
    }));
    let protocol = Protocol { min_rounds: 6, max_rounds: 12, ..Protocol::default() };
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    let outcome = run(&mut subjects, &protocol, &mut instruments(&clock), &mut history, &mut recorder);
    assert_eq!(outcome, Outcome::RoundsSpent);
    let round_6: Vec<&Burst> = recorder.bursts().into_iter().filter(|burst| burst.round == 6).collect();
    assert_eq!(round_6.len(), 8);
    for burst in &round_6 {
        assert_eq!(burst.hot.kept.is_empty(), burst.subject != 9);
        assert_eq!(burst.cold.kept.len(), 1);
    }
    let summaries = summarise(&history, 10, &protocol).unwrap();
    assert_eq!(summaries[0].hot.as_ref().unwrap().status, Status::WithinTarget);
    assert_eq!(summaries[9].hot.as_ref().unwrap().status, Status::Wide);
}

#[test]
fn a_stopped_measurement_is_taken_up_where_it_was() {
    let clock = FakeClock::new();
    let costs = [1_000_000, 2_000_000, 3_000_000, 400, 5_000_000, 600_000, 700_000, 800_000, 900_000];
    let protocol = Protocol::default();
    let mut recorder = Recorder { stop_after_bursts: Some(22), ..Recorder::default() };
    let outcome = run(
        &mut steady(&clock, &costs),
        &protocol,
        &mut instruments(&clock),
        &mut History::default(),
        &mut recorder,
    );
    // 22 bursts are two rounds of nine and four of the third; the flag is seen before the next burst.
    assert_eq!(outcome, Outcome::Stopped);
    assert_eq!(recorder.bursts().len(), 22);

    // Another process reads the entries back and goes on, its clock at zero again.
    let mut history = History::replay(recorder.entries).unwrap();
    let spent = history.spent_ns();
    let clock = FakeClock::new();
    let mut second = Recorder::default();
    let outcome =
        run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut second);
    assert_eq!(outcome, Outcome::Converged);
    assert_eq!(history.segments().len(), 2);
    assert!(second.last_progress.unwrap().spent_ns > spent);
    // Nobody has two turns in a round, nobody misses one.
    let turns: BTreeSet<(u32, usize)> = history.bursts().map(|burst| (burst.round, burst.subject)).collect();
    assert_eq!((turns.len(), history.bursts().count()), (72, 72));
    for (summary, cost) in summarise(&history, 9, &protocol).unwrap().iter().zip(costs) {
        assert_eq!(summary.hot.as_ref().unwrap().latency, CorrectedNs(cost as f64));
    }

    // Once more: nothing is left to do, not even a start.
    let mut third = Recorder::default();
    run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut third);
    assert_eq!(third.entries, []);
    assert_eq!(third.warmed_up, [] as [usize; 0]);
}

#[test]
fn the_budget_ends_the_session_and_counts_earlier_segments() {
    let clock = FakeClock::new();
    let costs = [10_000_000; 10];
    let protocol = Protocol { budget_ns: 1_000_000_000, ..Protocol::default() };
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    let outcome =
        run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut recorder);
    assert_eq!(outcome, Outcome::BudgetSpent);
    // A burst (20 ms and a little) may have begun just before the end.
    assert!((1_000_000_000..1_030_000_000).contains(&history.spent_ns()), "{}", history.spent_ns());
    let summaries = summarise(&history, 10, &protocol).unwrap();
    assert!(summaries.iter().all(|s| s.hot.as_ref().unwrap().status == Status::TooFew));
    let again =
        run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut recorder);
    assert_eq!(again, Outcome::BudgetSpent);
}

struct Failing;
impl Subject for Failing {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        Err("out of memory".into())
    }
}

#[test]
fn failures_are_named() {
    let clock = FakeClock::new();
    let run = |subjects: &mut [Failing], protocol: &Protocol| {
        measure(
            subjects,
            protocol,
            &mut instruments(&clock),
            &mut History::default(),
            &mut super::super::Silent,
            &GO,
        )
        .unwrap_err()
        .to_string()
    };
    let protocol = Protocol::default();
    assert_eq!(run(&mut [Failing], &protocol), "subject 0 failed while it was timed: out of memory");
    assert_eq!(run(&mut [], &protocol), "there is nothing to measure");
    let few = Protocol { min_rounds: 2, ..protocol };
    assert_eq!(run(&mut [Failing], &few), "protocol: min_rounds is 2, but must be at least 6");
}

#[test]
fn a_recorder_that_fails_ends_the_measurement() {
    struct FullDisk;
    impl Observer for FullDisk {
        fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
            if matches!(entry, Entry::Burst(_)) { Err("disk full".into()) } else { Ok(()) }
        }
    }
    let clock = FakeClock::new();
    let mut history = History::default();
    let mut subjects = steady(&clock, &[1000]);
    let error = measure(
        &mut subjects,
        &Protocol::default(),
        &mut instruments(&clock),
        &mut history,
        &mut FullDisk,
        &GO,
    );
    assert_eq!(error.unwrap_err().to_string(), "cannot record a measurement: disk full");
    // What was not recorded does not count as measured.
    assert_eq!(history.bursts().count(), 0);
}

#[test]
fn the_reference_is_timed_often_and_brackets_every_burst() {
    let clock = FakeClock::new();
    let protocol = Protocol::default();
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    run(
        &mut steady(&clock, &[1_000_000; 20]),
        &protocol,
        &mut instruments(&clock),
        &mut history,
        &mut recorder,
    );
    let segment = &history.segments()[0];
    // A burst of about 5 ms exceeds the reference's interval of 4 ms: a reading per burst.
    assert!(segment.readings.len() > segment.bursts.len());
    assert!(segment.readings[0].at_ns <= segment.bursts[0].at_ns);
    let end = segment.bursts.last().map(|burst| burst.at_ns + burst.took_ns).unwrap();
    assert!(segment.readings.last().unwrap().at_ns >= end);
    assert!(segment.readings.iter().all(|reading| reading.took == RawNs(150_000.0)));
    // Time left shrinks to nothing.
    assert!(recorder.last_progress.unwrap().left_ns.unwrap() < 100_000_000);
}
