//! What it costs ONNX Runtime to write a node down.
//!
//! Of a few microseconds a node, some are a part of the node's own time in the profile, and the rest lies between nodes. How
//! many goes by the network, by how many inputs its nodes have and what is in the caches, so it is measured by the network's own
//! plain and profiled runs, in turns. Which part of it lies inside of nodes is measured by a chain of nodes that do next to nothing.
//! All that noting nodes within a node costs is in that node's time, of which it may be nearly all: there the plain runs have the
//! last word.

use crate::backend::TracedNode;
use crate::measure::median;

/// What a note costs in nanoseconds, and which part of that is in the node's own time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NoteCost {
    pub(super) ns: f64,
    pub(super) inside: f64,
}

/// One run of a chain of `nodes` nodes plain, and one profiled with the mean time of a node in the profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChainRuns {
    pub(super) plain_ns: f64,
    pub(super) traced_ns: f64,
    pub(super) node_ns: f64,
}

impl NoteCost {
    /// By a chain of `nodes` nodes, of which a run makes some more notes.
    pub(super) fn of_chain(runs: &[ChainRuns], nodes: usize, notes: usize) -> Self {
        let (nodes, notes) = (nodes as f64, notes as f64);
        let of = |value: &dyn Fn(&ChainRuns) -> f64| {
            median(&runs.iter().map(value).collect::<Vec<_>>()).unwrap_or(0.0).max(0.0)
        };
        let ns = of(&|run| (run.traced_ns - run.plain_ns) / notes);
        let inside = of(&|run| run.node_ns - run.plain_ns / nodes);
        Self { ns, inside: if ns > 0.0 { (inside / ns).min(1.0) } else { 0.0 } }
    }

    /// In each traced run of a network with so many notes a run. It is not believed to be much more or less than in the chain:
    /// where runs are long, what they differ by is not the notes.
    pub(super) fn in_network(self, turns: &Turns, notes: f64) -> Vec<f64> {
        const FURTHEST: f64 = 2.5;
        let share = turns.noting_share();
        let of = |run_ns: f64| match share {
            Some(share) => (share * run_ns / notes).clamp(self.ns / FURTHEST, self.ns * FURTHEST),
            None => self.ns,
        };
        turns.traced_ns().map(of).collect()
    }
}

/// What was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Traced,
}

/// How long plain and traced runs took, in turns.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Vec<(Kind, Vec<f64>)>);

impl Turns {
    pub(super) fn push(&mut self, kind: Kind, took_ns: f64) {
        match self.0.last_mut() {
            Some((last, turn)) if *last == kind => turn.push(took_ns),
            _ => self.0.push((kind, vec![took_ns])),
        }
    }

    /// Part of a traced run that noting takes. `None` without two turns.
    fn noting_share(&self) -> Option<f64> {
        self.beyond_plain(settled)
    }

    /// Part of a traced run that a plain one does not take: by each two turns one after the other, for which the machine was about as
    /// fast. Turns of one run are those of warming up. `None` without two turns.
    fn beyond_plain(&self, run_ns: fn(&[f64]) -> Option<f64>) -> Option<f64> {
        let shares = self.0.windows(2).filter_map(|pair| {
            let [(kind, one), (_, other)] = pair else { return None };
            let (plain, traced) = if *kind == Kind::Plain { (one, other) } else { (other, one) };
            let is_warm = plain.len() > 1 && traced.len() > 1;
            is_warm.then(|| Some(1.0 - run_ns(plain)? / run_ns(traced)?))?
        });
        median(&shares.collect::<Vec<_>>())
    }

    /// What a run of its turn took, for every traced run.
    fn traced_ns(&self) -> impl Iterator<Item = f64> {
        let traced = self.0.iter().filter(|(kind, _)| *kind == Kind::Traced);
        traced.flat_map(|(_, turn)| std::iter::repeat_n(settled(turn).unwrap_or(0.0), turn.len()))
    }

    /// Takes off nodes that hold others what all nodes take beyond plain runs: it is what noting those within costs more than other
    /// notes do. `nodes` are without what noting costs otherwise; `within` has for each the notes within it, by run.
    pub(super) fn bound(&self, nodes: &mut [TracedNode], within: &[Vec<u32>]) {
        let mut of_nodes = self.clone();
        let traced = of_nodes.0.iter_mut().filter(|(kind, _)| *kind == Kind::Traced);
        for (run, ns) in traced.flat_map(|(_, turn)| turn).enumerate() {
            let noted: Option<f64> = nodes.iter().map(|node| node.run_ns.get(run)).sum();
            // Notes that do not fit the runs are refused where they are read.
            let Some(sum) = noted else { return };
            *ns = sum;
        }
        let beyond = of_nodes.beyond_plain(mean_of_usual).unwrap_or(0.0).max(0.0);
        for run in 0..within.first().map_or(0, Vec::len) {
            let all: u32 = within.iter().map(|within| within[run]).sum();
            let sum: f64 = nodes.iter().map(|node| node.run_ns[run]).sum();
            for (node, within) in nodes.iter_mut().zip(within).filter(|(_, within)| within[run] > 0) {
                node.run_ns[run] -= beyond * sum * f64::from(within[run]) / f64::from(all);
            }
        }
    }
}

