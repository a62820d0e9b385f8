//! Tracing a run: how long each node of the runtime's own graph takes.

use serde::{Deserialize, Serialize};

use super::BackendError;

/// By which clock a node's time is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeClock {
    /// The wall clock.
    Wall,
    /// The time that the thread had the processor: for machines that take it away in every run.
    Processor,
}

/// When a runtime gives its notes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// At any time; it continues to note afterwards.
    Live,
    /// Once, at the end.
    AtEnd,
}

/// A model whose runs can be traced.
pub trait Traced {
    /// Runs once as [`Runnable::run`](super::Runnable::run) does; nothing is noted.
    ///
    /// # Errors
    /// [`BackendError::Run`].
    fn run_plain(&mut self) -> Result<(), BackendError>;

    /// By which clock nodes are timed when this one is asked for: a runtime may know the wall clock alone.
    fn clock(&self, asked: NodeClock) -> NodeClock {
        asked
    }

    /// Runs once and notes how long each node takes, by [`Traced::clock`].
    ///
    /// # Errors
    /// [`BackendError::Run`].
    fn run_traced(&mut self, clock: NodeClock) -> Result<(), BackendError>;

    /// Traced runs it can hold.
    fn most_runs(&self) -> usize {
        usize::MAX
    }

    /// When [`Traced::finish`] can be called.
    fn notes(&self) -> Notes {
        Notes::AtEnd
    }

    /// Everything noted since the last call. Unless notes are [`Notes::Live`], what follows is not noted any more.
    ///
    /// # Errors
    /// [`BackendError::Run`] if the runtime lost its notes.
    fn finish(&mut self) -> Result<Trace, BackendError>;
}

/// What a [`Traced`] model noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Nodes in running order.
    pub nodes: Vec<TracedNode>,
    /// What noting one node by the wall clock adds to its time in nanoseconds; taken off already.
    pub node_cost_ns: f64,
    /// Step of the runtime's notes in nanoseconds.
    pub resolution_ns: u64,
}

/// A node of the runtime's own graph, after its optimisations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedNode {
    /// What the runtime calls it each time that it loads the model. Several nodes that it made itself may be called alike.
    pub name: String,
    /// The runtime's operator.
    pub operator: String,
    /// Multiply-adds that the runtime says it makes; `None` where it does not say.
    pub multiply_adds: Option<u64>,
    /// Nanoseconds in each traced run, in the order of the runs. A node that does next to nothing may come out slightly
    /// negative, because what noting costs is taken off.
    pub run_ns: Vec<f64>,
}
