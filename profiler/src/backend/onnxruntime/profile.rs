//! Node times of ONNX Runtime, from the profile that it writes itself.
//!
//! Its limits: times are whole microseconds, cut off; a node's time includes what writing it down costs, a few
//! microseconds. So means over many runs count, and the cost, measured on a chain of nodes that do next to nothing, is
//! taken off. Profiled runs go to a session of their own, a second copy of the model.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::BufReader,
    path::Path,
};

use ort::environment::Environment;
use serde::Deserialize;

use super::{OnnxRuntime, OrtRunnable, load_session, one_line};
use crate::backend::{BackendError, Model, NodeClock, Runnable, Trace, Traced, TracedNode};
use crate::measure::{Clock, SystemClock, median};
use crate::onnx::{Outline, chain_model};

/// Events that a profile may hold: they stay in memory, about a kilobyte each, until it is written.
const MOST_EVENTS: usize = 40_000;

/// A plain session and a profiled one of the same model.
pub(super) struct OrtTraced {
    plain: OrtRunnable,
    profiled: Profiled,
    node_cost_ns: f64,
    most_runs: usize,
}

impl OrtTraced {
    pub(super) fn new(
        environment: &Environment,
        model: Model<'_>,
        threads: usize,
    ) -> Result<Self, BackendError> {
        let refuse = |reason: String| BackendError::Prepare {
            backend: OnnxRuntime::NAME,
            key: model.key.to_owned(),
            reason: one_line(&reason),
        };
        let nodes = Outline::read(model.onnx).map_err(|error| refuse(error.to_string()))?.nodes.len();
        Ok(Self {
            plain: load_session(environment, model, threads, None).map_err(refuse)?,
            profiled: Profiled::load(environment, model, threads).map_err(refuse)?,
            node_cost_ns: node_cost_ns(environment)?,
            // Layout changes add nodes; the session itself writes a few events per run.
            most_runs: MOST_EVENTS / (2 * nodes + 8),
        })
    }
}

impl Traced for OrtTraced {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        self.plain.run()
    }

    fn run_traced(&mut self, _: NodeClock) -> Result<(), BackendError> {
        self.profiled.runnable.run()
    }

    fn most_runs(&self) -> usize {
        self.most_runs.max(1)
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let cost_ns = self.node_cost_ns;
        let less_cost = |Noted { mut node, notes }: Noted| {
            node.run_ns.iter_mut().zip(notes).for_each(|(ns, notes)| *ns -= cost_ns * f64::from(notes));
            node
        };
        let nodes = self.profiled.finish()?.into_iter().map(less_cost).collect();
        Ok(Trace { nodes, node_cost_ns: self.node_cost_ns, resolution_ns: 1_000 })
    }
}

struct Profiled {
    runnable: OrtRunnable,
    /// Where the profile is written; removed at the end.
    folder: tempfile::TempDir,
}

impl Profiled {
    fn load(environment: &Environment, model: Model<'_>, threads: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no place for its profile: {error}"))?;
        let prefix = folder.path().join("profile");
        Ok(Self { runnable: load_session(environment, model, threads, Some(&prefix))?, folder })
    }

    fn finish(&mut self) -> Result<Vec<Noted>, BackendError> {
        let key = self.runnable.key.clone();
        let lost =
            |reason: String| BackendError::Run { backend: OnnxRuntime::NAME, key: key.clone(), reason };
        let written =
            self.runnable.session.end_profiling().map_err(|error| lost(one_line(&error.to_string())))?;
        let path = self.folder.path().join(Path::new(&written).file_name().unwrap_or_default());
        let file = File::open(&path).map_err(|error| lost(format!("its profile `{written}`: {error}")))?;
        let events: Vec<Event> = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| lost(format!("its profile cannot be read: {error}")))?;
        node_times(&events).map_err(lost)
    }
}

/// Operators with graphs inside, whose nodes are noted as well.
const HOLDS_GRAPHS: [&str; 4] = ["If", "Loop", "Scan", "SequenceMap"];

