//! How fast the machine was, told by everything that was timed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    history::{Burst, History, Samples},
    interval::{median, quantile},
    levels::{Levels, Window},
};

/// How much slower than in calm moments the machine was, over a history of many subjects.
///
/// What slows one subject slows the others: a neighbour on the same core or caches, a lower clock. The model is
/// `ln t = own(subject, cache state) + slowness(moment)`, fitted by medians in turns (Tukey's median polish): the slowness of
/// a moment is the median, over all turns within a quarter of a second, of how much longer they took than their subjects
/// do. Calm are the moments at most 5 % slower than the lower quartile over the session, as disturbances only ever slow
/// down; 1 is the median of the calm moments. The subjects know better than a reference block, which a neighbour may slow
/// by 13 % when it slows convolutions by 50 %.
///
/// Measured on a shared x86-64 server in loud hours, tract, 71 ops, two sessions minutes apart, twice: the 90th percentile
/// over ops of the difference between the two is 3.0 and 4.0 % (with the reference block 4.7 and 4.2 %), cold 4.3 and
/// 5.8 % (6.1 and 18.2 %), and of their first 24 rounds 6.0 and 7.1 % (19.1 and 4.2 %).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tempo {
    /// Natural logarithm of the time over what it is typically, by segment.
    segments: Vec<Levels>,
    /// Moments above this level are not calm.
    limit: f64,
    /// Median level of the calm moments.
    calm: f64,
}

/// A moment's tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// How many times as long as in calm moments everything took.
    pub(super) slowness: f64,
    /// Natural logarithm of how far that is from what is calm still; 0 or less is calm.
    pub(super) beyond_calm: f64,
}

impl Moment {
    /// A moment of which nothing is known.
    pub(super) const UNKNOWN: Self = Self { slowness: 1.0, beyond_calm: 0.0 };
}

/// What a session says about its machine's tempo.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TempoReport {
    /// Share of the time that was calm: everything took at most 5 % longer than at the lower quartile.
    pub calm_share: f64,
    /// How many times as long as in calm moments everything took, 90 % quantile over time.
    pub slow_ratio: f64,
}

/// A turn's time in one cache state.
struct Timed {
    segment: usize,
    at_ns: u64,
    /// Subject and cache state.
    series: usize,
    ln_ns: f64,
}

/// With fewer subjects, one's own peculiarities would pass for the machine's.
const FEWEST_SUBJECTS: usize = 12;
const WINDOW: Window = Window { reach_ns: 250_000_000, fewest: 15 };
const PASSES: usize = 5;
/// Share of the time that is calm in any session.
const CALM_QUANTILE: f64 = 0.25;
/// Slower than that by at most this factor is calm, too.
const CALM_RATIO: f64 = 1.05;
/// Where fewer turns were calm, so many of the calmest count.
const FEWEST_CALM: usize = 12;

impl Tempo {
    /// The tempo of a history; `None` if it has too few subjects to tell.
    pub(super) fn of(history: &History) -> Option<Self> {
        let timed = timed(history);
        let series = timed.iter().map(|timed| timed.series + 1).max()?;
        let mut by_series: Vec<Vec<usize>> = vec![Vec::new(); series];
        timed.iter().enumerate().for_each(|(index, timed)| by_series[timed.series].push(index));
        if by_series.chunks(2).filter(|states| states.iter().any(|of| !of.is_empty())).count()
            < FEWEST_SUBJECTS
        {
            return None;
        }
        let ln_of = |indices: &[usize]| indices.iter().map(|index| timed[*index].ln_ns).collect::<Vec<_>>();
        let mut own: Vec<f64> =
            by_series.iter().map(|indices| median(&ln_of(indices)).unwrap_or(f64::NAN)).collect();
        let mut tempo = Self::given(&timed, &own, history.segments().len())?;
        for _ in 1..PASSES {
            for (own, indices) in own.iter_mut().zip(&by_series) {
                let turns = indices.iter().map(|index| {
                    let timed = &timed[*index];
                    let moment = tempo.at(timed.segment, timed.at_ns as f64);
                    (moment, timed.ln_ns - moment.slowness.ln())
                });
                *own = median(&calmest(turns)).unwrap_or(f64::NAN);
            }
            tempo = Self::given(&timed, &own, history.segments().len())?;
        }
        Some(tempo)
    }

