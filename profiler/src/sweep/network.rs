//! One network on one runtime: its latency as a whole, and layer by layer in place.

use std::{collections::BTreeMap, path::Path, sync::atomic::AtomicBool};

use jiff::Timestamp;

use super::compare::Comparison;
use super::in_place::{Figure, Layered, Tracer, add_rows, steps_of};
use super::journal::{Header, models_sha256};
use super::network_journal::{LayerRecorder, NetworkHistory, write_whole};
use super::recorder::Recorder;
use super::references::{load_references, speed_report};
use super::session::{conditions, drift_warning, new_session, output_warning};
use super::{CompareWith, Journal, Planned, SweepError, journal_path, rows};
use crate::backend::{Backend, Model};
use crate::device::{Device, MachineState, peak_memory_kib};
use crate::layers::{
    InPlace, LayerTable, LayersError, OpRow, StepTable, TracePlan, TraceProgress, macs_by_node,
};
use crate::measure::{
    ContentionReport, Entry, HeatReport, Instruments, Observer, Outcome, Protocol, SubjectSummary,
    drift_report, measure,
};
use crate::onnx::{InputShapes, ModelGraph, OnnxError, Outline};
use crate::record::{OpRepeats, Row, Session};

/// A network, and how to measure it.
pub struct NetworkProfile<'a> {
    /// The network.
    pub network: &'a Planned,
    /// On which runtime.
    pub backend: &'a dyn Backend,
    /// With how many threads.
    pub threads: usize,
    /// Pinned to these processors, as the kernel confirmed.
    pub cpus: Vec<usize>,
    /// How the whole is measured.
    pub protocol: Protocol,
    /// How the layers are measured.
    pub plan: TracePlan,
    /// With what outputs are compared before anything is timed.
    pub compare_with: CompareWith<'a>,
    /// The table that is to be written: its journal keeps what is measured. Without one, a stop loses all.
    pub output: Option<&'a Path>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct NetworkResult {
    /// Rows of the network, hot and cold, then of its ops, in place: Tailor's own where it exported the network, else its steps.
    pub rows: Vec<Row>,
    /// Its layers.
    pub layers: LayerTable,
    /// Conditions, drift, outputs compared.
    pub session: Session,
}

