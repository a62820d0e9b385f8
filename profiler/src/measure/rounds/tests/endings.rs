use super::*;
use crate::measure::Silent;

static GO: AtomicBool = AtomicBool::new(false);

#[test]
fn a_stopped_measurement_is_taken_up_where_it_was() {
    let clock = FakeClock::new();
    let costs = [1_000_000, 2_000_000, 3_000_000, 400, 5_000_000, 600_000, 700_000, 800_000, 900_000];
    let protocol = Protocol::brief();
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
    let protocol = Protocol { budget_ns: 1_000_000_000, ..Protocol::brief() };
    let (mut history, mut recorder) = (History::default(), Recorder::default());
    let outcome =
        run(&mut steady(&clock, &costs), &protocol, &mut instruments(&clock), &mut history, &mut recorder);
    assert_eq!(outcome, Outcome::BudgetSpent);
    // A burst (20 ms and a little) may have begun just before the end.
    assert!((1_000_000_000..1_030_000_000).contains(&history.spent_ns()), "{}", history.spent_ns());
    let summaries = summarise(&history, 10, &protocol).unwrap();
    assert!(summaries.iter().all(|s| s.hot.as_ref().unwrap().status == Status::TooFew));
    // There is no more time for anyone, so everyone is told of, once.
    assert_eq!(recorder.closed, (0..10).collect::<Vec<_>>());
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
        measure(subjects, protocol, &mut instruments(&clock), &mut History::default(), &mut Silent, &GO)
            .unwrap_err()
            .to_string()
    };
    let protocol = Protocol::brief();
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
        &Protocol::brief(),
        &mut instruments(&clock),
        &mut history,
        &mut FullDisk,
        &GO,
    );
    assert_eq!(error.unwrap_err().to_string(), "cannot record a measurement: disk full");
    // What was not recorded does not count as measured.
    assert_eq!(history.bursts().count(), 0);
}
