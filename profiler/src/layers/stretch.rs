//! What was traced in one go, in a form that can be written out at once and read back.

use serde::{Deserialize, Serialize};

use crate::backend::{NodeClock, TracedNode};
use crate::measure::{ClockQuality, Reading};

/// One timed run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedRun {
    /// By the clock, in nanoseconds.
    pub took_ns: f64,
    /// Time the thread had the processor, where that can be told; otherwise what it took.
    pub on_processor_ns: f64,
    /// Whether the thread lost its processor meanwhile.
    pub is_disturbed: bool,
}

/// Plain and traced runs in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Its middle, in nanoseconds on the stretch's clock.
    pub at_ns: f64,
    /// By which clock nodes were timed.
    pub clock: NodeClock,
    /// Plain runs.
    pub plain: Vec<TimedRun>,
    /// Traced runs.
    pub traced: Vec<TimedRun>,
}

/// Some rounds, and what the runtime noted of their traced runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Of a new process or a newly loaded model, whose times count from its start; `None` where it goes on with the
    /// times of the stretch before it.
    pub start: Option<ClockQuality>,
    /// Timings of the reference block.
    pub readings: Vec<Reading>,
    /// Rounds in order.
    pub rounds: Vec<Round>,
    /// The runtime's nodes in running order, each with its time in every traced run of the rounds.
    pub nodes: Vec<TracedNode>,
    /// What noting a node by the wall clock adds to its time in nanoseconds; taken off.
    pub node_cost_ns: f64,
    /// Step of the runtime's notes in nanoseconds.
    pub resolution_ns: u64,
    /// Time it took in nanoseconds.
    pub spent_ns: u64,
}

/// Which runs count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Choice {
    Undisturbed,
    All,
}

impl Round {
    /// Mean plain and traced run; `None` unless there are both.
    pub(super) fn means(&self, choice: Choice) -> Option<(f64, f64)> {
        let of = |runs: &[TimedRun]| match choice {
            Choice::Undisturbed => mean(runs.iter().filter(|run| !run.is_disturbed).map(|run| run.took_ns)),
            Choice::All => mean(runs.iter().map(|run| run.on_processor_ns)),
        };
        Some((of(&self.plain)?, of(&self.traced)?))
    }

    /// Mean plain run by the clock that nodes were timed by.
    pub(super) fn plain_as_noted(&self, choice: Choice) -> Option<f64> {
        match (choice, self.clock) {
            (Choice::All, NodeClock::Wall) => mean(self.plain.iter().map(|run| run.took_ns)),
            _ => self.means(choice).map(|(plain, _)| plain),
        }
    }
}

pub(super) fn mean(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let count = values.clone().count();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}