/// One event of a profile; times in microseconds.
#[derive(Clone, Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    cat: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    ts: u64,
    #[serde(default)]
    dur: u64,
    #[serde(default)]
    args: Arguments,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Arguments {
    #[serde(default)]
    op_name: String,
}

/// A node, and how many notes its time holds in each run: its own, and those of nodes within it.
#[derive(Clone, Debug, PartialEq)]
struct Noted {
    node: TracedNode,
    notes: Vec<u32>,
}

/// Sorts the events by node and run. Nodes of a graph within a node, as of a loop, are a part of that node's time.
fn node_times(events: &[Event]) -> Result<Vec<Noted>, String> {
    const KERNEL: &str = "_kernel_time";
    let mut runs: Vec<u64> =
        events.iter().filter(|event| event.name == "model_run").map(|event| event.ts).collect();
    runs.sort_unstable();
    let mut kernels: Vec<(&str, &Event)> = events
        .iter()
        .filter(|event| event.cat == "Node")
        .filter_map(|event| Some((event.name.strip_suffix(KERNEL)?, event)))
        .collect();
    // Of two that begin in the same microsecond, the longer one holds the other.
    kernels.sort_by_key(|(_, event)| (event.ts, std::cmp::Reverse(event.dur)));
    let mut within = HashSet::new();
    let mut end = 0;
    for (name, event) in &kernels {
        // Ends are cut off like all times, so what comes after a node never seems to be within it.
        if event.ts < end {
            within.insert(*name);
        } else if HOLDS_GRAPHS.contains(&event.args.op_name.as_str()) {
            end = event.ts + event.dur;
        }
    }
    let mut positions = HashMap::new();
    let mut nodes: Vec<Noted> = Vec::new();
    let mut holder = None;
    for (name, event) in kernels {
        let run = runs.partition_point(|start| *start <= event.ts).checked_sub(1);
        let run = run.ok_or_else(|| format!("its profile has node `{name}` before any run"))?;
        if within.contains(name) {
            if let Some(holder) = holder {
                let holder: &mut Noted = &mut nodes[holder];
                holder.notes[run] += 1;
            }
            continue;
        }
        let position = *positions.entry(name).or_insert_with(|| {
            let operator = event.args.op_name.clone();
            let run_ns = vec![0.0; runs.len()];
            let node = TracedNode { name: name.to_owned(), operator, multiply_adds: None, run_ns };
            nodes.push(Noted { node, notes: vec![0; runs.len()] });
            nodes.len() - 1
        });
        if HOLDS_GRAPHS.contains(&event.args.op_name.as_str()) {
            holder = Some(position);
        }
        nodes[position].node.run_ns[run] += event.dur as f64 * 1e3;
        nodes[position].notes[run] += 1;
    }
    if nodes.is_empty() {
        return Err("its profile names no nodes".to_owned());
    }
    Ok(nodes)
}

