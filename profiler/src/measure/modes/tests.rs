use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::measure::fixtures::normal;

/// So many turns of twenty subjects in stretches of so many turns, each at one of the levels by its share; 3 % of noise.
fn stretches(seed: u64, turns: usize, length: usize, levels: &[(f64, f64)]) -> Vec<(usize, f64)> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut level = 0.0;
    let turn = |turn: usize| {
        if turn.is_multiple_of(length) {
            let mut at = random.random::<f64>();
            let found = levels.iter().find(|(_, share)| {
                at -= share;
                at < 0.0
            });
            level = found.unwrap_or(&levels[0]).0.ln();
        }
        (turn % 20, level + 0.03 * normal(&mut random))
    };
    (0..turns).map(turn).collect()
}

fn levels(rests: &[(usize, f64)]) -> Vec<f64> {
    modes(rests).iter().map(|mode| mode.level.exp()).collect()
}

#[test]
fn levels_are_found_at_any_share() {
    for share in [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] {
        let found = levels(&stretches(1, 6000, 30, &[(1.0, share), (1.75, 1.0 - share)]));
        assert!(
            matches!(found[..], [fast, slow] if (fast - 1.0).abs() < 0.02 && (slow / 1.75 - 1.0).abs() < 0.02),
            "{share}: {found:?}"
        );
    }
    let three = levels(&stretches(1, 6000, 30, &[(1.0, 0.3), (1.35, 0.3), (1.75, 0.4)]));
    assert!(
        matches!(three[..], [a, b, c] if a < 1.02 && (b / 1.35 - 1.0).abs() < 0.02 && c > 1.7),
        "{three:?}"
    );
    assert_eq!(levels(&stretches(1, 3000, 30, &[(1.0, 1.0)])).len(), 1);
}

#[test]
fn a_tail_is_no_mode_and_shares_add_up() {
    // One turn in three is slower, by up to three quarters: the more the rarer.
    let mut random = Pcg64::seed_from_u64(3);
    let tail = |turn: usize| {
        let slow =
            if random.random::<f64>() < 0.33 { -0.2 * (1.0 - random.random::<f64>()).ln() } else { 0.0 };
        (turn % 20, slow.min(0.56) + 0.02 * normal(&mut random))
    };
    let tailed: Vec<(usize, f64)> = (0..4000).map(tail).collect();
    assert_eq!(modes(&tailed).len(), 1, "{:?}", modes(&tailed));
    let two = modes(&stretches(2, 4000, 20, &[(1.0, 0.4), (1.75, 0.6)]));
    assert!((two.iter().map(|mode| mode.share).sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(two.iter().map(|mode| mode.turns).sum::<usize>(), 4000);
    // All times belong somewhere.
    assert_eq!((two[0].from, two[1].below), (f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(two[0].below, two[1].from);
}

#[test]
fn what_does_not_last_or_is_one_subjects_own_is_no_mode() {
    // One turn in ten by itself, 1.5 times as fast as the others.
    let scattered = stretches(4, 4000, 1, &[(1.0, 0.1), (1.5, 0.9)]);
    assert_eq!(modes(&scattered).len(), 1);
    // Subject 7 alone has another place in memory for a while.
    let mut own = stretches(5, 4000, 30, &[(1.0, 1.0)]);
    own.iter_mut()
        .enumerate()
        .filter(|(turn, (who, _))| *who == 7 && *turn > 1000)
        .for_each(|(_, (_, rest))| *rest -= 0.4);
    assert_eq!(modes(&own).len(), 1);
    // Too few turns for a mode, and none at all.
    assert_eq!(modes(&[(0, 0.0), (1, 0.0), (0, -0.7), (1, -0.7)]).len(), 1);
    assert_eq!(modes(&[]).len(), 1);
}
