//! Who needs more rounds, and how long that will take.

use super::summary::{Centre, SubjectTurns, Turns};
use super::{History, MeasureError, Protocol};

/// What a subject still needs, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Both cache states are within the target.
    Nothing,
    /// It had all the rounds it may have.
    NoMoreRounds,
    /// Only its first, cold, run.
    Cold,
    /// Its cold run and hot ones.
    ColdAndHot,
}

/// Where all subjects stand after a round.
pub(super) struct Convergence {
    pub(super) needs: Vec<Need>,
    /// Estimate of the time that the open subjects' turns will take; `None` before there are intervals.
    pub(super) left_ns: Option<u64>,
    /// Whether the machine was slower all the time than it is known to be.
    pub(super) is_slow: bool,
}

impl Convergence {
    pub(super) fn of(history: &History, subjects: usize, protocol: &Protocol) -> Result<Self, MeasureError> {
        let turns = protocol.speeds.iter().map(|speed| Turns::of(history, subjects, *speed));
        Ok(Self::judge(&turns.collect::<Result<Vec<_>, _>>()?, subjects, protocol))
    }

    /// Given the turns at every speed that is asked for.
    pub(super) fn judge(turns: &[Turns], subjects: usize, protocol: &Protocol) -> Self {
        let mut needs = Vec::with_capacity(subjects);
        let mut left_ns = Some(0.0);
        for subject in 0..subjects {
            let at_speeds = turns.iter().map(|turns| judge(&turns.by_subject[subject], protocol));
            let (need, left) = at_speeds.fold((Need::Nothing, Some(0.0)), |(need, left), (other, more)| {
                (need.max(other), left.zip(more).map(|(left, more): (f64, f64)| left.max(more)))
            });
            needs.push(need);
            left_ns = left_ns.zip(left).map(|(sum, left)| sum + left);
        }
        let is_slow = turns.iter().flat_map(|turns| &turns.by_subject).any(|turns| turns.is_slow);
        Self { needs, left_ns: left_ns.map(|ns| ns as u64), is_slow }
    }

    /// Everyone takes part again, for so long.
    pub(super) fn reopened(mut self, left_ns: u64) -> Self {
        self.needs.fill(Need::ColdAndHot);
        Self { left_ns: Some(left_ns), ..self }
    }

    pub(super) fn is_open(&self, subject: usize) -> bool {
        matches!(self.needs[subject], Need::Cold | Need::ColdAndHot)
    }

    pub(super) fn open(&self) -> Vec<usize> {
        (0..self.needs.len()).filter(|subject| self.is_open(*subject)).collect()
    }

    pub(super) fn finished(&self) -> Vec<usize> {
        (0..self.needs.len()).filter(|subject| !self.is_open(*subject)).collect()
    }

    /// Whether the caches are evicted before the turns of these subjects. Cold runs alone leave most of the caches as they were:
    /// subjects that take hot runs are counted.
    pub(super) fn are_evicted(&self, members: &[usize], protocol: &Protocol) -> bool {
        let whole = members.iter().filter(|subject| self.needs[**subject] == Need::ColdAndHot);
        whole.count() < protocol.min_round_size
    }

    pub(super) fn all_within_target(&self) -> bool {
        self.needs.iter().all(|need| *need == Need::Nothing)
    }
}

fn judge(turns: &SubjectTurns, protocol: &Protocol) -> (Need, Option<f64>) {
    let hot = Centre::of(&turns.hot, turns.is_slow, protocol);
    let cold = Centre::of(&turns.cold, turns.is_slow, protocol);
    let within = |centre: &Option<Centre>| {
        centre.as_ref().is_some_and(|c| c.within_target && c.corrected.len() as u32 >= turns_wanted(protocol))
    };
    let need = if turns.count < protocol.min_rounds {
        Need::ColdAndHot
    } else if within(&hot) && within(&cold) {
        Need::Nothing
    } else if turns.count >= protocol.max_rounds {
        Need::NoMoreRounds
    } else if within(&hot) {
        Need::Cold
    } else {
        Need::ColdAndHot
    };
    match need {
        Need::Nothing | Need::NoMoreRounds => (need, Some(0.0)),
        Need::Cold | Need::ColdAndHot => {
            let wanted = [&hot, &cold].map(|centre| rounds_wanted(centre, turns.count, protocol));
            let left = wanted[0].zip(wanted[1]).map(|(hot, cold)| {
                let rounds = hot.max(cold).clamp(protocol.min_rounds.into(), protocol.max_rounds.into());
                let more = (rounds - f64::from(turns.count)).max(1.0);
                more * turns.took_ns as f64 / f64::from(turns.count.max(1))
            });
            (need, left)
        }
    }
}

