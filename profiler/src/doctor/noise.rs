//! The noise floor, measured: how well a fixed piece of work agrees with itself.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::measure::{
    ClockQuality, History, Instruments, MeasureError, ModeReport, Protocol, Silent, Subject, measure,
    quantile, speeds, summarise,
};

/// What the machine makes of work that is always the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Noise {
    /// Seconds it was watched.
    pub watched_s: f64,
    /// The machine's speeds, fastest first; empty where they are not known.
    pub modes: Vec<ModeReport>,
    /// Repeat-to-repeat spread of the first subject as measured: the 10-90 % range of the turn medians over their
    /// median. A fraction.
    pub raw_spread: f64,
    /// The same, corrected for drift as in a table.
    pub corrected_spread: f64,
    /// Of its samples, the share during which the thread was pre-empted. A fraction.
    pub preempted_share: f64,
    /// The longest time that passed between two readings of the clock, one right after the other.
    pub largest_stall_ms: f64,
    /// Of the time spent on reading the clock, the share lost in stalls of more than 20 µs. A fraction.
    pub stalled_share: f64,
    /// Resolution of the clock, in nanoseconds.
    pub clock_resolution_ns: u64,
    /// Cost of reading it, in nanoseconds.
    pub clock_cost_ns: f64,
}

/// Warming up, which the measurement's time includes, takes at most so long.
const WARM_UP_NS: u64 = 750_000_000;

/// Watches the machine for about `watch_ns`: a quarter of it for stalls, the rest, after warming up, with the
/// measurement's own protocol. The noise is that of the first subject.
///
/// # Errors
/// [`MeasureError`].
pub fn measure_noise<S: Subject>(
    subjects: &mut [S],
    instruments: &mut Instruments,
    watch_ns: u64,
) -> Result<Noise, MeasureError> {
    let start_ns = instruments.clock.now_ns();
    let clock = ClockQuality::of(instruments.clock.as_ref())?;
    let stalls = Stalls::watch(instruments, watch_ns / 4);
    let protocol = Protocol {
        // As long as there is time.
        min_rounds: u32::MAX,
        max_rounds: u32::MAX,
        budget_ns: watch_ns - watch_ns / 4 + WARM_UP_NS,
        // Nothing else evicts the caches: it is the block that is watched, not a cold start.
        min_round_size: 1,
        heat: None,
        ..Protocol::default()
    };
    let mut history = History::default();
    measure(subjects, &protocol, instruments, &mut history, &mut Silent, &AtomicBool::new(false))?;
    let summary =
        summarise(&history, subjects.len(), &protocol)?.remove(0).hot.ok_or(MeasureError::NoTime)?;
    Ok(Noise {
        watched_s: (instruments.clock.now_ns() - start_ns) as f64 / 1e9,
        modes: speeds(&history),
        raw_spread: raw_spread(&history),
        corrected_spread: summary.spread,
        preempted_share: preempted_share(&history),
        largest_stall_ms: stalls.largest_ns as f64 / 1e6,
        stalled_share: stalls.lost_ns as f64 / stalls.watched_ns.max(1) as f64,
        clock_resolution_ns: clock.resolution_ns,
        clock_cost_ns: clock.cost_ns,
    })
}

fn raw_spread(history: &History) -> f64 {
    let median_of = |samples: &[crate::measure::RawNs]| {
        quantile(&samples.iter().map(|raw| raw.0).collect::<Vec<_>>(), 0.5)
    };
    let medians: Vec<f64> = history
        .turns()
        .filter(|turn| turn.subject == 0)
        .filter_map(|turn| median_of(&turn.hot.kept))
        .collect();
    let at = |q| quantile(&medians, q).unwrap_or(0.0);
    if at(0.5) > 0.0 { (at(0.9) - at(0.1)) / at(0.5) } else { 0.0 }
}

fn preempted_share(history: &History) -> f64 {
    let samples = || history.turns().flat_map(|turn| [&turn.cold, &turn.hot]);
    let dropped: usize = samples().map(|samples| samples.dropped.len()).sum();
    let all: usize = samples().map(|samples| samples.dropped.len() + samples.kept.len()).sum();
    dropped as f64 / all.max(1) as f64
}

/// Time that passed for everyone but this thread.
struct Stalls {
    largest_ns: u64,
    lost_ns: u64,
    watched_ns: u64,
}

impl Stalls {
    /// Nothing but reading the clock takes this long.
    const FROM_NS: u64 = 20_000;

    fn watch(instruments: &Instruments, watch_ns: u64) -> Self {
        let start_ns = instruments.clock.now_ns();
        let (mut last_ns, mut largest_ns, mut lost_ns) = (start_ns, 0, 0);
        while last_ns - start_ns < watch_ns {
            let now_ns = instruments.clock.now_ns();
            let gap_ns = now_ns - last_ns;
            largest_ns = largest_ns.max(gap_ns);
            if gap_ns > Self::FROM_NS {
                lost_ns += gap_ns;
            }
            last_ns = now_ns;
        }
        Self { largest_ns, lost_ns, watched_ns: last_ns - start_ns }
    }
}
