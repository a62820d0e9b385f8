//! The speeds that a machine really has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::density::Density;
use crate::spec::named;

/// Which of a machine's speeds figures are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// The fastest that it really has: what the hardware does when nobody else slows it.
    #[default]
    Fast,
    /// The one that it has most of the time: on a phone what heat and the governor leave.
    Sustained,
}

named!(Speed, "speed of a machine", Fast = "fast", Sustained = "sustained");

/// A speed of the machine: a heap in the distribution of how long everything took over what it takes by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mode {
    /// Where the heap is highest, as the natural logarithm of how long everything took.
    pub(super) level: f64,
    /// Times from here on belong to it.
    pub(super) from: f64,
    /// Times below this belong to it.
    pub(super) below: f64,
    /// Of all turns and readings.
    pub(super) share: f64,
    /// How many.
    pub(super) turns: usize,
}

impl Mode {
    pub(super) fn holds(&self, rest: f64) -> bool {
        self.from <= rest && rest < self.below
    }

    /// The same with all times longer by so much.
    pub(super) fn shifted(self, by: f64) -> Self {
        Self { level: self.level + by, from: self.from + by, below: self.below + by, ..self }
    }
}

/// Blurring of the distribution, as a natural logarithm: heaps closer than about three times this are one.
const WIDTH: f64 = 0.03;
/// A valley that is so high against the lower peak, and what chance may add to it, parts nothing.
const SHALLOW: f64 = 0.75;
/// A mode has at least so many turns and readings.
const FEWEST: usize = 12;
/// How much rarer than among independent turns leaving a mode is, at least: modes last.
const LASTING: f64 = 0.2;

/// The modes of what was timed, fastest first: `(who, ln of how long it took over what it takes by itself)` in order of time.
///
/// A heap is a peak of the smoothed distribution that a valley parts from the next: lower than three quarters of the lower of both
/// peaks, and by more than chance makes (`valley + 2·√valley`, in turns). A heap is a mode if twelve turns or readings, of three
/// different subjects where there are as many, none of which has more than half of them, are in it, and if it lasts: whoever
/// is in it is followed by another of it more often than by chance. Other heaps belong to the nearest mode. Never empty: without
/// any mode all is one.
pub(super) fn modes(rests: &[(usize, f64)]) -> Vec<Mode> {
    let everything =
        |level| Mode { level, from: f64::NEG_INFINITY, below: f64::INFINITY, share: 1.0, turns: rests.len() };
    let weighted: Vec<(f64, f64)> = rests.iter().map(|(_, rest)| (*rest, 1.0)).collect();
    let Some(density) = Density::of(&weighted, WIDTH) else { return vec![everything(0.0)] };
    let subjects = rests.iter().map(|(who, _)| who).collect::<std::collections::BTreeSet<_>>().len();
    let heaps = heaps(&density, rests);
    let level = heaps.iter().max_by_key(|heap| heap.turns).map_or(0.0, |heap| heap.level);
    let mut real: Vec<Mode> = heaps.into_iter().filter(|heap| is_real(heap, rests, subjects)).collect();
    if real.is_empty() {
        return vec![everything(level)];
    }
    // What lies between two modes goes to the nearer one; the ends are open.
    let last = real.len() - 1;
    for next in 1..=last {
        let border = (real[next - 1].below + real[next].from) / 2.0;
        (real[next - 1].below, real[next].from) = (border, border);
    }
    (real[0].from, real[last].below) = (f64::NEG_INFINITY, f64::INFINITY);
    for mode in &mut real {
        mode.turns = rests.iter().filter(|(_, rest)| mode.holds(*rest)).count();
        mode.share = mode.turns as f64 / rests.len() as f64;
    }
    real
}

/// Heaps that valleys part, fastest first.
fn heaps(density: &Density, rests: &[(usize, f64)]) -> Vec<Mode> {
    let mut peaks = density.peaks();
    loop {
        // The shallowest valley that parts nothing.
        let shallow = peaks.windows(2).enumerate().filter_map(|(index, pair)| {
            let lower = density.height(pair[0]).min(density.height(pair[1]));
            let valley = density.height(density.valley(pair[0], pair[1]));
            let depth = (valley + 2.0 * valley.sqrt()) / lower;
            (depth >= SHALLOW).then_some((depth, index))
        });
        let Some((_, index)) = shallow.max_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        let first_is_lower = density.height(peaks[index]) < density.height(peaks[index + 1]);
        peaks.remove(if first_is_lower { index } else { index + 1 });
    }
    let borders: Vec<f64> =
        peaks.windows(2).map(|pair| density.value(density.valley(pair[0], pair[1]))).collect();
    let heap = |(index, peak): (usize, &usize)| {
        let from = if index == 0 { f64::NEG_INFINITY } else { borders[index - 1] };
        let below = borders.get(index).copied().unwrap_or(f64::INFINITY);
        let heap = Mode { level: density.value(*peak), from, below, share: 0.0, turns: 0 };
        let turns = rests.iter().filter(|(_, rest)| heap.holds(*rest)).count();
        Mode { turns, share: turns as f64 / rests.len() as f64, ..heap }
    };
    peaks.iter().enumerate().map(heap).collect()
}

fn is_real(heap: &Mode, rests: &[(usize, f64)], subjects: usize) -> bool {
    if heap.turns < FEWEST {
        return false;
    }
    let mut by_subject: BTreeMap<usize, usize> = BTreeMap::new();
    rests
        .iter()
        .filter(|(_, rest)| heap.holds(*rest))
        .for_each(|(who, _)| *by_subject.entry(*who).or_default() += 1);
    let most = by_subject.values().max().copied().unwrap_or(0);
    if subjects >= 3 && (by_subject.len() < 3 || 2 * most > heap.turns) {
        return false;
    }
    let left: Vec<bool> =
        rests.windows(2).filter(|pair| heap.holds(pair[0].1)).map(|pair| !heap.holds(pair[1].1)).collect();
    let leaves = left.iter().filter(|left| **left).count() as f64;
    leaves <= left.len() as f64 * (1.0 - LASTING) * (1.0 - heap.share)
}

#[cfg(test)]
mod tests;
