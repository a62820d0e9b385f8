//! The slowdown as a history's hot times say it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Moment, calmest};
use crate::measure::density::Density;
use crate::measure::levels::{Levels, Window};
use crate::measure::modes::{Mode, modes};
use crate::measure::{Speed, median, quantile};

/// Something that was timed.
pub(super) struct Timed {
    pub(super) segment: usize,
    pub(super) at_ns: u64,
    /// The subject, or from [`REFERENCE`](super::REFERENCE) down the reference.
    pub(super) who: usize,
    pub(super) ln_ns: f64,
}

/// For finding modes: long enough to have many subjects.
const COARSE: Window = Window { reach_ns: 250_000_000, fewest: 15, step_ns: 60_000_000 };
/// For the slowness within a mode: replayed sessions of one machine agree best with this one (half and twice are nearly as good).
const FINE: Window = Window { reach_ns: 100_000_000, fewest: 5, step_ns: 10_000_000 };
const PASSES: usize = 5;
/// Blurring of the distribution of slownesses, as a natural logarithm.
const CALM_WIDTH: f64 = 0.01;
/// A peak of it that is so high against the highest is one.
const CALM_PEAK: f64 = 0.3;
/// Slower than at that peak by at most this factor is calm.
const CALM_RATIO: f64 = 1.10;
/// Of its turns, more than so large a share seem to be of the chosen mode than were by what was timed around them: it never had the mode.
const MISPLACED: f64 = 0.5;
/// Of a mode, so that a subject's own place in it is known.
const FEWEST_OF_MODE: usize = 3;

/// What each takes by itself, as a natural logarithm.
type Own = BTreeMap<usize, f64>;

/// The slowdown as a history's hot times say it.
///
/// The model is `ln t = own(subject) + slowness(moment)`. It is fitted by medians in turns (Tukey's median polish), which
/// shows the machine's [modes](modes); then again to the turns of the chosen one alone. The slowness of a moment is the median, over
/// the mode's turns and readings within a tenth of a second, of how much longer they took than their subjects do. It is
/// 1 at the first peak of its distribution that is at least 0.3 times as high as the highest (every subject counts alike, however
/// often it was timed): disturbances only ever slow down, so calm moments are the fastest ones that come often. Calm are those
/// at most 10 % slower.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Track {
    /// Natural logarithm of what each takes at the chosen speed.
    pub(super) own: Own,
    /// Fastest first.
    pub(super) modes: Vec<Mode>,
    chosen: Mode,
    pub(super) segments: Vec<Segment>,
    /// The level that is 1.
    pub(super) calm: f64,
}

/// Natural logarithms of the time over what it is at the chosen speed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Segment {
    /// Of the chosen mode's turns and readings.
    pub(super) chosen: Levels,
    /// Of all.
    pub(super) all: Levels,
}

impl Track {
    pub(super) fn of(timed: &[Timed], segments: usize, speed: Speed, fewest: usize) -> Option<Self> {
        let timings = Timings::of(timed, segments);
        if timings.by_who.len() < fewest {
            return None;
        }
        let mut own = timings.aligned()?;
        let mut found = Vec::new();
        let mut chosen = None;
        for _ in 0..FEWEST_OF_MODE {
            found = modes(&timings.rests(&own)?);
            let mode = choose(&found, speed)?;
            for (who, indices) in &timings.by_who {
                let own = own.get_mut(who)?;
                let rests = indices.iter().map(|index| timed[*index].ln_ns - *own);
                let inside: Vec<f64> = rests.filter(|rest| mode.holds(*rest)).collect();
                let is_known = inside.len() >= FEWEST_OF_MODE;
                *own += median(&inside).filter(|_| is_known).unwrap_or(mode.level);
            }
            found = found.into_iter().map(|other| other.shifted(-mode.level)).collect();
            chosen = Some(mode.shifted(-mode.level));
        }
        let without = timings.correct_misplaced(&mut own, &chosen?)?;
        let mut track = Self { own, modes: found, chosen: chosen?, segments: Vec::new(), calm: 0.0 };
        let is_inside = |timed: &Timed| {
            track.chosen.holds(timed.ln_ns - track.own[&timed.who]) && !without.contains(&timed.who)
        };
        let inside: Vec<bool> = timed.iter().map(is_inside).collect();
        for _ in 0..PASSES {
            track.follow(&timings, &inside)?;
        }
        Some(track)
    }