/// Turns at the chosen speed that a figure rests on at least: on a machine that often has another one, half of
/// the fewest rounds.
fn turns_wanted(protocol: &Protocol) -> u32 {
    const FEWEST: u32 = 6;
    (protocol.min_rounds / 2).max(FEWEST)
}

/// The interval narrows with the root of the number of turns.
fn rounds_wanted(centre: &Option<Centre>, turns: u32, protocol: &Protocol) -> Option<f64> {
    let centre = centre.as_ref()?;
    let width = centre.interval?.relative_half_width(centre.latency);
    let missing = f64::from(turns_wanted(protocol)) / centre.corrected.len().max(1) as f64;
    Some(f64::from(turns) * (width / protocol.target_half_width).powi(2).max(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixtures::{history, turn};

    /// Turns of 1000 ns of one subject with these (cold, hot) samples.
    fn convergence(turns: &[(f64, f64)], protocol: &Protocol) -> Convergence {
        let turn = |(round, ns): (usize, &_)| turn(0, round as u32, round as u64 * 1000, *ns);
        let history = history(turns.iter().enumerate().map(turn));
        Convergence::of(&history, 1, protocol).unwrap()
    }

    #[test]
    fn steady_subjects_finish_after_the_fewest_rounds() {
        let protocol = Protocol { min_rounds: 8, ..Protocol::brief() };
        assert_eq!(convergence(&[(20.0, 10.0); 7], &protocol).needs, [Need::ColdAndHot]);
        let done = convergence(&[(20.0, 10.0); 8], &protocol);
        assert_eq!(done.needs, [Need::Nothing]);
        assert!(done.all_within_target());
        assert_eq!(done.left_ns, Some(0));
    }

    #[test]
    fn noisy_cold_runs_alone_are_continued() {
        // Cold alternates 100, 120: two off each end leave 100, 100, 120, 120, mean 110. Squares 8·100 = 800, of four:
        // √(800 / 12) = 8.165, t(0.975, 3) = 3.182: half width 25.98, 23.6 % > 2 %.
        let turns: Vec<(f64, f64)> = (0..8).map(|i| (100.0 + 20.0 * f64::from(i % 2), 10.0)).collect();
        let protocol = Protocol::brief();
        let open = convergence(&turns, &protocol);
        assert_eq!(open.needs, [Need::Cold]);
        assert_eq!(open.open(), [0]);
        // Rounds wanted: 8 · (25.98/110 / 0.02)² = 1116, but 200 at most: 192 more turns of 1000 ns.
        let left = open.left_ns.unwrap();
        assert_eq!(left, 192_000);
        let spent = Protocol { max_rounds: 8, ..protocol };
        assert_eq!(convergence(&turns, &spent).needs, [Need::NoMoreRounds]);
        assert!(!convergence(&turns, &spent).all_within_target());
    }

    #[test]
    fn unmeasured_subjects_are_open_without_an_estimate() {
        let fresh = convergence(&[], &Protocol::brief());
        assert_eq!((fresh.needs, fresh.left_ns), (vec![Need::ColdAndHot], None));
    }

    #[test]
    fn rounds_of_few_whole_turns_are_evicted_however_many_take_part() {
        let convergence = |needs: Vec<Need>| Convergence { needs, left_ns: None, is_slow: false };
        let protocol = Protocol { min_round_size: 2, ..Protocol::brief() };
        let three = [0, 1, 2];
        assert!(!convergence(vec![Need::ColdAndHot; 3]).are_evicted(&three, &protocol));
        assert!(
            !convergence(vec![Need::ColdAndHot, Need::Cold, Need::ColdAndHot]).are_evicted(&three, &protocol)
        );
        assert!(convergence(vec![Need::Cold, Need::Cold, Need::ColdAndHot]).are_evicted(&three, &protocol));
        assert!(convergence(vec![Need::ColdAndHot; 3]).are_evicted(&[1], &protocol));
    }
}