/// What writing a node down adds to its time: the mean time in the profile of nodes that do next to nothing, less what
/// one of them takes unprofiled. Never negative.
fn node_cost_ns(environment: &Environment) -> Result<f64, BackendError> {
    const LENGTH: usize = 60;
    const WARM_UP_RUNS: usize = 20;
    const RUNS: usize = 100;
    let onnx = chain_model(LENGTH);
    let model = Model { key: "chain", onnx: &onnx };
    let refuse = |reason: String| BackendError::Prepare {
        backend: OnnxRuntime::NAME,
        key: model.key.to_owned(),
        reason: one_line(&reason),
    };
    let mut plain = load_session(environment, model, 1, None).map_err(refuse)?;
    let mut profiled = Profiled::load(environment, model, 1).map_err(refuse)?;
    let clock = SystemClock::new();
    let mut plain_ns = Vec::with_capacity(RUNS);
    for run in 0..WARM_UP_RUNS + RUNS {
        let before = clock.now_ns();
        plain.run()?;
        let took = clock.now_ns() - before;
        profiled.runnable.run()?;
        if run >= WARM_UP_RUNS {
            plain_ns.push(took as f64 / LENGTH as f64);
        }
    }
    let nodes = profiled.finish()?;
    let run_ns =
        |run: usize| nodes.iter().map(|noted| noted.node.run_ns[run]).sum::<f64>() / nodes.len() as f64;
    let profiled_ns: Vec<f64> = (WARM_UP_RUNS..WARM_UP_RUNS + RUNS).map(run_ns).collect();
    let (plain, profiled) = (median(&plain_ns).unwrap_or(0.0), median(&profiled_ns).unwrap_or(0.0));
    Ok((profiled - plain).max(0.0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn events(text: &str) -> Vec<Event> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn events_are_sorted_by_node_and_run() {
        let events = events(
            r#"[
            {"cat":"Session","name":"model_loading_array","ts":1,"dur":5,"ph":"X","args":{}},
            {"cat":"Session","name":"model_run","ts":10,"dur":30,"args":{}},
            {"cat":"Session","name":"SequentialExecutor::Execute","ts":11,"dur":28,"args":{}},
            {"cat":"Node","name":"a_kernel_time","ts":12,"dur":7,"args":{"op_name":"Conv","provider":"CPU"}},
            {"cat":"Node","name":"a_fence_after","ts":19,"dur":0,"args":{"op_name":"Conv"}},
            {"cat":"Node","name":"b_kernel_time","ts":20,"dur":3,"args":{"op_name":"Add"}},
            {"cat":"Node","name":"b_kernel_time","ts":24,"dur":4,"args":{"op_name":"Add"}},
            {"cat":"Session","name":"model_run","ts":50,"dur":30,"args":{}},
            {"cat":"Node","name":"b_kernel_time","ts":61,"dur":5,"args":{"op_name":"Add"}},
            {"cat":"Node","name":"a_kernel_time","ts":50,"dur":9,"args":{"op_name":"Conv"}}]"#,
        );
        let node = |name: &str, operator: &str, run_ns: &[f64], notes: &[u32]| Noted {
            node: TracedNode {
                name: name.to_owned(),
                operator: operator.to_owned(),
                multiply_adds: None,
                run_ns: run_ns.to_vec(),
            },
            notes: notes.to_vec(),
        };
        // In microseconds: a takes 7 and 9; b takes 3 + 4 (twice in the first run) and 5.
        let expected = [node("a", "Conv", &[7e3, 9e3], &[1, 1]), node("b", "Add", &[7e3, 5e3], &[2, 1])];
        assert_eq!(node_times(&events).unwrap(), expected);
    }

    #[test]
    fn what_runs_within_a_node_is_a_part_of_it() {
        let events = events(
            r#"[
            {"cat":"Session","name":"model_run","ts":10,"dur":60,"args":{}},
            {"cat":"Node","name":"a_kernel_time","ts":12,"dur":3,"args":{"op_name":"Conv"}},
            {"cat":"Node","name":"inner_kernel_time","ts":15,"dur":9,"args":{"op_name":"MatMul"}},
            {"cat":"Node","name":"inner_kernel_time","ts":25,"dur":9,"args":{"op_name":"MatMul"}},
            {"cat":"Node","name":"loop_kernel_time","ts":15,"dur":20,"args":{"op_name":"Loop"}},
            {"cat":"Node","name":"b_kernel_time","ts":35,"dur":4,"args":{"op_name":"Add"}}]"#,
        );
        let nodes = node_times(&events).unwrap();
        let found: Vec<_> =
            nodes.iter().map(|n| (n.node.name.as_str(), n.node.run_ns[0], n.notes[0])).collect();
        // The loop's time holds three notes: its own and two of the node inside.
        assert_eq!(found, [("a", 3e3, 1), ("loop", 20e3, 3), ("b", 4e3, 1)]);
    }

    #[test]
    fn a_profile_without_runs_or_nodes_is_no_profile() {
        let early = events(r#"[{"cat":"Node","name":"a_kernel_time","ts":1,"dur":7}]"#);
        assert!(node_times(&early).unwrap_err().contains("`a` before any run"));
        assert!(node_times(&events("[]")).unwrap_err().contains("no nodes"));
    }
}