    /// Fits slowness, then what subjects take by themselves, to the chosen mode's turns.
    fn follow(&mut self, Timings { timed, by_who, segments }: &Timings, inside: &[bool]) -> Option<()> {
        let mut rests = vec![(Vec::new(), Vec::new()); *segments];
        for (timed, inside) in timed.iter().zip(inside) {
            let rest = (timed.at_ns, timed.ln_ns - self.own.get(&timed.who)?);
            let (chosen, all) = &mut rests[timed.segment];
            all.push(rest);
            chosen.extend(inside.then_some(rest));
        }
        let levels = |(chosen, all): &(Vec<_>, Vec<_>)| Segment {
            chosen: Levels::of(chosen, FINE),
            all: Levels::of(all, FINE),
        };
        self.segments = rests.iter().map(levels).collect();
        let slowness = |index: usize| {
            let timed = &timed[index];
            self.segments[timed.segment].chosen.at(timed.at_ns as f64)
        };
        let mut weighted = Vec::with_capacity(timed.len());
        for indices in by_who.values() {
            let known: Vec<f64> =
                indices.iter().filter(|i| inside[**i]).filter_map(|i| slowness(*i)).collect();
            let weight = 1.0 / known.len().max(1) as f64;
            weighted.extend(known.into_iter().map(|level| (level, weight)));
        }
        self.calm = Density::of(&weighted, CALM_WIDTH)?.first_peak(CALM_PEAK)?;
        for (who, indices) in by_who {
            let turns = indices.iter().filter(|index| inside[**index]).filter_map(|index| {
                let level = slowness(*index)? - self.calm;
                Some((self.moment(level, true), timed[*index].ln_ns - level))
            });
            let turns = calmest(turns, Moment::is_calm);
            if turns.len() >= FEWEST_OF_MODE {
                self.own.insert(*who, median(&turns)?);
            }
        }
        Some(())
    }

    /// The speed at a moment at which somebody took so long, if it is known.
    pub(super) fn at(&self, segment: usize, at_ns: f64, who: usize, ln_ns: Option<f64>) -> Moment {
        let Some(levels) = self.segments.get(segment) else { return Moment::UNKNOWN };
        let own = self.own.get(&who);
        let rest = own.zip(ln_ns).map(|(own, ln_ns)| ln_ns - own);
        let Some(rest) = rest.or_else(|| levels.all.near(at_ns, COARSE.reach_ns)) else {
            return if self.modes.len() > 1 { Moment::AT_ANY_SPEED } else { Moment::UNKNOWN };
        };
        let is_chosen = self.chosen.holds(rest);
        let chosen = levels.chosen.at(at_ns).filter(|_| is_chosen);
        match chosen.or_else(|| levels.all.at(at_ns)) {
            Some(level) => self.moment(level - self.calm, is_chosen),
            None => Moment::UNKNOWN,
        }
    }

    fn moment(&self, level: f64, is_chosen: bool) -> Moment {
        Moment { slowness: level.exp(), beyond_calm: level - CALM_RATIO.ln(), is_chosen }
    }
}

/// Everything that was timed, in order of time.
struct Timings<'a> {
    timed: &'a [Timed],
    /// Places in `timed`.
    by_who: BTreeMap<usize, Vec<usize>>,
    segments: usize,
}

impl<'a> Timings<'a> {
    fn of(timed: &'a [Timed], segments: usize) -> Self {
        let mut by_who: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        timed.iter().enumerate().for_each(|(index, timed)| by_who.entry(timed.who).or_default().push(index));
        Self { timed, by_who, segments }
    }

    /// What each takes by itself, so that the machine's modes are distinguished: by medians in turns; where that shows one mode only,
    /// by that low quantile of its own times which shows fewest, if more than one. Where subjects feel a slower mode differently, by a
    /// third or by nine tenths, say, and it is the most frequent one, medians bring their times together there and scatter those of
    /// the fast mode.
    fn aligned(&self) -> Option<Own> {
        const LOW: [f64; 3] = [0.05, 0.1, 0.2];
        let own = self.polished()?;
        if modes(&self.rests(&own)?).len() > 1 {
            return Some(own);
        }
        let lows = LOW.into_iter().filter_map(|q| {
            let low = |(who, indices): (&usize, &Vec<usize>)| {
                let times: Vec<f64> = indices.iter().map(|index| self.timed[*index].ln_ns).collect();
                Some((*who, quantile(&times, q)?))
            };
            let own = self.by_who.iter().map(low).collect::<Option<Own>>()?;
            Some((modes(&self.rests(&own)?).len(), own))
        });
        let fewest = lows.filter(|(count, _)| *count > 1).min_by_key(|(count, _)| *count);
        Some(fewest.map_or(own, |(_, low)| low))
    }