    /// The tempo if this is what subjects take by themselves.
    fn given(timed: &[Timed], own: &[f64], segments: usize) -> Option<Self> {
        let mut rest: Vec<Vec<(u64, f64)>> = vec![Vec::new(); segments];
        for timed in timed {
            rest[timed.segment].push((timed.at_ns, timed.ln_ns - own[timed.series]));
        }
        let segments: Vec<Levels> = rest.iter().map(|rest| Levels::of(rest, WINDOW)).collect();
        let all: Vec<f64> = segments.iter().flat_map(Levels::values).collect();
        let limit = quantile(&all, CALM_QUANTILE)? + CALM_RATIO.ln();
        let calm: Vec<f64> = all.into_iter().filter(|level| *level <= limit).collect();
        Some(Self { segments, limit, calm: median(&calm)? })
    }

    /// The tempo at a moment; unknown in a segment without a turn.
    pub(super) fn at(&self, segment: usize, at_ns: f64) -> Moment {
        let level = self.segments.get(segment).and_then(|levels| levels.at(at_ns));
        level.map_or(Moment::UNKNOWN, |level| Moment {
            slowness: (level - self.calm).exp(),
            beyond_calm: level - self.limit,
        })
    }

    /// A summary.
    fn report(&self) -> TempoReport {
        let levels: Vec<f64> = self.segments.iter().flat_map(Levels::values).collect();
        let calm = levels.iter().filter(|level| **level <= self.limit).count();
        let slow = quantile(&levels, 0.9).unwrap_or(self.calm);
        TempoReport {
            calm_share: calm as f64 / levels.len().max(1) as f64,
            slow_ratio: (slow - self.calm).exp(),
        }
    }
}

impl TempoReport {
    /// The tempo of a history's machine; `None` if it has too few subjects to tell.
    #[must_use]
    pub fn of(history: &History) -> Option<Self> {
        Tempo::of(history).map(|tempo| tempo.report())
    }
}

/// Which turns count, in the history's order: the calm ones, or their subject's calmest where few were calm; all where there
/// are too few subjects to tell.
#[must_use]
pub fn turns_that_count(history: &History) -> Vec<bool> {
    let Some(tempo) = Tempo::of(history) else { return vec![true; history.bursts().count()] };
    let mut by_subject: BTreeMap<usize, Vec<(Moment, usize)>> = BTreeMap::new();
    let mut count = 0;
    for (segment, recorded) in history.segments().iter().enumerate() {
        for burst in &recorded.bursts {
            let moment = tempo.at(segment, middle_ns(burst) as f64);
            by_subject.entry(burst.subject).or_default().push((moment, count));
            count += 1;
        }
    }
    let mut counts = vec![false; count];
    by_subject
        .into_values()
        .flat_map(|turns| calmest(turns.into_iter()))
        .for_each(|index| counts[index] = true);
    counts
}

/// What belongs to calm moments, or to the calmest ones where few were calm.
pub(super) fn calmest<T>(turns: impl Iterator<Item = (Moment, T)>) -> Vec<T> {
    let mut turns: Vec<(Moment, T)> = turns.collect();
    turns.sort_by(|(a, _), (b, _)| a.beyond_calm.total_cmp(&b.beyond_calm));
    let calm = turns.partition_point(|(moment, _)| moment.beyond_calm <= 0.0);
    turns.truncate(calm.max(FEWEST_CALM));
    turns.into_iter().map(|(_, value)| value).collect()
}

/// Every turn's hot and cold time, as far as they were undisturbed, in order.
fn timed(history: &History) -> Vec<Timed> {
    let mut all = Vec::new();
    for (segment, recorded) in history.segments().iter().enumerate() {
        for burst in &recorded.bursts {
            for (state, samples) in [&burst.hot, &burst.cold].into_iter().enumerate() {
                all.extend(ln_median(samples).map(|ln_ns| Timed {
                    segment,
                    at_ns: middle_ns(burst),
                    series: 2 * burst.subject + state,
                    ln_ns,
                }));
            }
        }
    }
    all
}

/// The moment that stands for a turn.
pub(super) fn middle_ns(burst: &Burst) -> u64 {
    burst.at_ns + burst.took_ns / 2
}

