//! What histories of tests are made of.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::{ClockQuality, Entry, History, RawNs, Reading, Samples, Turn};

pub(super) fn start() -> Entry {
    Entry::Start { clock: ClockQuality { resolution_ns: 1, cost_ns: 0.0 } }
}

/// A reading of the reference block.
pub(super) fn reading(at_ns: u64, ns: f64) -> Entry {
    Entry::Reading(Reading::of_block(at_ns, RawNs(ns)))
}

pub(super) fn samples(ns: &[f64]) -> Samples {
    Samples { kept: ns.iter().copied().map(RawNs).collect(), ..Samples::default() }
}

/// One cold sample and one hot one.
pub(super) fn turn(subject: usize, round: u32, at_ns: u64, (cold, hot): (f64, f64)) -> Turn {
    let (cold, hot) = (samples(&[cold]), samples(&[hot]));
    Turn { subject, round, at_ns, took_ns: 1000, repeats: 1, cold, hot, ..Turn::default() }
}

/// One process, whose reference block takes 100 ns.
pub(super) fn history(turns: impl IntoIterator<Item = Turn>) -> History {
    let turns = turns.into_iter().map(Entry::Turn);
    History::replay([start(), reading(0, 100.0)].into_iter().chain(turns)).unwrap()
}

/// Sum of twelve uniform numbers less six: nearly normal, of deviation 1.
pub(super) fn normal(random: &mut Pcg64) -> f64 {
    (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0
}
