//! Machines of several speeds, emulated: the estimate must not move with how much of the time each has.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::measure::fixtures::{normal, reading};
use crate::measure::{Protocol, Status, SubjectSummary, summarise};

const SUBJECTS: usize = 30;
/// All feel the slow levels nearly alike.
const ALIKE: (f64, f64) = (0.9, 1.1);

/// A machine that has each of the levels for a share of the time, in stretches of 0.2 to 5 s; all drift by `drift` over the session.
struct Machine<'a> {
    levels: &'a [(f64, f64)],
    drift: f64,
    /// Deviation of the noise of a turn, as a fraction.
    noise: f64,
    /// Of what slow levels add, a subject feels between these fractions.
    feel: (f64, f64),
}

impl<'a> Machine<'a> {
    fn new(levels: &'a [(f64, f64)]) -> Self {
        Self { levels, drift: 0.0, noise: 0.01, feel: ALIKE }
    }

    /// The level of each turn: each has its share to within a stretch, as the one that is furthest behind is next.
    fn levels(&self, random: &mut Pcg64, turns: usize) -> Vec<f64> {
        let mut at_level = Vec::with_capacity(turns);
        let mut had = vec![0.0; self.levels.len()];
        while at_level.len() < turns {
            let behind = |i: usize| self.levels[i].1 * (at_level.len() as f64 + 1.0) - had[i];
            let next = (0..had.len()).max_by(|a, b| behind(*a).total_cmp(&behind(*b))).unwrap();
            let seconds = (5.0 * self.levels[next].1 * random.random::<f64>()).max(0.2);
            let length = ((seconds * 1e9) as u64 / TURN_NS) as usize;
            let length = length.clamp(1, turns - at_level.len());
            had[next] += length as f64;
            at_level.extend(std::iter::repeat_n(self.levels[next].0, length));
        }
        at_level
    }

    /// Rounds of all subjects.
    fn run(&self, seed: u64, rounds: u32) -> History {
        let mut random = Pcg64::seed_from_u64(seed);
        let turns = rounds as usize * SUBJECTS;
        let at_level = self.levels(&mut random, turns);
        let feels: Vec<f64> = (0..SUBJECTS).map(|_| random.random_range(self.feel.0..self.feel.1)).collect();
        let mut history = History::replay([start(), reading(0, 1e5)]).unwrap();
        for (turn, level) in at_level.iter().enumerate() {
            let subject = (turn * 7 + turn / SUBJECTS * 11) % SUBJECTS;
            let slow = 1.0 + (level - 1.0) * feels[subject];
            let drift = 1.0 + self.drift * turn as f64 / turns as f64;
            // Noise only ever slows down; one turn in twenty is disturbed by up to a third more.
            let mut noise = self.noise * normal(&mut random).abs();
            if random.random::<f64>() < 0.05 {
                noise += 0.3 * random.random::<f64>();
            }
            let ns = 1000.0 * (subject + 1) as f64 * slow * drift * (1.0 + noise);
            history.push(Entry::Turn(turn_of(subject, (turn / SUBJECTS) as u32, turn as u64, ns))).unwrap();
        }
        history
    }

    /// Per subject the estimate over the truth, `None` where the figure says that it is no measurement of the fast speed.
    fn estimates(&self, seed: u64, rounds: u32) -> Vec<Option<f64>> {
        let summaries = summarise(&self.run(seed, rounds), SUBJECTS, &Protocol::brief()).unwrap();
        let estimate = |(subject, summary): (usize, &SubjectSummary)| {
            let hot = summary.hot.as_ref().unwrap();
            (hot.status != Status::Scaled).then_some(hot.latency.0 / truth(subject))
        };
        summaries.iter().enumerate().map(estimate).collect()
    }
}

fn truth(subject: usize) -> f64 {
    1000.0 * (subject + 1) as f64
}

