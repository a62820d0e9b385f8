//! Node times of ONNX Runtime, from the profile that it writes itself.
//!
//! Its limits: times are whole microseconds, cut off; a node's time includes what writing it down costs. So means over many
//! runs count, and the cost is taken off (`noting.rs`). Profiled runs go to a session of their own, a second copy of the model.

use std::{collections::HashSet, fs::File, io::BufReader, path::Path};

use ort::environment::Environment;

use super::noting::{ChainRuns, Kind, NoteCost, Turns};
use super::profile::{Event, HOLDS_GRAPHS, Noted, node_times};
use super::{OrtRunnable, load_session, one_line, refused};
use crate::backend::{BackendError, Model, NodeClock, OnnxRuntime, Runnable, Trace, Traced, TracedNode};
use crate::measure::{Clock, SystemClock, median};
use crate::onnx::{Outline, chain_model};

/// Events that a profile may hold: they stay in memory, about a kilobyte each, until it is written.
const MOST_EVENTS: usize = 40_000;

/// Events of a run besides those of nodes: of the session, and of the graph as a whole.
const EVENTS_OF_A_RUN: usize = 2;

/// A plain session and a profiled one of the same model.
pub(super) struct OrtTraced {
    plain: OrtRunnable,
    profiled: Profiled,
    clock: SystemClock,
    turns: Turns,
    cost: NoteCost,
    most_runs: usize,
}

impl OrtTraced {
    pub(super) fn new(
        environment: &Environment,
        model: Model<'_>,
        threads: usize,
    ) -> Result<Self, BackendError> {
        let refuse = |reason: String| refused(model, &reason);
        let nodes = Outline::read(model.onnx).map_err(|error| refuse(error.to_string()))?.nodes;
        let holds_graphs = nodes.iter().any(|node| HOLDS_GRAPHS.contains(&node.operator.as_str()));
        let events = match holds_graphs {
            // How often a loop goes round is known once it did.
            true => Profiled::load(environment, model, threads).map_err(refuse)?.events_of_a_run()?,
            // Layout changes add nodes; the session itself writes a few events per run.
            false => 2 * nodes.len() + 8,
        };
        Ok(Self {
            plain: load_session(environment, model, threads, None).map_err(refuse)?,
            profiled: Profiled::load(environment, model, threads).map_err(refuse)?,
            clock: SystemClock::new(),
            turns: Turns::default(),
            cost: chain_cost(environment)?,
            most_runs: MOST_EVENTS / events,
        })
    }
}

impl Traced for OrtTraced {
    fn run_plain(&mut self) -> Result<(), BackendError> {
        let before = self.clock.now_ns();
        self.plain.run()?;
        self.turns.push(Kind::Plain, (self.clock.now_ns() - before) as f64);
        Ok(())
    }

    fn clock(&self, _: NodeClock) -> NodeClock {
        NodeClock::Wall
    }

    fn run_traced(&mut self, _: NodeClock) -> Result<(), BackendError> {
        let before = self.clock.now_ns();
        self.profiled.runnable.run()?;
        self.turns.push(Kind::Traced, (self.clock.now_ns() - before) as f64);
        Ok(())
    }

    fn most_runs(&self) -> usize {
        self.most_runs.max(1)
    }

    fn finish(&mut self) -> Result<Trace, BackendError> {
        let noted = self.profiled.finish()?.nodes;
        let within: Vec<Vec<u32>> = noted.iter().map(|noted| noted.within.clone()).collect();
        let notes = noted.iter().flat_map(|noted| noted.own.iter().chain(&noted.within)).sum::<u32>();
        let runs = noted.first().map_or(0, |noted| noted.own.len());
        let note_ns =
            self.cost.in_network(&self.turns, f64::from(notes) / runs as f64 + EVENTS_OF_A_RUN as f64);
        let inside = self.cost.inside;
        let less_cost = |Noted { mut node, own, within }: Noted| {
            let notes = own.into_iter().zip(within);
            for ((ns, (own, within)), note_ns) in node.run_ns.iter_mut().zip(notes).zip(&note_ns) {
                *ns -= (f64::from(own) * inside + f64::from(within)) * note_ns;
            }
            node
        };
        let node_cost_ns = inside * median(&note_ns).unwrap_or(self.cost.ns);
        let mut nodes: Vec<TracedNode> = noted.into_iter().map(less_cost).collect();
        self.turns.bound(&mut nodes, &within);
        Ok(Trace { nodes, node_cost_ns, resolution_ns: 1_000 })
    }
}

struct Profiled {
    runnable: OrtRunnable,
    /// The model's own node names.
    names: HashSet<String>,
    /// Where the profile is written; removed at the end.
    folder: tempfile::TempDir,
}

/// What a profile holds.
struct Profile {
    nodes: Vec<Noted>,
    events: usize,
}

impl Profiled {
    fn load(environment: &Environment, model: Model<'_>, threads: usize) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("no place for its profile: {error}"))?;
        let prefix = folder.path().join("profile");
        let nodes = Outline::read(model.onnx).map_err(|error| error.to_string())?.nodes;
        let names = nodes.into_iter().map(|node| node.name).collect();
        Ok(Self { runnable: load_session(environment, model, threads, Some(&prefix))?, names, folder })
    }

    fn finish(&mut self) -> Result<Profile, BackendError> {
        let key = self.runnable.key.clone();
        let lost = |reason: String| BackendError::run(OnnxRuntime::NAME, &key, reason);
        let written =
            self.runnable.session.end_profiling().map_err(|error| lost(one_line(&error.to_string())))?;
        let path = self.folder.path().join(Path::new(&written).file_name().unwrap_or_default());
        let file = File::open(&path).map_err(|error| lost(format!("its profile `{written}`: {error}")))?;
        let events: Vec<Event> = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| lost(format!("its profile cannot be read: {error}")))?;
        Ok(Profile { nodes: node_times(&events, &self.names).map_err(lost)?, events: events.len() })
    }

    /// Those of loading it, too.
    fn events_of_a_run(mut self) -> Result<usize, BackendError> {
        self.runnable.run()?;
        Ok(self.finish()?.events)
    }
}

/// By a chain of nodes that do next to nothing.
fn chain_cost(environment: &Environment) -> Result<NoteCost, BackendError> {
    const LENGTH: usize = 60;
    const WARM_UP_RUNS: usize = 20;
    const RUNS: usize = 100;
    let onnx = chain_model(LENGTH);
    let model = Model::whole("chain", &onnx);
    let refuse = |reason: String| refused(model, &reason);
    let mut plain = load_session(environment, model, 1, None).map_err(refuse)?;
    let mut profiled = Profiled::load(environment, model, 1).map_err(refuse)?;
    let clock = SystemClock::new();
    let mut took = Vec::with_capacity(WARM_UP_RUNS + RUNS);
    for _ in 0..WARM_UP_RUNS + RUNS {
        let before = clock.now_ns();
        plain.run()?;
        let between = clock.now_ns();
        profiled.runnable.run()?;
        took.push((between - before, clock.now_ns() - between));
    }
    let nodes = profiled.finish()?.nodes;
    let node_ns =
        |run: usize| nodes.iter().map(|noted| noted.node.run_ns[run]).sum::<f64>() / nodes.len() as f64;
    let runs = took.into_iter().enumerate().skip(WARM_UP_RUNS).map(|(run, (plain, traced))| ChainRuns {
        plain_ns: plain as f64,
        traced_ns: traced as f64,
        node_ns: node_ns(run),
    });
    Ok(NoteCost::of_chain(&runs.collect::<Vec<_>>(), LENGTH, LENGTH + EVENTS_OF_A_RUN))
}