    /// Corrects what those take by themselves who never had the chosen mode: their own times cannot show it, so that they passed for
    /// having had it at a slower one; they are given back. Most of the turns that seem to be of the mode are then at moments when all
    /// others were at another.
    fn correct_misplaced(&self, own: &mut Own, chosen: &Mode) -> Option<BTreeSet<usize>> {
        let mut misplaced = BTreeSet::new();
        let levels = self.levels(own, FINE)?;
        for (who, indices) in &self.by_who {
            let own = own.get_mut(who)?;
            let turns = indices.iter().map(|index| &self.timed[*index]);
            let around = |turn: &Timed| levels[turn.segment].at(turn.at_ns as f64);
            let all: Vec<(bool, f64)> =
                turns.filter_map(|turn| Some((chosen.holds(turn.ln_ns - *own), around(turn)?))).collect();
            let seem: Vec<f64> = all.iter().filter(|(seems, _)| *seems).map(|(_, level)| *level).collect();
            let are = all.iter().filter(|(_, level)| chosen.holds(*level)).count();
            if seem.len() as f64 - are as f64 > MISPLACED * all.len() as f64 {
                *own -= median(&seem)?;
                misplaced.insert(*who);
            }
        }
        Some(misplaced)
    }

    /// How much longer everything took than it takes by itself, in order of time.
    fn rests(&self, own: &Own) -> Option<Vec<(usize, f64)>> {
        self.timed.iter().map(|timed| Some((timed.who, timed.ln_ns - own.get(&timed.who)?))).collect()
    }

    /// The same at each moment, by segment.
    fn levels(&self, own: &Own, window: Window) -> Option<Vec<Levels>> {
        let mut rests: Vec<Vec<(u64, f64)>> = vec![Vec::new(); self.segments];
        for timed in self.timed {
            rests[timed.segment].push((timed.at_ns, timed.ln_ns - own.get(&timed.who)?));
        }
        Some(rests.iter().map(|rests| Levels::of(rests, window)).collect())
    }

    /// What each takes by itself, by medians in turns, whatever the mode.
    fn polished(&self) -> Option<Own> {
        let mut slowness = vec![0.0; self.timed.len()];
        let mut own = Own::new();
        for _ in 0..PASSES {
            for (who, indices) in &self.by_who {
                let rests = indices.iter().map(|index| self.timed[*index].ln_ns - slowness[*index]);
                own.insert(*who, median(&rests.collect::<Vec<f64>>())?);
            }
            let levels = self.levels(&own, COARSE)?;
            for (slowness, timed) in slowness.iter_mut().zip(self.timed) {
                *slowness = levels[timed.segment].at(timed.at_ns as f64)?;
            }
        }
        Some(own)
    }
}

fn choose(modes: &[Mode], speed: Speed) -> Option<Mode> {
    match speed {
        Speed::Fast => modes.first().copied(),
        Speed::Sustained => modes.iter().max_by_key(|mode| mode.turns).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_never_had_the_speed_does_not_pass_for_having_it() {
        // 20 in turns, 10 ms each; three rounds of four are slow. What it takes by itself is 0 for all, but what the seventh shows is the
        // slow speed's, and none of its turns was fast.
        let slow = |round: u64, who: usize| who == 7 || !round.is_multiple_of(4);
        let turns = (0..40_u64).flat_map(|round| (0..20).map(move |who| (round, who)));
        let timed = turns.map(|(round, who)| Timed {
            segment: 0,
            at_ns: (20 * round + who as u64) * 10_000_000,
            who,
            ln_ns: if slow(round, who) { 0.3 } else { 0.0 },
        });
        let timed: Vec<Timed> = timed.collect();
        let timings = Timings::of(&timed, 1);
        let mut own: Own = (0..20).map(|who| (who, if who == 7 { 0.3 } else { 0.0 })).collect();
        let fast = choose(&modes(&timings.rests(&own).unwrap()), Speed::Fast).unwrap();
        let misplaced = timings.correct_misplaced(&mut own, &fast).unwrap();
        assert_eq!(misplaced, BTreeSet::from([7]));
        assert!(own.values().all(|own| own.abs() < 1e-9), "{own:?}");
    }
}
