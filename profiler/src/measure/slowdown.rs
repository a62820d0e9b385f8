//! How fast the machine was at each moment, as everything that was timed says.

mod report;
mod track;

use std::collections::BTreeMap;

use track::{Timed, Track};

use super::{History, Samples, Segment, Speed, Turn, median};

pub use report::{ModeReport, ReferenceLevel, drift_report, reference_levels, speeds};

/// By how much the machine slowed everything down, over a history, against one of its speeds.
///
/// What slows one subject slows the others: a neighbour on the same core or caches, a lower clock. Hot runs say it, and the
/// readings of the references; what a cold run finds in the caches depends on who was there before, and says nothing of how fast
/// hot runs would be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slowdown(Track);

/// The machine's speed at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// How many times as long as in calm moments of the chosen speed everything took.
    pub(super) slowness: f64,
    /// Natural logarithm of how far that is from what is calm still; 0 or less is calm.
    pub(super) beyond_calm: f64,
    /// Whether the machine had the chosen speed.
    pub(super) is_chosen: bool,
}

impl Moment {
    /// A moment of which nothing is known.
    pub(super) const UNKNOWN: Self = Self { slowness: 1.0, beyond_calm: 0.0, is_chosen: true };
    /// One of a machine of several speeds, when nothing was timed that shows which it had.
    const AT_ANY_SPEED: Self = Self { slowness: 1.0, beyond_calm: f64::INFINITY, is_chosen: false };

    pub(super) fn is_calm(&self) -> bool {
        self.beyond_calm <= 0.0
    }
}

/// A session whose fastest speed takes more than this times as long as the one that its machine is known for is slow. What one
/// reference takes differs by some per cent from session to session, by where its memory happens to lie.
pub const SLOW_RATIO: f64 = 1.10;

/// How many times as long as at its known speed a machine takes, by what each reference says; `None` for none.
///
/// It is the lower middle one: what slows the whole machine slows them all, while a single one is slowed, by 80 % even, where
/// others use the shared cache or where its pages lie badly.
pub fn slower_than_known(mut ratios: Vec<f64>) -> Option<f64> {
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len().saturating_sub(1) / 2).copied()
}

/// Stands for the first reference among subjects; the others are below it.
const REFERENCE: usize = usize::MAX;
/// With fewer subjects and without references, one's own peculiarities would pass for the machine's.
const FEWEST_SUBJECTS: usize = 12;
/// Where fewer turns were calm, so many of the calmest count.
const FEWEST_CALM: usize = 12;

impl Slowdown {
    /// The slowdown of a history against one of its machine's speeds; `None` if too little was timed.
    pub(super) fn of(history: &History, speed: Speed) -> Option<Self> {
        let mut timed = Vec::new();
        let mut has_references = false;
        for (segment, recorded) in history.segments().iter().enumerate() {
            for turn in &recorded.turns {
                let of_turn = |ln_ns| Timed { segment, at_ns: middle_ns(turn), who: turn.subject, ln_ns };
                timed.extend(ln_median(&turn.hot).map(of_turn));
            }
            for reading in &recorded.readings {
                let Some(reference) = reading.reference.filter(|_| reading.took.0 > 0.0) else { continue };
                has_references = true;
                let (who, ln_ns) = (REFERENCE - reference, reading.took.0.ln());
                timed.push(Timed { segment, at_ns: reading.at_ns, who, ln_ns });
            }
        }
        timed.sort_by_key(|timed| (timed.segment, timed.at_ns));
        let fewest = if has_references { 1 } else { FEWEST_SUBJECTS };
        Track::of(&timed, history.segments().len(), speed, fewest).map(Self)
    }

    /// Whether the machine never reached the speed that it is known for, as far as that is known.
    pub(super) fn is_slow(&self, history: &History, speed: Speed) -> bool {
        let known = history.segments().iter().rev().find(|segment| !segment.known_ns.is_empty());
        let known = known.map_or(&[][..], |segment| &segment.known_ns).iter().enumerate();
        let ratio = |(reference, known_ns): (usize, &Option<f64>)| {
            Some(self.0.own.get(&(REFERENCE - reference))?.exp() / (*known_ns)?)
        };
        let ratio = slower_than_known(known.filter_map(ratio).collect());
        speed == Speed::Fast && ratio.is_some_and(|ratio| ratio > SLOW_RATIO)
    }

    /// The machine's speed during a turn.
    pub(super) fn during(&self, segment: usize, turn: &Turn) -> Moment {
        self.0.at(segment, middle_ns(turn) as f64, turn.subject, ln_median(&turn.hot))
    }
}

/// After which turns the machine still had a speed, and was slower than calm by at most this fraction, in the history's order: the turn
/// itself and the next one say so. Where a subject has few such turns, the next one may be at another speed, then its calmest count. All
/// where too little was timed.
pub fn calm_turns(history: &History, speed: Speed, most_slower: f64) -> Vec<bool> {
    let Some(slowdown) = Slowdown::of(history, speed) else { return vec![true; history.turns().count()] };
    let of_segment = |(segment, recorded): (usize, &Segment)| {
        recorded.turns.iter().map(|turn| (turn.subject, slowdown.during(segment, turn))).collect::<Vec<_>>()
    };
    let turns: Vec<(usize, Moment)> = history.segments().iter().enumerate().flat_map(of_segment).collect();
    let is_calm = |moment: &Moment| moment.is_chosen && moment.slowness <= 1.0 + most_slower;
    let mut by_subject: BTreeMap<usize, Vec<(Moment, usize)>> = BTreeMap::new();
    for (index, (subject, moment)) in turns.iter().enumerate() {
        by_subject.entry(*subject).or_default().extend(moment.is_chosen.then_some((*moment, index)));
    }
    let mut counts = vec![false; turns.len()];
    for of_subject in by_subject.into_values() {
        let lasts = |(moment, index): &&(Moment, usize)| {
            is_calm(moment) && turns.get(index + 1).is_none_or(|(_, next)| is_calm(next))
        };
        let lasting: Vec<_> = of_subject.iter().filter(lasts).map(|(_, index)| *index).collect();
        let found =
            if lasting.len() < FEWEST_CALM { calmest(of_subject.into_iter(), is_calm) } else { lasting };
        found.into_iter().for_each(|index| counts[index] = true);
    }
    counts
}

/// What belongs to calm moments, or to the calmest ones where few were calm.
pub(super) fn calmest<T>(
    turns: impl Iterator<Item = (Moment, T)>,
    is_calm: impl Fn(&Moment) -> bool,
) -> Vec<T> {
    let mut turns: Vec<(Moment, T)> = turns.collect();
    turns.sort_by(|(a, _), (b, _)| a.beyond_calm.total_cmp(&b.beyond_calm));
    let calm = turns.partition_point(|(moment, _)| is_calm(moment));
    turns.truncate(calm.max(FEWEST_CALM));
    turns.into_iter().map(|(_, value)| value).collect()
}

/// The moment that stands for a turn.
pub(super) fn middle_ns(turn: &Turn) -> u64 {
    turn.at_ns + turn.took_ns / 2
}

fn ln_median(samples: &Samples) -> Option<f64> {
    let kept: Vec<f64> = samples.kept.iter().map(|raw| raw.0).collect();
    median(&kept).filter(|ns| *ns > 0.0).map(f64::ln)
}

#[cfg(test)]
mod tests;