fn middle(estimates: &[Option<f64>]) -> f64 {
    median(&estimates.iter().flatten().copied().collect::<Vec<_>>()).unwrap()
}

#[test]
fn the_estimate_does_not_move_with_the_share_of_the_fast_speed() {
    let at_share = |share: f64| Machine::new(&[(1.0, share), (1.75, 1.0 - share)]).estimates(7, 400);
    let quiet = middle(&at_share(1.0));
    for share in [0.08, 0.1, 0.15, 0.25, 0.5, 0.75, 0.9, 0.95] {
        let found = at_share(share);
        let moved = middle(&found) / quiet - 1.0;
        assert!(moved.abs() < 0.02, "at {share}: {moved}");
        let worst = found.iter().flatten().map(|ratio| (ratio / quiet - 1.0).abs()).fold(0.0, f64::max);
        assert!(worst < 0.08 && found.iter().flatten().count() >= SUBJECTS * 9 / 10, "at {share}: {worst}");
    }
}

#[test]
fn where_the_fast_speed_is_rare_the_figures_say_so() {
    // 60 rounds at 3 %: two turns of each subject.
    let machine = Machine::new(&[(1.0, 0.03), (1.75, 0.97)]);
    let history = machine.run(7, 60);
    assert_eq!(speeds(&history).len(), 2);
    let summaries = summarise(&history, SUBJECTS, &Protocol::brief()).unwrap();
    let scaled = |hot: &&crate::measure::Summary| hot.status == Status::Scaled;
    let count = summaries.iter().filter_map(|summary| summary.hot.as_ref()).filter(scaled).count();
    assert!(count >= SUBJECTS * 9 / 10, "{count}");
    // Scaled ones are as far off as subjects feel the slow speed differently.
    for (subject, summary) in summaries.iter().enumerate() {
        let ratio = summary.hot.as_ref().unwrap().latency.0 / truth(subject);
        assert!((0.85..1.15).contains(&ratio), "{subject}: {ratio}");
    }
}

#[test]
fn three_speeds_drift_and_a_tail() {
    let quiet = middle(&Machine::new(&[(1.0, 1.0)]).estimates(7, 300));
    let three = Machine::new(&[(1.0, 0.2), (1.35, 0.3), (1.75, 0.5)]);
    assert!((middle(&three.estimates(7, 300)) / quiet - 1.0).abs() < 0.02);
    assert_eq!(speeds(&three.run(7, 300)).len(), 3);
    // Both speeds get 8 % slower: the figures are at most that much slower than at the start.
    let drifting = Machine { drift: 0.08, ..Machine::new(&[(1.0, 0.3), (1.75, 0.7)]) };
    assert_eq!(speeds(&drifting.run(7, 300)).len(), 2);
    let found = middle(&drifting.estimates(7, 300)) / quiet;
    assert!((0.98..1.08).contains(&found), "{found}");
    // One speed with much noise is one.
    let noisy = Machine { noise: 0.06, ..Machine::new(&[(1.0, 1.0)]) };
    assert_eq!(speeds(&noisy.run(7, 300)).len(), 1);
}

#[test]
fn speeds_are_found_where_subjects_feel_them_differently() {
    // From 1.36 to 1.9 times as slow, as different ops on a hardware thread whose other half is taken.
    let feel = (0.48, 1.2);
    let at_share = |share: f64| {
        let machine = Machine { levels: &[(1.0, share), (1.75, 1.0 - share)], drift: 0.0, noise: 0.03, feel };
        assert!(speeds(&machine.run(7, 400)).len() > 1, "at {share}");
        middle(&machine.estimates(7, 400))
    };
    let quiet = middle(&Machine { levels: &[(1.0, 1.0)], drift: 0.0, noise: 0.03, feel }.estimates(7, 400));
    for share in [0.15, 0.3, 0.5, 0.8] {
        let moved = at_share(share) / quiet - 1.0;
        assert!(moved.abs() < 0.02, "at {share}: {moved}");
    }
}
