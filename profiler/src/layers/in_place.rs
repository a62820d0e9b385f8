//! What tracing gives.

use crate::measure::DriftReport;

/// What tracing gave. A round's mean over its undisturbed runs is the unit of all figures: corrected for drift of the whole,
/// and of a node as its share of the same round's plain runs, times the whole's median.
///
/// On a machine too busy for that, all runs count: the whole by the time that the thread had the processor, a node by that
/// time too where the runtime can tell it, and as its median over the round's runs. Where it cannot, a node is held against the
/// plain runs by the wall clock.
#[derive(Clone, Debug, PartialEq)]
pub struct InPlace {
    /// Nanoseconds of a plain run, round by round.
    pub whole_ns: Vec<f64>,
    /// The runtime's nodes in running order; those that it made in some loads only come last.
    pub nodes: Vec<NodeRounds>,
    /// Traced runs used.
    pub runs: u64,
    /// Traced runs dropped because the thread was pre-empted.
    pub dropped_runs: u64,
    /// Whether the machine was too busy for six undisturbed rounds, so that pre-empted runs had to be used.
    pub is_preempted: bool,
    /// What noting a node by the wall clock adds to its time in nanoseconds; taken off.
    pub node_cost_ns: f64,
    /// Step of the runtime's notes in nanoseconds.
    pub resolution_ns: u64,
    /// How the reference block moved.
    pub drift: DriftReport,
    /// Time it took in nanoseconds.
    pub spent_ns: u64,
}

/// A runtime node's time, round by round.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRounds {
    /// What the runtime calls it.
    pub name: String,
    /// The runtime's operator.
    pub operator: String,
    /// Multiply-adds that the runtime says it makes; `None` where it does not say.
    pub multiply_adds: Option<u64>,
    /// Whether the runtime made it each time that the model was loaded.
    pub is_everywhere: bool,
    /// Nanoseconds per run, round by round; 0 in rounds that it was not made for.
    pub round_ns: Vec<f64>,
}
