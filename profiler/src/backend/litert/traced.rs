//! Node times of LiteRT, from its own profiler.
//!
//! Its limits: whole microseconds, so that means over many runs count. A profiled run takes longer outside of its ops alone. It
//! goes to a model of its own, compiled for profiling, which takes 64 MB more.

use super::LiteRtRunnable;
use super::matching::node_names;
use crate::backend::{BackendError, NodeClock, Notes, Runnable, Trace, Traced, TracedNode};

/// A plain and a profiled model of the same network.
pub(super) struct LiteRtTraced {
    plain: LiteRtRunnable,
    profiled: LiteRtRunnable,
    /// Names and tags of what runs, in running order, known after the first traced run.
    ops: Vec<(String, String)>,
    /// Nanoseconds in that order, run by run.
    notes: Vec<Vec<f64>>,
}

impl LiteRtTraced {
    pub(super) fn new(plain: LiteRtRunnable, profiled: LiteRtRunnable) -> Self {
        Self { plain, profiled, ops: Vec::new(), notes: Vec::new() }
    }
}

impl Traced for LiteRtTraced {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        self.plain.run()
    }

    fn clock(&self, _: NodeClock) -> NodeClock {
        NodeClock::Wall
    }

    fn run_traced(&mut self, _: NodeClock) -> Result<(), BackendError> {
        let Self { profiled, ops, notes, .. } = self;
        let events = profiled.compiled.run_profiled().map_err(|reason| profiled.failed(&reason))?;
        if ops.is_empty() {
            let names = node_names(&events, &profiled.nodes).map_err(|reason| profiled.failed(&reason))?;
            *ops = names.into_iter().zip(events.iter().map(|event| event.tag.clone())).collect();
        }
        if !events.iter().map(|event| &event.tag).eq(ops.iter().map(|(_, tag)| tag)) {
            return Err(profiled.failed("its profile names other ops in each run"));
        }
        notes.push(events.into_iter().map(|event| event.ns).collect());
        Ok(())
    }

    fn notes(&self) -> Notes {
        Notes::Live
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let notes = std::mem::take(&mut self.notes);
        let node = |(place, (name, tag)): (usize, &(String, String))| TracedNode {
            name: name.clone(),
            operator: tag.clone(),
            multiply_adds: None,
            run_ns: notes.iter().map(|run| run[place]).collect(),
        };
        let nodes = self.ops.iter().enumerate().map(node).collect();
        Ok(Trace { nodes, node_cost_ns: 0.0, resolution_ns: 1_000 })
    }
}
