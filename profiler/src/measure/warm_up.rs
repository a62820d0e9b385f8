//! Running a subject until its time stops falling, and learning how long it takes.

use super::{Clock, ClockQuality, MeasureError, Protocol, Subject, SubjectFailure};

/// How a warm-up ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WarmUp {
    /// Shortest of the runs that count.
    pub(super) run_ns: f64,
    /// Runs it took.
    pub(super) runs: u32,
}

/// When a warm-up ends: `patience` runs in a row were none the faster, or a limit.
///
/// Only faster runs count, because slower ones say nothing of being warm: on a busy machine they come all the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steadiness {
    pub(super) patience: u32,
    /// Faster by more than this fraction.
    pub(super) band: f64,
    pub(super) most_runs: u32,
    pub(super) most_ns: u64,
}

impl Steadiness {
    /// For subjects: two runs not 10 % faster, at most 20 runs or a quarter of a second.
    pub(super) const SUBJECT: Self = Self { patience: 2, band: 0.10, most_runs: 20, most_ns: 250_000_000 };
    /// For the reference block, and with it the core's frequency: a hundred runs not 2 % faster, at most half a second.
    pub(super) const REFERENCE: Self =
        Self { patience: 100, band: 0.02, most_runs: 5_000, most_ns: 500_000_000 };
}

/// Runs a subject until it is steady. The first run never counts: it allocates.
pub(super) fn warm_up(
    subject: &mut dyn Subject,
    steadiness: Steadiness,
    clock: &dyn Clock,
    quality: &ClockQuality,
) -> Result<WarmUp, SubjectFailure> {
    let start = clock.now_ns();
    subject.run()?;
    let (mut shortest, mut to_beat) = (f64::INFINITY, f64::INFINITY);
    let (mut runs, mut waited) = (1, 0);
    loop {
        let before = clock.now_ns();
        subject.run()?;
        let now = clock.now_ns();
        runs += 1;
        let took = ((now - before) as f64 - quality.cost_ns).max(0.0);
        shortest = took.min(shortest);
        if took < to_beat * (1.0 - steadiness.band) {
            (to_beat, waited) = (took, 0);
        } else {
            waited += 1;
        }
        let steady = waited >= steadiness.patience;
        if steady || runs >= steadiness.most_runs || now - start >= steadiness.most_ns {
            return Ok(WarmUp { run_ns: shortest, runs });
        }
    }
}

/// Runs a sample needs to last `shortest_sample_ns`.
fn repeats_for(run_ns: f64, shortest_sample_ns: f64) -> u32 {
    const MOST: f64 = 1e6;
    (shortest_sample_ns / run_ns.max(1e-3)).ceil().clamp(1.0, MOST) as u32
}

/// How a subject's turns go, as its warm-up taught.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TurnPlan {
    /// Runs per hot sample.
    pub(super) repeats: u32,
    /// Most runs between the cold run and the first hot sample. None where one fills a turn by itself: those evict their own
    /// caches.
    pub(super) settle_runs: u32,
}

impl TurnPlan {
    pub(super) fn of(
        run_ns: f64,
        kept_bytes: Option<usize>,
        shortest_sample_ns: f64,
        protocol: &Protocol,
    ) -> Self {
        let settle_runs = match kept_bytes {
            _ if run_ns > protocol.turn_ns as f64 => 0,
            Some(bytes) if bytes <= protocol.small_bytes => protocol.small_settle_runs,
            _ => protocol.settle_runs,
        };
        Self { repeats: repeats_for(run_ns, shortest_sample_ns), settle_runs }
    }
}

/// Names the subject in a warm-up's error.
pub(super) fn at_subject(subject: usize) -> impl Fn(SubjectFailure) -> MeasureError {
    move |source| MeasureError::Subject { subject, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{FakeClock, FakeSubject};

    fn warm(costs: Vec<u64>) -> WarmUp {
        let clock = FakeClock::new();
        let mut costs = costs.into_iter();
        let mut last = 0;
        let mut subject = FakeSubject::new(clock.clone(), move || {
            last = costs.next().unwrap_or(last);
            last
        });
        let quality = ClockQuality { resolution_ns: 1, cost_ns: 1.0 };
        warm_up(&mut subject, Steadiness::SUBJECT, &clock, &quality).unwrap()
    }

    #[test]
    fn ends_when_two_runs_are_none_the_faster() {
        // 9000 never counts; 300, then 100 is faster; 105 and 104 are not, and so 90, 10 % faster, is not waited for.
        assert_eq!(warm(vec![9000, 300, 100, 105, 104, 90]), WarmUp { run_ns: 100.0, runs: 5 });
        // 95 is not 10 % faster than 100, nor is 91; the shortest counts all the same.
        assert_eq!(warm(vec![9000, 100, 95, 91, 50]), WarmUp { run_ns: 91.0, runs: 4 });
        // Disturbed runs are not waited for.
        assert_eq!(warm(vec![9000, 100, 250, 300, 100]), WarmUp { run_ns: 100.0, runs: 4 });
    }

    #[test]
    fn ends_at_the_limit_when_runs_get_ever_faster() {
        // 1000 · 0.8^18 = 18.0 after twenty runs, the first of which does not count: 1000 is the second.
        let faster: Vec<u64> = (0..40).map(|i| (1000.0 * 0.8f64.powi((i - 1).max(0))) as u64).collect();
        assert_eq!(warm(faster), WarmUp { run_ns: 18.0, runs: 20 });
        // Runs of 200 ms: the second ends beyond a quarter of a second.
        assert_eq!(warm(vec![200_000_000]), WarmUp { run_ns: 2e8, runs: 2 });
    }

    #[test]
    fn subjects_that_fill_a_turn_do_not_settle() {
        let settle_runs = |run_ns| TurnPlan::of(run_ns, None, 20_000.0, &Protocol::brief()).settle_runs;
        // A turn is 5 ms.
        assert_eq!([1e3, 4e6, 5e6, 6e6].map(settle_runs), [48, 48, 48, 0]);
    }

    #[test]
    fn small_models_settle_with_few_runs() {
        let settle_runs = |bytes| TurnPlan::of(1e3, Some(bytes), 20_000.0, &Protocol::brief()).settle_runs;
        assert_eq!([0, 1024 * 1024, 1024 * 1024 + 1].map(settle_runs), [2, 2, 48]);
        // Older sessions: nothing is small.
        let older = Protocol { small_bytes: 0, small_settle_runs: 0, ..Protocol::brief() };
        assert_eq!(TurnPlan::of(1e3, Some(1000), 20_000.0, &older).settle_runs, 48);
    }

    #[test]
    fn short_subjects_are_repeated() {
        // 20 µs of 300 ns runs: 66.7, so 67.
        assert_eq!(repeats_for(300.0, 20_000.0), 67);
        assert_eq!(repeats_for(20_000.0, 20_000.0), 1);
        assert_eq!(repeats_for(5e6, 20_000.0), 1);
        assert_eq!(repeats_for(0.0, 20_000.0), 1_000_000);
    }
}
