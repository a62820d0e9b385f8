//! Node times of tract: the clock is read before and after each node's evaluation, inside the running plan.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{Cost, TypedNode};
use tract_onnx::tract_core::plan::eval;

use super::{Tract, TractRunnable, one_line};
use crate::backend::{BackendError, Runnable, Trace, Traced, TracedNode};
use crate::measure::{Clock, ClockQuality, SystemClock};

/// One runnable for plain and traced runs: the same plan, the same weights in the same places.
pub(super) struct TractTraced {
    runnable: TractRunnable,
    clock: SystemClock,
    /// What one reading of the clock adds to a node's time.
    cost_ns: f64,
    /// Nodes in the order in which they run, known after the first traced run.
    order: Vec<usize>,
    /// Nanoseconds, run after run in that order.
    notes: Vec<u64>,
}

impl TractTraced {
    pub(super) fn new(runnable: TractRunnable) -> Result<Self, BackendError> {
        let clock = SystemClock::new();
        let quality = ClockQuality::of(&clock).map_err(|error| BackendError::Run {
            backend: Tract::NAME,
            key: runnable.key.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self { runnable, clock, cost_ns: quality.cost_ns, order: Vec::new(), notes: Vec::new() })
    }
}

impl Traced for TractTraced {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        self.runnable.run()
    }

    fn run_traced(&mut self) -> Result<(), BackendError> {
        let Self { runnable, clock, order, notes, .. } = self;
        let is_first = order.is_empty();
        // Room is made outside of what is timed.
        notes.reserve(order.len());
        let noted = notes.len();
        let outputs =
            runnable.state.run_plan_with_eval(runnable.inputs.clone(), |context, state, node, input| {
                let before = clock.now_ns();
                let result = eval(context, state, node, input);
                let after = clock.now_ns();
                notes.push(after - before);
                if is_first {
                    order.push(node.id);
                }
                result
            });
        if let Err(error) = outputs {
            notes.truncate(noted);
            return Err(runnable.failed(&error));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let runs = self.notes.chunks_exact(self.order.len().max(1));
        let nodes = self.order.iter().enumerate().map(|(position, id)| {
            let model = self.runnable.state.model();
            let node = &model.nodes()[*id];
            let multiply_adds = multiply_adds(model, node).ok();
            let run_ns = runs.clone().map(|run| run[position] as f64 - self.cost_ns).collect();
            TracedNode {
                name: node.name.clone(),
                operator: node.op().name().into_owned(),
                multiply_adds,
                run_ns,
            }
        });
        Ok(Trace { nodes: nodes.collect(), node_cost_ns: self.cost_ns, resolution_ns: 1 })
    }
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
///
/// # Errors
/// tract's reason if it does not take the model.
pub(super) fn node_macs(onnx: &[u8]) -> Result<Vec<(String, u64)>, String> {
    let macs = || {
        let model = super::parse(onnx)?.into_typed()?;
        let mut found = Vec::new();
        for node in model.nodes() {
            // Sums and reductions count as multiply-adds to tract, but not in any paper.
            if !["Conv", "EinSum", "MatMul"].contains(&&*node.op().name()) {
                continue;
            }
            found.push((node.name.clone(), multiply_adds(&model, node)?));
        }
        Ok(found)
    };
    macs().map_err(|error: TractError| one_line(&error))
}
