//! Where a session's time went.

use crate::measure::{History, Samples};

/// Shares of a session's time; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    /// Timed runs of subjects, dropped ones included.
    pub(super) timed: f64,
    /// Runs of subjects that settle the caches, timed, but for no figure.
    pub(super) settling: f64,
    /// Evicting the caches before turns.
    pub(super) evicting: f64,
    /// Before the first reading: warming up the reference and every subject.
    pub(super) warm_up: f64,
    /// The reference block.
    pub(super) reference: f64,
    /// Within turns, but not in runs: clock, processor usage.
    pub(super) in_turns: f64,
    /// Between turns, but for evicting: journal, standing, progress.
    pub(super) between_turns: f64,
}

impl Shares {
    /// `None` of an empty history. A reading counts as `reference_runs` times what it took, the shortest of its runs.
    pub(super) fn of(history: &History, reference_runs: u32) -> Option<Self> {
        let total_ns = history.spent_ns() as f64;
        let (mut timed, mut settling, mut evicting) = (0.0, 0.0, 0.0);
        let (mut warm_up, mut reference, mut turns) = (0.0, 0.0, 0.0);
        for segment in history.segments() {
            warm_up += segment.readings.first().map_or(0.0, |reading| reading.at_ns as f64);
            let readings = segment.readings.iter().map(|reading| reading.took.0).sum::<f64>();
            reference += readings * f64::from(reference_runs);
            for turn in &segment.turns {
                turns += turn.took_ns as f64;
                settling += turn.settling_ns as f64;
                evicting += turn.evicting_ns as f64;
                timed += timed_ns(&turn.cold) + timed_ns(&turn.hot) * f64::from(turn.repeats);
            }
        }
        let between = total_ns - warm_up - reference - evicting - turns;
        (total_ns > 0.0).then(|| Self {
            timed: timed / total_ns,
            settling: settling / total_ns,
            evicting: evicting / total_ns,
            warm_up: warm_up / total_ns,
            reference: reference / total_ns,
            in_turns: (turns - timed - settling) / total_ns,
            between_turns: between / total_ns,
        })
    }
}

/// Of the samples' first runs each: times the repeats it is what they took.
fn timed_ns(samples: &Samples) -> f64 {
    let kept: f64 = samples.kept.iter().map(|raw| raw.0).sum();
    kept + samples.dropped.iter().map(|disturbed| disturbed.took.0).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{ClockQuality, Disturbed, Entry, RawNs, Reading, Turn};

    #[test]
    fn shares_by_hand() {
        let reading = |at_ns| Entry::Reading(Reading::of_block(at_ns, RawNs(20.0)));
        let dropped = Disturbed { took: RawNs(90.0), on_processor: None };
        let turn = Turn {
            at_ns: 250,
            took_ns: 700,
            repeats: 10,
            cold: Samples { dropped: [dropped].into_iter().collect(), ..Samples::default() },
            evicting_ns: 10,
            settling_ns: 60,
            hot: Samples { kept: [RawNs(25.0), RawNs(26.0)].into_iter().collect(), ..Samples::default() },
            ..Turn::default()
        };
        let entries = [
            Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } },
            reading(200),
            Entry::Turn(turn),
            reading(1000),
        ];
        let history = History::replay(entries).unwrap();
        // The last reading begins at 1000, the session's end. Warm-up 200; reference 2 · 2 · 20 = 80; turns 700, of
        // which 90 + 10 · 51 = 600 timed and 60 settling; 10 evicting before it; the rest, 1000 − 200 − 80 − 10 − 700 = 10, lies
        // between turns.
        let expected = Shares {
            timed: 0.6,
            settling: 0.06,
            evicting: 0.01,
            warm_up: 0.2,
            reference: 0.08,
            in_turns: 0.04,
            between_turns: 0.01,
        };
        assert_eq!(Shares::of(&history, 2), Some(expected));
        assert_eq!(Shares::of(&History::default(), 2), None);
    }
}
