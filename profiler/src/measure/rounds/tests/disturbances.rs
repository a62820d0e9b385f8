use super::*;
use crate::measure::{Drift, Processor, Usage};

/// Takes longer and longer: half as much again after 20 seconds of the machine's time.
fn drifting(clock: &FakeClock, cost: f64) -> FakeSubject {
    let machine = clock.clone();
    FakeSubject::new(clock.clone(), move || (cost * (1.0 + 0.5 * machine.peek_ns() as f64 / 20e9)) as u64)
}

#[test]
fn drift_is_divided_out_and_raw_times_keep_it() {
    let mut run = Run::new(Protocol { min_rounds: 150, ..Protocol::brief() });
    run.instruments.reference = Box::new(drifting(&run.clock, 150_000.0));
    let mut subjects = [drifting(&run.clock, 3_000_000.0), drifting(&run.clock, 40_000_000.0)];
    run.of(&mut subjects);
    let drift = Drift::of(&run.history).unwrap().unwrap().report(0.15);
    assert!(drift.excessive && drift.low_ratio < 0.87 && drift.high_ratio > 1.14, "{drift:?}");
    for (hot, cost) in run.hot(2).iter().zip([3e6, 40e6]) {
        let level = drift.baseline_ns / 150_000.0;
        assert!((hot.latency.0 / (cost * level) - 1.0).abs() < 0.01, "{hot:?} at {level}");
        // Corrected turns agree within 2 %, though the machine moved by far more.
        assert!(hot.spread < 0.02 && hot.min.0 < 0.87 * hot.latency.0, "{hot:?}");
    }
}

/// Counts one pre-emption for every sample in which the flag was raised.
struct FlaggedProcessor {
    raised: Rc<Cell<bool>>,
    count: u64,
}

impl Processor for FlaggedProcessor {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        self.count += u64::from(self.raised.replace(false));
        Ok(Usage { preemptions: self.count, time_ns: None })
    }
}

#[test]
fn preempted_samples_are_dropped_and_counted() {
    let mut run = Run::new(Protocol { min_rounds: 40, settle_runs: 0, ..Protocol::brief() });
    let raised = Rc::new(Cell::new(false));
    run.instruments.processor = Box::new(FlaggedProcessor { raised: raised.clone(), count: 0 });
    let mut runs = 0;
    // Every fourth run is pre-empted and takes twice as long.
    let subject = FakeSubject::new(run.clock.clone(), move || {
        runs += 1;
        raised.set(raised.get() || runs % 4 == 0);
        if runs % 4 == 0 { 200_000 } else { 100_000 }
    });
    run.of(&mut [subject]);
    let SubjectSummary { hot, cold, .. } = run.summaries(1).remove(0);
    let (hot, cold) = (hot.unwrap(), cold.unwrap());
    assert_eq!((hot.latency, hot.p90), (CorrectedNs(100_000.0), RawNs(100_000.0)));
    assert_eq!(hot.status, Status::WithinTarget);
    // Without settling runs, 40 turns of 6 runs, every fourth run pre-empted: 60 of 240, a sixth of them cold.
    assert_eq!((hot.dropped_runs + cold.dropped_runs, hot.runs + cold.runs), (60, 180));
}

/// Slow the first time after another subject, fast then.
fn caching(clock: &FakeClock, last: &Rc<Cell<usize>>, me: usize) -> FakeSubject {
    let last = last.clone();
    FakeSubject::new(clock.clone(), move || if last.replace(me) == me { 100_000 } else { 170_000 })
}

#[test]
fn cold_and_hot_runs_are_told_apart() {
    let mut run = Run::new(Protocol::brief());
    let last = Rc::new(Cell::new(usize::MAX));
    let mut subjects: Vec<_> = (0..3).map(|me| caching(&run.clock, &last, me)).collect();
    // Three subjects are fewer than a round's minimum: the evictor must run before every turn.
    run.instruments.evictor = Box::new(FakeSubject::new(run.clock.clone(), move || {
        last.set(usize::MAX);
        0
    }));
    run.of(&mut subjects);
    for summary in run.summaries(3) {
        assert_eq!(summary.hot.unwrap().latency, CorrectedNs(100_000.0));
        assert_eq!(summary.cold.unwrap().latency, CorrectedNs(170_000.0));
    }
}

/// Pre-empted in every sample, and on the processor for so long as the subject says.
struct BusyProcessor {
    on_processor_ns: Rc<Cell<u64>>,
    count: u64,
}

impl Processor for BusyProcessor {
    fn usage(&mut self) -> Result<Usage, MeasureError> {
        self.count += 1;
        Ok(Usage { preemptions: self.count, time_ns: Some(self.on_processor_ns.get()) })
    }
}

#[test]
fn on_a_busy_machine_the_processors_time_is_taken() {
    let mut run = Run::new(Protocol::brief());
    let on_processor_ns = Rc::new(Cell::new(0));
    run.instruments.processor =
        Box::new(BusyProcessor { on_processor_ns: on_processor_ns.clone(), count: 0 });
    let mut runs = 0;
    let subject = FakeSubject::new(run.clock.clone(), move || {
        // 30 ms of work, and between 20 and 50 ms of waiting for the processor.
        on_processor_ns.set(on_processor_ns.get() + 30_000_000);
        runs += 1;
        50_000_000 + runs % 4 * 10_000_000
    });
    // The processor's times agree, so that more rounds would teach nothing; but the row says what it rests on.
    assert_eq!(run.of(&mut [subject]), Outcome::Converged);
    let hot = run.hot(1).remove(0);
    // Less the 1 ns that reading the clock costs.
    assert!(hot.status == Status::Preempted && (hot.latency.0 - 30e6).abs() < 2.0, "{hot:?}");
}

#[test]
fn hot_samples_begin_when_the_caches_have_settled() {
    // After another subject's turn, runs take 400, 160, 130, 120, then 100 µs: weights come back over several runs.
    let fall = [400_000, 160_000, 130_000, 120_000, 100_000];
    let latency = |protocol: Protocol| {
        let mut run = Run::new(protocol);
        let (own, mut ended_ns, mut nth) = (run.clock.clone(), 0, 0);
        let falling = FakeSubject::new(run.clock.clone(), move || {
            let now_ns = own.peek_ns();
            nth = if now_ns - ended_ns > 1_000_000 { 0 } else { nth + 1 };
            let cost_ns = fall[nth.min(fall.len() - 1)];
            ended_ns = now_ns + cost_ns;
            cost_ns
        });
        let other = FakeSubject::steady(run.clock.clone(), 40_000_000);
        run.of(&mut [falling, other]);
        let falling = run.summaries(2).remove(0);
        (falling.cold.unwrap().latency.0, falling.hot.unwrap().latency.0)
    };
    // Settling lasts for 4 ms: the samples behind it are all at the level.
    assert_eq!(latency(Protocol::brief()), (400_000.0, 100_000.0));
    // Without, the median of 160, 130, 120, 100, 100.
    assert_eq!(latency(Protocol { settle_runs: 0, ..Protocol::brief() }), (400_000.0, 120_000.0));
}
