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
/// What slows one subject slows the others: a neighbour on the same core or caches, a lower clock. Hot times tell it. Of turns
/// without a hot time a track of its own does: what a cold run finds in the caches depends on who was there before and on
/// whether they were evicted, and says nothing of how fast hot runs would have been.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tempo {
    hot: Track,
    /// Nothing where too few subjects had such turns.
    cold: Option<Track>,
}

/// The tempo as times in one cache state tell it.
///
/// The model is `ln t = own(subject) + slowness(moment)`, fitted by medians in turns (Tukey's median polish): the slowness of
/// a moment is the median, over all turns within a quarter of a second, of how much longer they took than their subjects
/// do. Calm are the moments at most 5 % slower than the lower quartile of a subject's turns, in the middle of the subjects, as
/// disturbances only ever slow down; 1 is the subjects' median of what each had in its calm turns, so that neither a long last
/// phase with few subjects nor a subject with many turns decides what all are measured by. The subjects know better than a
/// reference block, which a neighbour slows less than it slows convolutions.
#[derive(Clone, Debug, PartialEq)]
struct Track {
    /// Natural logarithm of the time over what it is typically, by segment.
    segments: Vec<Levels>,
    /// Moments above this level are not calm.
    limit: f64,
    /// The level that is 1.
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
    subject: usize,
    ln_ns: f64,
}

/// With fewer subjects, one's own peculiarities would pass for the machine's.
const FEWEST_SUBJECTS: usize = 12;
const WINDOW: Window = Window { reach_ns: 250_000_000, fewest: 15 };
const PASSES: usize = 5;
/// Share of a subject's turns that is calm in any session.
const CALM_QUANTILE: f64 = 0.25;
/// Slower than that by at most this factor is calm, too.
const CALM_RATIO: f64 = 1.05;
/// Where fewer turns were calm, so many of the calmest count.
const FEWEST_CALM: usize = 12;

impl Tempo {
    /// The tempo of a history; `None` if it has too few subjects to tell.
    pub(super) fn of(history: &History) -> Option<Self> {
        let (mut hot, mut cold) = (Vec::new(), Vec::new());
        for (segment, recorded) in history.segments().iter().enumerate() {
            for burst in &recorded.bursts {
                let timed = |ln_ns| Timed { segment, at_ns: middle_ns(burst), subject: burst.subject, ln_ns };
                if has_hot_runs(burst) {
                    hot.extend(ln_median(&burst.hot).map(timed));
                } else {
                    cold.extend(ln_median(&burst.cold).map(timed));
                }
            }
        }
        let segments = history.segments().len();
        Some(Self { hot: Track::of(&hot, segments)?, cold: Track::of(&cold, segments) })
    }

    /// The tempo during a turn; unknown in a segment without one that tells.
    pub(super) fn during(&self, segment: usize, burst: &Burst) -> Moment {
        let cold = self.cold.as_ref().filter(|_| !has_hot_runs(burst));
        cold.unwrap_or(&self.hot).at(segment, middle_ns(burst) as f64)
    }

    /// A summary.
    fn report(&self) -> TempoReport {
        self.hot.report()
    }
}

impl Track {
    fn of(timed: &[Timed], segments: usize) -> Option<Self> {
        let mut by_subject: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, timed) in timed.iter().enumerate() {
            by_subject.entry(timed.subject).or_default().push(index);
        }
        if by_subject.len() < FEWEST_SUBJECTS {
            return None;
        }
        let mut own: BTreeMap<usize, f64> = BTreeMap::new();
        for (subject, indices) in &by_subject {
            own.insert(*subject, median(&indices.iter().map(|i| timed[*i].ln_ns).collect::<Vec<_>>())?);
        }
        let mut track = Self::given(timed, &own, segments)?;
        for _ in 1..PASSES {
            for (subject, indices) in &by_subject {
                let turns = indices.iter().map(|index| {
                    let timed = &timed[*index];
                    let moment = track.at(timed.segment, timed.at_ns as f64);
                    (moment, timed.ln_ns - moment.slowness.ln())
                });
                own.insert(*subject, median(&calmest(turns))?);
            }
            track = Self::given(timed, &own, segments)?;
        }
        Some(track)
    }

    /// The tempo if this is what subjects take by themselves.
    fn given(timed: &[Timed], own: &BTreeMap<usize, f64>, segments: usize) -> Option<Self> {
        let mut rest: Vec<Vec<(u64, f64)>> = vec![Vec::new(); segments];
        for timed in timed {
            rest[timed.segment].push((timed.at_ns, timed.ln_ns - own.get(&timed.subject)?));
        }
        let segments: Vec<Levels> = rest.iter().map(|rest| Levels::of(rest, WINDOW)).collect();
        let mut by_subject: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for timed in timed {
            let level = segments[timed.segment].at(timed.at_ns as f64);
            by_subject.entry(timed.subject).or_default().extend(level);
        }
        let quartiles: Vec<f64> =
            by_subject.values().filter_map(|levels| quantile(levels, CALM_QUANTILE)).collect();
        let limit = median(&quartiles)? + CALM_RATIO.ln();
        let of_calm = |levels: &Vec<f64>| {
            median(&levels.iter().copied().filter(|level| *level <= limit).collect::<Vec<_>>())
        };
        let calm: Vec<f64> = by_subject.values().filter_map(of_calm).collect();
        Some(Self { segments, limit, calm: median(&calm)? })
    }

    /// The tempo at a moment; unknown in a segment without a turn.
    fn at(&self, segment: usize, at_ns: f64) -> Moment {
        let level = self.segments.get(segment).and_then(|levels| levels.at(at_ns));
        level.map_or(Moment::UNKNOWN, |level| Moment {
            slowness: (level - self.calm).exp(),
            beyond_calm: level - self.limit,
        })
    }

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
            let moment = tempo.during(segment, burst);
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

/// The moment that stands for a turn.
pub(super) fn middle_ns(burst: &Burst) -> u64 {
    burst.at_ns + burst.took_ns / 2
}

/// Whether it took hot runs, undisturbed ones or not.
fn has_hot_runs(burst: &Burst) -> bool {
    !(burst.hot.kept.is_empty() && burst.hot.dropped.is_empty())
}

fn ln_median(samples: &Samples) -> Option<f64> {
    let kept: Vec<f64> = samples.kept.iter().map(|raw| raw.0).collect();
    median(&kept).filter(|ns| *ns > 0.0).map(f64::ln)
}

#[cfg(test)]
mod tests;