fn ln_median(samples: &Samples) -> Option<f64> {
    let kept: Vec<f64> = samples.kept.iter().map(|raw| raw.0).collect();
    median(&kept).filter(|ns| *ns > 0.0).map(f64::ln)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{clock::ClockQuality, drift::RawNs, history::Entry};
    use super::*;

    const TURN_NS: u64 = 10_000_000;

    /// Rounds of turns of 10 ms; subject `s` takes 1000·(s + 1) ns hot, twice that cold, times `slow(round, subject)`.
    fn history(subjects: usize, rounds: u32, slow: impl Fn(u32, usize) -> f64) -> History {
        let mut history = History::default();
        history.push(Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }).unwrap();
        for round in 0..rounds {
            for subject in 0..subjects {
                let turn = u64::from(round) * subjects as u64 + subject as u64;
                let ns = 1000.0 * (subject + 1) as f64 * slow(round, subject);
                let samples = |ns: f64| Samples { kept: vec![RawNs(ns)], dropped: vec![] };
                let burst = Burst {
                    subject,
                    round,
                    at_ns: turn * TURN_NS,
                    took_ns: TURN_NS,
                    repeats: 1,
                    cold: samples(2.0 * ns),
                    settling_ns: 0,
                    hot: samples(ns),
                };
                history.push(Entry::Burst(burst)).unwrap();
            }
        }
        history
    }

    /// Of a round's middle.
    fn slowness(tempo: &Tempo, subjects: u64, round: u64) -> f64 {
        tempo.at(0, ((round * subjects + subjects / 2) * TURN_NS) as f64).slowness
    }

    #[test]
    fn slow_phases_are_found_and_calm_ones_are_the_measure() {
        // Rounds of 0.4 s; rounds 10 to 24 of 40 take 1.5 times as long, which is half a session's calm and no quartile.
        let slow = |round, _| if (10..25).contains(&round) { 1.5 } else { 1.0 };
        let tempo = Tempo::of(&history(40, 40, slow)).unwrap();
        let found = [5, 12, 20, 30].map(|round| slowness(&tempo, 40, round));
        for (found, expected) in found.into_iter().zip([1.0, 1.5, 1.5, 1.0]) {
            assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
        }
        let report = tempo.report();
        // 25 of 40 rounds, but for the windows across the borders.
        assert!((report.calm_share - 0.625).abs() < 0.02 && (report.slow_ratio - 1.5).abs() < 1e-9);
    }

    #[test]
    fn one_subject_that_is_slow_for_a_while_is_not_the_machine() {
        let slow = |round, subject| if subject == 3 && round >= 10 { 2.0 } else { 1.0 };
        let tempo = Tempo::of(&history(20, 30, slow)).unwrap();
        assert!((slowness(&tempo, 20, 25) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn turns_of_slow_phases_do_not_count() {
        // 40 subjects, 40 rounds; rounds 10 to 24 are slow, but for the windows of a quarter of a second across the borders.
        let slow = |round, _| if (10..25).contains(&round) { 1.5 } else { 1.0 };
        let counts = turns_that_count(&history(40, 40, slow));
        let of_round = |round: usize| counts[40 * round..40 * (round + 1)].iter().filter(|c| **c).count();
        assert_eq!([5, 12, 20, 30].map(of_round), [40, 0, 0, 40]);
        assert_eq!(turns_that_count(&history(2, 3, |_, _| 1.0)), [true; 6]);
    }

    #[test]
    fn few_subjects_cannot_tell() {
        assert_eq!(Tempo::of(&history(11, 30, |_, _| 1.0)), None);
        assert!(Tempo::of(&history(12, 30, |_, _| 1.0)).is_some());
        assert_eq!(TempoReport::of(&History::default()), None);
    }

    #[test]
    fn the_calmest_count_where_few_are_calm() {
        let beyond = |beyond_calm| Moment { slowness: 1.0, beyond_calm };
        // Only the first is calm, so the twelve calmest: values 0 to 11.
        let turns = (0..30).map(|i| (beyond(0.1 * f64::from(i)), f64::from(i)));
        assert_eq!(calmest(turns), (0..12).map(f64::from).collect::<Vec<_>>());
        assert_eq!(calmest((0..30).map(|i| (Moment::UNKNOWN, f64::from(i)))).len(), 30);
    }

    #[test]
    fn the_median_of_calm_moments_is_one() {
        // Phases of 3.2 s in turns 1.00, 1.02, 1.04 and 2.00 times as long: the quartile is at 1.00 to 1.02, calm are the
        // first three, their median is 1.02.
        let slow = |round: u32, _: usize| [1.0, 1.02, 1.04, 2.0][(round / 8 % 4) as usize];
        let tempo = Tempo::of(&history(40, 64, slow)).unwrap();
        for (round, expected) in [(4, 1.0 / 1.02), (12, 1.0), (20, 1.04 / 1.02), (28, 2.0 / 1.02)] {
            let found = slowness(&tempo, 40, round);
            assert!((found - expected).abs() < 0.003, "{found} for {expected}");
        }
        let beyond = |round: u64| tempo.at(0, ((round * 40 + 20) * TURN_NS) as f64).beyond_calm;
        assert!(beyond(20) < 0.0 && beyond(28) > 0.5);
    }
}
