mod disturbances;
mod endings;
mod heat;
mod patience;

use std::{cell::Cell, rc::Rc, sync::Arc};

use super::*;
use crate::measure::{
    CorrectedNs, FakeClock, FakeSubject, HeatLimits, RawNs, Status, SubjectSummary, Summary, Temperatures,
    summarise,
};

/// Keeps the entries, and raises a flag when it has kept so many turns.
#[derive(Default)]
struct Recorder {
    entries: Vec<Entry>,
    warmed_up: Vec<usize>,
    last_progress: Option<Progress>,
    /// Subjects that were reported to need no more rounds, in that order.
    closed: Vec<usize>,
    /// How often a pause was reported.
    cooling: usize,
    stop_after_turns: Option<usize>,
    stop: Arc<AtomicBool>,
}

impl Observer for Recorder {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        self.entries.push(entry.clone());
        let turns = self.entries.iter().filter(|entry| matches!(entry, Entry::Turn(_))).count();
        if self.stop_after_turns == Some(turns) {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn closed(&mut self, subject: usize, _: &[SubjectSummary]) -> Result<(), SubjectFailure> {
        self.closed.push(subject);
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        self.last_progress = Some(*progress);
    }

    fn cooling(&mut self, _: &Temperatures, _: &HeatLimits) {
        self.cooling += 1;
    }

    fn warming_up(&mut self, subject: usize) {
        self.warmed_up.push(subject);
    }
}

/// A measurement on a fake clock, and what was seen of it.
struct Run {
    clock: FakeClock,
    instruments: Instruments,
    protocol: Protocol,
    history: History,
    recorder: Recorder,
}

impl Run {
    fn new(protocol: Protocol) -> Self {
        let clock = FakeClock::new();
        let (history, recorder) = (History::default(), Recorder::default());
        Self { instruments: Instruments::emulated(clock.clone()), clock, protocol, history, recorder }
    }

    fn of(&mut self, subjects: &mut [FakeSubject]) -> Outcome {
        let Self { protocol, instruments, history, recorder, .. } = self;
        let stop = recorder.stop.clone();
        measure(subjects, protocol, instruments, history, recorder, &stop).unwrap()
    }

    /// Of subjects whose runs all take as long.
    fn steady(&mut self, costs: &[u64]) -> Outcome {
        let subjects = costs.iter().map(|cost| FakeSubject::steady(self.clock.clone(), *cost));
        self.of(&mut subjects.collect::<Vec<_>>())
    }

    fn summaries(&self, subjects: usize) -> Vec<SubjectSummary> {
        summarise(&self.history, subjects, &self.protocol).unwrap()
    }

    fn hot(&self, subjects: usize) -> Vec<Summary> {
        self.summaries(subjects).into_iter().map(|summary| summary.hot.unwrap()).collect()
    }
}

#[test]
fn steady_subjects_are_measured_exactly_in_the_fewest_rounds() {
    let costs = [300, 50_000, 1_000_000, 40_000_000];
    let mut run = Run::new(Protocol::brief());
    assert_eq!(run.steady(&costs), Outcome::Converged);
    assert_eq!(run.recorder.warmed_up, [0, 1, 2, 3]);
    for (summary, cost) in run.summaries(4).iter().zip(costs) {
        for summary in [summary.hot.as_ref().unwrap(), summary.cold.as_ref().unwrap()] {
            assert_eq!(summary.latency, CorrectedNs(cost as f64));
            assert_eq!((summary.status, summary.turns), (Status::WithinTarget, 8));
        }
    }
    // 20 µs of 300 ns: 67 runs a sample. A turn is over after 5 ms, which one run of 40 ms exceeds at once.
    let shape = |subject: usize| {
        let turn = run.history.turns().find(|turn| turn.subject == subject).unwrap();
        (turn.repeats, turn.cold.kept.len(), turn.hot.kept.len())
    };
    assert_eq!([0, 1, 2, 3].map(shape), [(67, 1, 5), (1, 1, 5), (1, 1, 4), (1, 1, 1)]);
    // What the observer saw is what the history holds.
    assert_eq!(History::replay(run.recorder.entries).unwrap(), run.history);
}

#[test]
fn rounds_are_shuffled_by_the_seed() {
    let orders = |seed| {
        let mut run = Run::new(Protocol { seed, ..Protocol::brief() });
        run.steady(&[1_000_000; 12]);
        let subjects: Vec<usize> = run.history.turns().map(|turn| turn.subject).collect();
        subjects.chunks(12).map(<[usize]>::to_vec).collect::<Vec<_>>()
    };
    let rounds = orders(1);
    assert_eq!(rounds.len(), 8);
    for round in &rounds {
        let members: BTreeSet<usize> = round.iter().copied().collect();
        assert_eq!(members, (0..12).collect(), "every round has everyone once");
    }
    let distinct: BTreeSet<&Vec<usize>> = rounds.iter().collect();
    assert_eq!(distinct.len(), 8, "no two of 8 rounds in the same of 12! orders");
    assert_eq!(orders(1), rounds);
    assert_ne!(orders(2), rounds);
}

#[test]
fn finished_subjects_take_no_part_and_small_rounds_are_evicted() {
    let mut run =
        Run::new(Protocol { min_rounds: 6, max_rounds: 12, min_round_size: 10, ..Protocol::brief() });
    let mut subjects: Vec<FakeSubject> =
        (0..9).map(|_| FakeSubject::steady(run.clock.clone(), 1_000_000)).collect();
    let mut run_number = 0u64;
    // Subject 9 alternates between 1 and 2 ms from turn to turn and cannot converge.
    subjects.push(FakeSubject::new(run.clock.clone(), move || {
        run_number += 1;
        if (run_number / 7).is_multiple_of(2) { 1_000_000 } else { 2_000_000 }
    }));
    let evictions = Rc::new(Cell::new(0));
    let count = evictions.clone();
    run.instruments.evictor = Box::new(FakeSubject::new(run.clock.clone(), move || {
        count.set(count.get() + 1);
        0
    }));
    assert_eq!(run.of(&mut subjects), Outcome::RoundsSpent);
    let turns_of = |round| run.history.turns().filter(|turn| turn.round == round).count();
    assert_eq!((0..12).map(turns_of).collect::<Vec<_>>(), [10, 10, 10, 10, 10, 10, 1, 1, 1, 1, 1, 1]);
    assert_eq!(evictions.get(), 6);
    let hot = run.hot(10);
    assert_eq!((hot[0].status, hot[9].status), (Status::WithinTarget, Status::Wide));
}

#[test]
fn the_reference_is_timed_often_and_brackets_every_turn() {
    let mut run = Run::new(Protocol::brief());
    run.steady(&[1_000_000; 20]);
    let segment = &run.history.segments()[0];
    // A turn takes 9 ms, 4 of them to settle, and a reading is due after 8: one after every turn, and one at the start.
    assert_eq!((segment.turns.len(), segment.readings.len()), (160, 161));
    assert!(segment.readings[0].at_ns <= segment.turns[0].at_ns);
    let end = segment.turns.last().map(|turn| turn.at_ns + turn.took_ns).unwrap();
    assert!(segment.readings.last().unwrap().at_ns >= end);
    assert!(segment.readings.iter().all(|reading| reading.took == RawNs(150_000.0)));
    // Time left shrinks to nothing.
    assert!(run.recorder.last_progress.unwrap().left_ns.unwrap() < 100_000_000);
}
