//! The layers of a sweep's networks: measured inside of each, one network after the other, once all are known as a whole.

use std::{collections::BTreeMap, sync::atomic::AtomicBool, time::Instant};

use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::{Journal, Lost, Planned, SweepError, journal::JournalState};
use crate::backend::{Backend, Model, Traced};
use crate::layers::{
    Estimate, InPlace, LayersError, StepTable, Stretch, TraceEnd, TraceObserver, TracePlan, TraceProgress,
    finished, trace,
};
use crate::measure::{History, Instruments, LayerProgress, Observer, Speed, SubjectFailure, quantile};
use crate::onnx::{
    InputShapes, ModelGraph, Outline,
    steps::{Steps, fuse, in_place, translate},
};
use crate::record::{Cache, Level, OpRepeats, Repeat, Row, Status, TABLE_VERSION};

/// Stretches of a network, a line of the journal.
#[derive(Deserialize)]
struct LayerLine {
    network: String,
    stretch: Stretch,
}

/// What a sweep's journal tells.
#[derive(Default)]
pub(super) struct SweepHistory {
    pub(super) whole: History,
    /// Stretches by network.
    pub(super) layers: BTreeMap<String, Vec<Stretch>>,
}

impl JournalState for SweepHistory {
    fn take(&mut self, line: &str) -> Result<(), String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Line {
            Layers(LayerLine),
        }
        if !line.starts_with("{\"layers\"") {
            return self.whole.take(line);
        }
        let Line::Layers(LayerLine { network, stretch }) =
            serde_json::from_str(line).map_err(|error| error.to_string())?;
        let of_network = self.layers.entry(network).or_default();
        if of_network.is_empty() && stretch.start.is_none() {
            return Err("the layers' record does not begin with a start".to_owned());
        }
        of_network.push(stretch);
        Ok(())
    }
}

/// A network's steps, and what they rest on.
pub(super) struct Layered {
    pub(super) network: String,
    pub(super) steps: StepTable,
    pub(super) in_place: InPlace,
}

/// The steps of a model, as they are measured in place.
///
/// # Errors
/// In words, why its steps cannot be told.
pub(super) fn steps_of(onnx: &[u8]) -> Result<Steps, String> {
    let graph = ModelGraph::read(onnx).map_err(|error| crate::explain(&error))?;
    let shapes = graph.shapes(&InputShapes::new()).map_err(|error| crate::explain(&error))?;
    let (mut steps, _) = translate(&graph, &shapes)?;
    fuse(&mut steps);
    Ok(in_place(&steps))
}

/// What tracing needs besides the networks.
pub(super) struct Tracer<'a> {
    pub(super) backend: &'a dyn Backend,
    pub(super) threads: usize,
    pub(super) plan: &'a TracePlan,
    pub(super) instruments: &'a mut Instruments,
    pub(super) stop: &'a AtomicBool,
}