/// Median of a turn's runs but the first, which finds the other kind's in the caches.
fn settled(turn: &[f64]) -> Option<f64> {
    median(turn.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(turn))
}

/// Mean of a turn's runs but the first and those that were interrupted: as layers get theirs.
fn mean_of_usual(turn: &[f64]) -> Option<f64> {
    let most = 2.0 * settled(turn)?;
    let usual: Vec<f64> = turn[1..].iter().copied().filter(|ns| *ns <= most).collect();
    (!usual.is_empty()).then(|| usual.iter().sum::<f64>() / usual.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of three runs of a kind, whose order changes: 100 µs plain, 140 traced, twice as long where `slow` says so.
    fn turns(slow: &[bool]) -> Turns {
        let mut turns = Turns::default();
        for (round, is_slow) in slow.iter().enumerate() {
            let speed = if *is_slow { 2.0 } else { 1.0 };
            let mut kinds = [(Kind::Plain, 1e5), (Kind::Traced, 1.4e5)];
            if round % 2 == 1 {
                kinds.reverse();
            }
            for (kind, ns) in kinds {
                // The first run is cold.
                [1.5, 1.0, 1.0].iter().for_each(|cold| turns.push(kind, ns * speed * cold));
            }
        }
        turns
    }

    #[test]
    fn a_note_costs_what_profiled_runs_are_longer_by() {
        // 40 µs more for 10 notes; on a machine half as fast twice that.
        let cost = NoteCost { ns: 3_000.0, inside: 0.5 };
        let found = cost.in_network(&turns(&[false, false, false, true, true]), 10.0);
        // Rounds 1 and 2, whose traced runs follow each other, are one turn; so are 3 and 4.
        let (fast, slow) = (found[0], found[14]);
        assert!((fast - 4_000.0).abs() < 1e-6 && found.len() == 15, "{found:?}");
        assert!(slow > 4_000.0 && slow <= 7_500.0, "{found:?}");
        // 400 µs for a note of 3 would be something else.
        assert_eq!(cost.in_network(&turns(&[false; 4]), 0.1)[0], 7_500.0);
        // Without turns the chain's is taken.
        let mut one = Turns::default();
        one.push(Kind::Traced, 1e5);
        assert_eq!(cost.in_network(&one, 10.0), [3_000.0]);
    }

    #[test]
    fn nodes_that_hold_others_take_no_more_than_plain_runs_leave_them() {
        // Runs of 100 µs plain and 140 traced, in turns of three.
        let mut turns = Turns::default();
        for (kind, ns) in [(Kind::Plain, 1e5), (Kind::Traced, 1.4e5)].into_iter().cycle().take(8) {
            (0..3).for_each(|_| turns.push(kind, ns));
        }
        let bounded = |ns: &[f64], within: &[u32]| {
            let (name, operator) = (String::new(), String::new());
            let node = |ns: &f64| TracedNode {
                name: name.clone(),
                operator: operator.clone(),
                multiply_adds: None,
                run_ns: vec![*ns; 12],
            };
            let mut nodes: Vec<TracedNode> = ns.iter().map(node).collect();
            turns.bound(&mut nodes, &within.iter().map(|within| vec![*within; 12]).collect::<Vec<_>>());
            nodes.iter().map(|node| node.run_ns[7].round()).collect::<Vec<_>>()
        };
        // 20 µs too much, of which one in four notes within is one node's.
        assert_eq!(bounded(&[3e4, 3e4, 6e4], &[0, 5, 15]), [3e4, 2.5e4, 4.5e4]);
        // What they leave is the runtime's, and what nodes alone take too much is not theirs to give.
        assert_eq!(bounded(&[3e4, 5e4], &[0, 5]), [3e4, 5e4]);
        assert_eq!(bounded(&[9e4, 9e4], &[0, 0]), [9e4, 9e4]);
    }

    #[test]
    fn the_chain_tells_which_part_is_inside() {
        // Ten nodes of 1 µs; each note costs 8, of which 3 are inside.
        let run =
            |speed: f64| ChainRuns { plain_ns: 1e4 * speed, traced_ns: 9e4 * speed, node_ns: 4e3 * speed };
        let cost = NoteCost::of_chain(&[run(1.0), run(1.0), run(2.0)], 10, 10);
        assert_eq!(cost, NoteCost { ns: 8_000.0, inside: 0.375 });
        assert_eq!(NoteCost::of_chain(&[], 10, 12), NoteCost { ns: 0.0, inside: 0.0 });
    }
}
