//! Node times of tract: the clock is read before and after each node's evaluation, inside the running plan.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{Cost, TypedNode};
use tract_onnx::tract_core::plan::eval;

use super::{TractRunnable, caught};
use crate::backend::{BackendError, Model, NodeClock, Notes, Runnable, Trace, Traced, TracedNode};
use crate::measure::{Clock, ClockQuality, MeasureError, SystemClock, ThreadClock};

/// One runnable for plain and traced runs: the same plan, the same weights in the same places.
pub(super) struct TractTraced {
    runnable: TractRunnable,
    wall: SystemClock,
    thread: ThreadClock,
    /// What one reading adds to a node's time in nanoseconds, of the wall clock and of the thread's.
    wall_cost_ns: f64,
    thread_cost_ns: f64,
    /// Nodes in the order in which they run, known after the first traced run.
    order: Vec<usize>,
    /// Nanoseconds, run after run in that order.
    notes: Vec<u64>,
    /// By which clock, run after run.
    clocks: Vec<NodeClock>,
}

impl TractTraced {
    pub(super) fn new(runnable: TractRunnable) -> Result<Self, BackendError> {
        let clocks = || {
            let (wall, thread) = (SystemClock::new(), ThreadClock::new()?);
            Ok((ClockQuality::of(&wall)?.cost_ns, ClockQuality::of(&thread)?.cost_ns, wall, thread))
        };
        let failed = |error: MeasureError| runnable.failed(error.to_string());
        let (wall_cost_ns, thread_cost_ns, wall, thread) = clocks().map_err(failed)?;
        let (order, notes, clocks) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { runnable, wall, thread, wall_cost_ns, thread_cost_ns, order, notes, clocks })
    }
}

impl Traced for TractTraced {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        self.runnable.run()
    }

    fn run_traced(&mut self, clock: NodeClock) -> Result<(), BackendError> {
        let Self { runnable, wall, thread, order, notes, .. } = self;
        let noted = notes.len();
        // Room is made outside of what is timed.
        notes.reserve(order.len());
        let result = match clock {
            NodeClock::Wall => run_by(wall, runnable, order, notes),
            NodeClock::Processor => run_by(thread, runnable, order, notes),
        };
        match result {
            Ok(()) => self.clocks.push(clock),
            Err(_) => self.notes.truncate(noted),
        }
        result
    }

    fn notes(&self) -> Notes {
        Notes::Live
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let runs = self.notes.chunks_exact(self.order.len().max(1)).zip(&self.clocks);
        let cost_ns = |clock: &NodeClock| match clock {
            NodeClock::Wall => self.wall_cost_ns,
            NodeClock::Processor => self.thread_cost_ns,
        };
        let nodes = self.order.iter().enumerate().map(|(position, id)| {
            let model = self.runnable.state.model();
            let node = &model.nodes()[*id];
            let (name, operator) = (node.name.clone(), node.op().name().into_owned());
            let multiply_adds = multiply_adds(model, node).ok();
            let run_ns = runs.clone().map(|(run, clock)| run[position] as f64 - cost_ns(clock)).collect();
            TracedNode { name, operator, multiply_adds, run_ns }
        });
        let nodes = nodes.collect();
        self.notes.clear();
        self.clocks.clear();
        Ok(Trace { nodes, node_cost_ns: self.wall_cost_ns, resolution_ns: 1 })
    }
}

/// Reads the clock before and after each node; the first run also learns the order of the nodes.
fn run_by(
    clock: &impl Clock,
    runnable: &mut TractRunnable,
    order: &mut Vec<usize>,
    notes: &mut Vec<u64>,
) -> Result<(), BackendError> {
    let is_first = order.is_empty();
    let inputs = runnable.inputs.clone();
    let outputs = caught(|| {
        runnable.state.run_plan_with_eval(inputs, |context, state, node, input| {
            let before = clock.now_ns();
            let result = eval(context, state, node, input);
            let after = clock.now_ns();
            notes.push(after.saturating_sub(before));
            if is_first {
                order.push(node.id);
            }
            result
        })
    });
    outputs.map(drop).map_err(|reason| {
        if is_first {
            order.clear();
        }
        runnable.failed(reason)
    })
}

/// Multiply-adds of a node, sums and reductions included.
fn multiply_adds(model: &TypedModel, node: &TypedNode) -> TractResult<u64> {
    let mut sum = 0;
    for (cost, count) in node.op.cost(&model.node_input_facts(node.id)?)? {
        if matches!(cost, Cost::FMA(_)) {
            sum += u64::try_from(count.to_i64()?)?;
        }
    }
    Ok(sum)
}

/// Multiply-accumulates of each convolution and matrix product by the name of its node in `onnx`'s own graph, before any
/// optimisation.
pub(super) fn node_macs(model: Model<'_>) -> Result<Vec<(String, u64)>, String> {
    caught(|| {
        let model = super::parse(model)?.into_typed()?;
        let mut found = Vec::new();
        for node in model.nodes() {
            // Sums and reductions count as multiply-adds to tract, but not in any paper.
            if !["Conv", "EinSum", "MatMul"].contains(&&*node.op().name()) {
                continue;
            }
            found.push((node.name.clone(), multiply_adds(&model, node)?));
        }
        Ok(found)
    })
}