impl Tracer<'_> {
    /// Traces a network to the end, loading it anew as often as the runtime asks for that; `traced` is loaded already.
    ///
    /// # Errors
    /// [`LayersError::Stopped`] among others; what was traced was recorded.
    pub(super) fn trace(
        &mut self,
        model: Model<'_>,
        mut traced: Option<Box<dyn Traced>>,
        stretches: &mut Vec<Stretch>,
        observer: &mut dyn TraceObserver,
    ) -> Result<InPlace, SweepError> {
        if let Some(in_place) = finished(self.plan, stretches)? {
            return Ok(in_place);
        }
        loop {
            // Only one at a time in memory.
            let mut loaded = match traced.take() {
                Some(loaded) => loaded,
                None => self.backend.prepare_traced(model, self.threads)?,
            };
            match trace(loaded.as_mut(), self.plan, self.instruments, stretches, observer, self.stop)? {
                TraceEnd::Done(in_place) => return Ok(in_place),
                TraceEnd::Reload => {}
            }
        }
    }

    /// Traces networks in random order, from what the journal has of them. Those that fail are lost, the others go on.
    ///
    /// # Errors
    /// [`LayersError::Stopped`], and what cannot be recorded.
    pub(super) fn all(
        &mut self,
        networks: &[Planned],
        told: &mut BTreeMap<String, Vec<Stretch>>,
        journal: &mut Journal,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Layered>, Vec<Lost>), SweepError> {
        let mut order: Vec<&Planned> = networks.iter().collect();
        order.shuffle(&mut Pcg64::seed_from_u64(seed));
        let (mut done, mut lost) = (Vec::new(), Vec::new());
        let (started, fresh) =
            (Instant::now(), order.iter().filter(|of| !told.contains_key(&of.key)).count());
        let mut tell = |index: usize, told: &BTreeMap<String, Vec<Stretch>>| {
            let spent_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            // What the journal has takes next to no time.
            let left = order[index..].iter().filter(|of| !told.contains_key(&of.key)).count() as u64;
            let each_ns = spent_ns.checked_div(fresh as u64 - left);
            let left_ns =
                if index == order.len() { Some(0) } else { each_ns.map(|each| each.saturating_mul(left)) };
            let network = order.get(index).map(|planned| planned.key.as_str());
            observer.layers(&LayerProgress { done: index, networks: order.len(), network, spent_ns, left_ns })
        };
        for (index, planned) in order.iter().enumerate() {
            tell(index, told).map_err(LayersError::Record)?;
            let mut stretches = told.remove(&planned.key).unwrap_or_default();
            let mut recorder = Recorder { network: &planned.key, journal };
            match self.one(planned, &mut stretches, &mut recorder) {
                Ok(layered) => done.push(layered),
                Err(error @ SweepError::Layers(LayersError::Stopped | LayersError::Record(_))) => {
                    return Err(error);
                }
                Err(error) => lost.push(Lost { subject: planned.key.clone(), error }),
            }
            crate::device::return_free_memory();
        }
        tell(order.len(), told).map_err(LayersError::Record)?;
        Ok((done, lost))
    }

    fn one(
        &mut self,
        planned: &Planned,
        stretches: &mut Vec<Stretch>,
        observer: &mut dyn TraceObserver,
    ) -> Result<Layered, SweepError> {
        let network = planned.key.clone();
        let named = |source| SweepError::Model { path: (&planned.key).into(), source };
        let steps = steps_of(&planned.onnx)
            .map_err(|reason| SweepError::NoSteps { network: network.clone(), reason })?;
        let outline = Outline::read(&planned.onnx).map_err(named)?;
        let model = planned.model();
        let in_place = self.trace(model, None, stretches, observer)?;
        let too_short = || LayersError::TooShort { rounds: in_place.whole_ns.len() };
        let steps = StepTable::of(&in_place, &outline, &steps).ok_or_else(too_short)?;
        Ok(Layered { network, steps, in_place })
    }
}

struct Recorder<'a> {
    network: &'a str,
    journal: &'a mut Journal,
}

impl TraceObserver for Recorder<'_> {
    fn record(&mut self, stretch: &Stretch) -> Result<(), SubjectFailure> {
        #[derive(Serialize)]
        #[serde(rename_all = "snake_case")]
        enum Line<'a> {
            Layers { network: &'a str, stretch: &'a Stretch },
        }
        self.journal.append(&Line::Layers { network: self.network, stretch })
    }

    fn progress(&mut self, _: &TraceProgress) {}
}