impl NetworkProfile<'_> {
    /// Compares outputs, measures the whole by the protocol, then the layers; what the journal has is not measured
    /// again. `None` when it was stopped.
    ///
    /// # Errors
    /// [`SweepError`]; what was measured stays in the journal.
    pub fn run(
        &self,
        observer: &mut dyn Observer,
        progress: &mut dyn FnMut(&TraceProgress),
        stop: &AtomicBool,
    ) -> Result<Option<NetworkResult>, SweepError> {
        let named = |source: OnnxError| SweepError::Model { path: (&self.network.key).into(), source };
        let outline = Outline::read(&self.network.onnx).map_err(named)?;
        let model = self.network.model();
        // Refused at once if the runtime cannot tell its layers' times.
        let traced = self.backend.prepare_traced(model, self.threads)?;
        let mut plain = self.backend.prepare(model, self.threads)?;
        let mut comparison = Comparison::new(self.compare_with);
        comparison.check(plain.as_mut(), model, self.backend)?;
        let macs = macs_of(&outline, model);

        let device = Device::of_this_machine();
        let conditions = conditions(self.backend, self.threads, &self.cpus, &device);
        let (id, started) = new_session();
        let network = std::slice::from_ref(self.network);
        let keys = vec![self.network.key.clone()];
        let fresh = Header::new(id, started, conditions, self.protocol.clone(), keys, models_sha256(network));
        let (mut journal, mut told) = match self.output {
            Some(output) => {
                let (journal, told) = Journal::open::<NetworkHistory>(&journal_path(output), fresh.clone())?;
                (Some(journal), told)
            }
            None => (None, NetworkHistory::default()),
        };
        let Header { session: id, started, conditions, .. } =
            journal.as_ref().map_or(fresh, |journal| journal.header.clone());
        let before = MachineState::of_this_machine();
        let mut instruments = Instruments::of_this_machine(self.threads);
        instruments.references = load_references(self.backend, self.threads)?;
        let history = &mut told.whole;
        let mut subject = [plain];
        let mut recorder = Recorder {
            write: |entry: &Entry| write_whole(journal.as_mut(), entry),
            closed: |_: usize, _: &[SubjectSummary]| Ok(()),
            observer,
        };
        let outcome = measure(&mut subject, &self.protocol, &mut instruments, history, &mut recorder, stop)?;
        if outcome == Outcome::Stopped {
            return Ok(None);
        }
        drop(subject);
        let mut recorder = LayerRecorder { journal: journal.as_mut(), progress };
        let (backend, threads, plan) = (self.backend, self.threads, &self.plan);
        let mut tracer = Tracer { backend, threads, plan, instruments: &mut instruments, stop };
        let in_place = match tracer.trace(model, Some(traced), &mut told.layers, &mut recorder) {
            Ok(in_place) => in_place,
            Err(SweepError::Layers(LayersError::Stopped)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let history = &told.whole;
        let after = MachineState::of_this_machine();

        let whole = rows(network, history, &self.protocol, &id)?;
        let too_short = || LayersError::TooShort { rounds: in_place.whole_ns.len() };
        let layers = LayerTable::of(&in_place, &outline, &macs).ok_or_else(too_short)?;
        let drift = drift_report(history, &self.protocol)?;
        let outputs = comparison.finish();
        let heat = HeatReport::of(history, instruments.thermometer.sensors());
        let mut warnings = whole.warnings;
        warnings.extend(heat.warning());
        let contention = ContentionReport::of(history);
        warnings.extend(contention.as_ref().and_then(ContentionReport::warning));
        warnings.extend(drift_warning(&drift).or_else(|| drift_warning(&in_place.drift)));
        warnings.extend(output_warning(&outputs));
        warnings.extend(self.layer_warnings(&layers));
        // A figure that is not above zero is none.
        let (known, unknown): (Vec<_>, Vec<_>) = layers.ops.iter().partition(|op| op.time.ci_low_ms > 0.0);
        let hidden =
            |op: &&OpRow| format!("op {} has no time of its own in this runtime: it has no row", op.op);
        warnings.extend(unknown.iter().map(hidden));
        let ops: Vec<Row> = known.into_iter().map(|op| self.op_row(op, &in_place, &id)).collect();
        let mut rows: Vec<Row> = whole.rows.into_iter().chain(ops).collect();
        let mut repeats = OpRepeats::new();
        if outline.ops.is_empty() {
            let told = steps_of(&self.network.onnx).map(|steps| {
                StepTable::of(&in_place, &outline, &steps).map(|steps| (steps, in_place.clone()))
            });
            match told {
                Ok(told) => {
                    let network = self.network.key.clone();
                    let layered = told.map(|(steps, in_place)| Layered { network, steps, in_place });
                    repeats = add_rows(&mut rows, layered.as_slice(), self.plan.target_half_width);
                }
                Err(reason) => warnings.push(format!("its layers have no rows: {reason}")),
            }
        }
        let session = Session {
            id: id.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            finished: Timestamp::now().to_string(),
            measured_s: (history.spent_ns() - history.paused_ns() + in_place.spent_ns) as f64 / 1e9,
            outcome,
            conditions,
            device,
            before,
            after,
            protocol: self.protocol.clone(),
            outputs,
            drift,
            speed: speed_report(history, &self.protocol),
            machine: None,
            heat: Some(heat),
            contention,
            runs: whole.runs + in_place.runs,
            dropped_runs: whole.dropped_runs + in_place.dropped_runs,
            peak_memory_kib: peak_memory_kib(),
            repeats,
            warnings,
        };
        Ok(Some(NetworkResult { rows, layers, session }))
    }

    fn layer_warnings(&self, layers: &LayerTable) -> Vec<String> {
        let mut warnings = Vec::new();
        if layers.is_preempted {
            warnings.push(
                "the layers rest on pre-empted runs: the machine was too busy for six undisturbed rounds"
                    .to_owned(),
            );
        }
        warnings.extend(unknown_macs(layers));
        if self.threads > 1 {
            warnings.push(
                "with several threads a layer's time is that of the whole step, not of all threads"
                    .to_owned(),
            );
        }
        warnings
    }

    fn op_row(&self, op: &OpRow, in_place: &InPlace, session: &str) -> Row {
        let (speed, target) = (self.protocol.speeds.first().copied(), self.plan.target_half_width);
        let figure = Figure { time: op.time, round_ms: &op.round_ms, in_place, scale: 1.0, speed, target };
        figure.row(&op.op, session)
    }
}

/// Which layers' multiply-accumulates are not known.
fn unknown_macs(layers: &LayerTable) -> Option<String> {
    let unknown: Vec<_> = layers.layers.iter().filter(|layer| layer.macs.is_none()).collect();
    let longest = unknown.iter().max_by(|a, b| a.time.latency_ms.total_cmp(&b.time.latency_ms))?;
    let operators = match longest.operators.as_str() {
        "" => longest.runtime_operators.join("+"),
        operators => operators.to_owned(),
    };
    Some(format!(
        "multiply-accumulates of {} of {} layers are not known (the longest: {}, {operators}): they are left blank, and the \
         total is incomplete",
        unknown.len(),
        layers.layers.len(),
        longest.layer,
    ))
}

/// By position of the model's node.
fn macs_of(outline: &Outline, model: Model<'_>) -> BTreeMap<usize, u64> {
    #[cfg(feature = "tract")]
    let named = crate::backend::node_macs(model).unwrap_or_default();
    #[cfg(not(feature = "tract"))]
    let named = Vec::new();
    // Shapes say it of more operators; what they do not say, tract may.
    let mut macs = macs_by_node(outline, &named);
    if let Ok(graph) = ModelGraph::read(model.onnx)
        && let Ok((shapes, _)) = graph.known_shapes(&InputShapes::new())
    {
        macs.extend(graph.macs(&shapes));
    }
    macs
}
