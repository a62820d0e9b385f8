mod disturbances;
mod endings;
mod heat;
mod patience;

use std::{cell::Cell, rc::Rc, sync::Arc};

use super::*;
use crate::measure::{
    Burst, CorrectedNs, FakeClock, FakeSubject, HeatLimits, RawNs, Status, SubjectSummary, Temperatures,
    summarise,
};

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
    /// Subjects that it was told need no more rounds, in that order.
    closed: Vec<usize>,
    /// How often it was told of a pause.
    cooling: usize,
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
    let protocol = Protocol::brief();
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
        let protocol = Protocol { seed, ..Protocol::brief() };
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

#[test]
fn finished_subjects_take_no_part_and_small_rounds_are_evicted() {
    let clock = FakeClock::new();
    let mut subjects = steady(&clock, &[1_000_000; 9]);
    let mut run_number = 0u64;
    // Subject 9 alternates between 1 and 2 ms from turn to turn and cannot converge.
    subjects.push(FakeSubject::new(clock.clone(), move || {
        run_number += 1;
        if (run_number / 7).is_multiple_of(2) { 1_000_000 } else { 2_000_000 }
    }));
    let evictions = Rc::new(Cell::new(0));
    let mut instruments = instruments(&clock);
    let count = evictions.clone();
    instruments.evictor = Box::new(FakeSubject::new(clock, move || {
        count.set(count.get() + 1);
        0
    }));
    let protocol = Protocol { min_rounds: 6, max_rounds: 12, min_round_size: 10, ..Protocol::brief() };
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    let outcome = run(&mut subjects, &protocol, &mut instruments, &mut history, &mut recorder);
    assert_eq!(outcome, Outcome::RoundsSpent);
    let turns_of = |round| recorder.bursts().iter().filter(|burst| burst.round == round).count();
    assert_eq!((0..12).map(turns_of).collect::<Vec<_>>(), [10, 10, 10, 10, 10, 10, 1, 1, 1, 1, 1, 1]);
    assert_eq!(evictions.get(), 6);
    let summaries = summarise(&history, 10, &protocol).unwrap();
    assert_eq!(summaries[0].hot.as_ref().unwrap().status, Status::WithinTarget);
    assert_eq!(summaries[9].hot.as_ref().unwrap().status, Status::Wide);
}

#[test]
fn the_reference_is_timed_often_and_brackets_every_burst() {
    let clock = FakeClock::new();
    let protocol = Protocol::brief();
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    run(
        &mut steady(&clock, &[1_000_000; 20]),
        &protocol,
        &mut instruments(&clock),
        &mut history,
        &mut recorder,
    );
    let segment = &history.segments()[0];
    // A burst takes 9 ms, 4 of them to settle, and a reading is due after 8: one after every burst, and one at the start.
    assert_eq!(segment.bursts.len(), 160);
    assert_eq!(segment.readings.len(), 161);
    assert!(segment.readings[0].at_ns <= segment.bursts[0].at_ns);
    let end = segment.bursts.last().map(|burst| burst.at_ns + burst.took_ns).unwrap();
    assert!(segment.readings.last().unwrap().at_ns >= end);
    assert!(segment.readings.iter().all(|reading| reading.took == RawNs(150_000.0)));
    // Time left shrinks to nothing.
    assert!(recorder.last_progress.unwrap().left_ns.unwrap() < 100_000_000);
}