/// Puts the keys of their steps into networks' rows, and adds a row for each key: the mean of the networks that have it, each
/// a repeat of its own.
pub(super) fn add_rows(rows: &mut Vec<Row>, layered: &[Layered], target: f64) -> OpRepeats {
    let mut found: BTreeMap<String, Vec<(Row, String)>> = BTreeMap::new();
    for Layered { network, steps, in_place } in layered {
        let keys: Vec<String> = steps.keys.iter().map(ToString::to_string).collect();
        let (mut session, mut whole) = (String::new(), None);
        for row in rows.iter_mut().filter(|row| row.level == Level::Network && row.subject == *network) {
            row.ops = keys.join(" ");
            session.clone_from(&row.session);
            if row.cache == Cache::Hot && whole.is_none() {
                whole = Some((row.latency_ms, row.speed));
            }
        }
        // What was measured of all networks in turns says how long it takes; tracing, which share a step has.
        let Some((hot_ms, speed)) = whole else { continue };
        let scale = hot_ms / steps.whole.latency_ms;
        for step in &steps.rows {
            let key = step.key.to_string();
            let figure = Figure { time: step.time, round_ms: &step.round_ms, in_place, scale, speed, target };
            found.entry(key.clone()).or_default().push((figure.row(&key, &session), network.clone()));
        }
    }
    let repeat =
        |(row, group): &(Row, String)| Repeat { latency_ms: row.latency_ms, group: Some(group.clone()) };
    let repeats = found.iter().map(|(key, of)| (key.clone(), of.iter().map(repeat).collect())).collect();
    rows.extend(found.into_values().filter_map(|of| mean(of.into_iter().map(|(row, _)| row).collect())));
    repeats
}

/// The mean of one op's rows in several networks.
fn mean(rows: Vec<Row>) -> Option<Row> {
    let count = rows.len() as f64;
    let of = |figure: fn(&Row) -> f64| rows.iter().map(figure).sum::<f64>() / count;
    let worst = |status| rows.iter().any(|row| row.status == status);
    Some(Row {
        latency_ms: of(|row| row.latency_ms),
        raw_median_ms: of(|row| row.raw_median_ms),
        min_ms: rows.iter().map(|row| row.min_ms).fold(f64::INFINITY, f64::min),
        p90_ms: of(|row| row.p90_ms),
        ci_low_ms: of(|row| row.ci_low_ms),
        ci_high_ms: of(|row| row.ci_high_ms),
        spread: of(|row| row.spread),
        runs: rows.iter().map(|row| row.runs).sum(),
        dropped_runs: rows.iter().map(|row| row.dropped_runs).sum(),
        status: match (worst(Status::Preempted), worst(Status::Wide)) {
            (true, _) => Status::Preempted,
            (false, true) => Status::Wide,
            (false, false) => Status::Ok,
        },
        ..rows.first()?.clone()
    })
}

/// A figure of an op in place.
pub(super) struct Figure<'a> {
    pub(super) time: Estimate,
    /// Milliseconds, one per round.
    pub(super) round_ms: &'a [f64],
    pub(super) in_place: &'a InPlace,
    /// What all of it is multiplied with.
    pub(super) scale: f64,
    pub(super) speed: Option<Speed>,
    /// The half width of the confidence interval wanted, as a fraction.
    pub(super) target: f64,
}

impl Figure<'_> {
    pub(super) fn row(&self, subject: &str, session: &str) -> Row {
        let Self { time, round_ms, in_place, scale, .. } = *self;
        let of = |q| quantile(round_ms, q).unwrap_or(time.latency_ms);
        let half_width = (time.ci_high_ms - time.ci_low_ms) / 2.0 / time.latency_ms;
        Row {
            table_version: TABLE_VERSION,
            subject: subject.to_owned(),
            level: Level::Op,
            cache: Cache::InPlace,
            speed: self.speed,
            latency_ms: scale * time.latency_ms,
            raw_median_ms: scale * of(0.5),
            min_ms: scale * of(0.0),
            p90_ms: scale * of(0.9),
            ci_low_ms: scale * time.ci_low_ms,
            ci_high_ms: scale * time.ci_high_ms,
            runs: in_place.runs,
            dropped_runs: in_place.dropped_runs,
            spread: (of(0.9) - of(0.1)) / time.latency_ms,
            status: match half_width <= self.target {
                _ if in_place.is_preempted => Status::Preempted,
                true => Status::Ok,
                false => Status::Wide,
            },
            session: session.to_owned(),
            ops: String::new(),
        }
    }
}
