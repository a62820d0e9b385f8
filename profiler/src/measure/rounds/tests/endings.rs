use super::*;
use crate::measure::Silent;

static GO: AtomicBool = AtomicBool::new(false);

#[test]
fn a_stopped_measurement_is_taken_up_where_it_was() {
    let costs = [1_000_000, 2_000_000, 3_000_000, 400, 5_000_000, 600_000, 700_000, 800_000, 900_000];
    let mut first = Run::new(Protocol::brief());
    first.recorder.stop_after_turns = Some(22);
    // 22 turns are two rounds of nine and four of the third; the flag is seen before the next turn.
    assert_eq!(first.steady(&costs), Outcome::Stopped);
    assert_eq!(first.history.turns().count(), 22);

    // Another process reads the entries back and resumes, its clock at zero again.
    let mut second = Run::new(Protocol::brief());
    second.history = History::replay(first.recorder.entries).unwrap();
    assert_eq!(second.steady(&costs), Outcome::Converged);
    let history = &second.history;
    assert_eq!(history.segments().len(), 2);
    assert!(second.recorder.last_progress.unwrap().spent_ns > first.history.spent_ns());
    // Nobody has two turns in a round, nobody misses one.
    let turns: BTreeSet<(u32, usize)> = history.turns().map(|turn| (turn.round, turn.subject)).collect();
    assert_eq!((turns.len(), history.turns().count()), (72, 72));
    for (hot, cost) in second.hot(9).iter().zip(costs) {
        assert_eq!(hot.latency, CorrectedNs(cost as f64));
    }

    // Once more: nothing is left to do, not even a start.
    let mut third = Run { history: second.history, ..Run::new(Protocol::brief()) };
    third.steady(&costs);
    assert_eq!((third.recorder.entries.len(), third.recorder.warmed_up.len()), (0, 0));
}

#[test]
fn the_budget_ends_the_session_and_counts_earlier_segments() {
    let mut run = Run::new(Protocol { budget_ns: 1_000_000_000, ..Protocol::brief() });
    assert_eq!(run.steady(&[10_000_000; 10]), Outcome::BudgetSpent);
    // A turn (20 ms and a little) may have begun just before the end.
    assert!((1_000_000_000..1_030_000_000).contains(&run.history.spent_ns()), "{}", run.history.spent_ns());
    assert!(run.hot(10).iter().all(|hot| hot.status == Status::TooFew));
    // There is no more time for anyone, so everyone is reported, once.
    assert_eq!(run.recorder.closed, (0..10).collect::<Vec<_>>());
    assert_eq!(run.steady(&[10_000_000; 10]), Outcome::BudgetSpent);
}

struct Failing;
impl Subject for Failing {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        Err("out of memory".into())
    }
}

#[test]
fn failures_are_named() {
    let run = |subjects: &mut [Failing], protocol: &Protocol| {
        let mut instruments = Instruments::emulated(FakeClock::new());
        let failed = measure(subjects, protocol, &mut instruments, &mut History::default(), &mut Silent, &GO);
        failed.unwrap_err().to_string()
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
            if matches!(entry, Entry::Turn(_)) { Err("disk full".into()) } else { Ok(()) }
        }
    }
    let clock = FakeClock::new();
    let mut instruments = Instruments::emulated(clock.clone());
    let (mut history, mut subjects) = (History::default(), [FakeSubject::steady(clock, 1000)]);
    let protocol = Protocol::brief();
    let error = measure(&mut subjects, &protocol, &mut instruments, &mut history, &mut FullDisk, &GO);
    assert_eq!(error.unwrap_err().to_string(), "cannot record a measurement: disk full");
    // What was not recorded does not count as measured.
    assert_eq!(history.turns().count(), 0);
}
