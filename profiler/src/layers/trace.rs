//! Plain and traced runs in turns.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{LayersError, TracePlan, TraceProgress};
use crate::{
    backend::Traced,
    measure::{
        ClockQuality, Drift, DriftReport, Entry, History, Instruments, MeasureError, RawNs, Reading, median,
        median_interval,
    },
};

/// What tracing gave. A round's mean over its undisturbed runs, corrected for drift, is the unit of all figures.
#[derive(Clone, Debug, PartialEq)]
pub struct InPlace {
    /// Nanoseconds of a plain run, round by round.
    pub whole_ns: Vec<f64>,
    /// The runtime's nodes in running order.
    pub nodes: Vec<NodeRounds>,
    /// Undisturbed traced runs.
    pub runs: u64,
    /// Traced runs dropped because the thread was pre-empted.
    pub dropped_runs: u64,
    /// What noting a node adds to its time in nanoseconds; taken off.
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
    /// Nanoseconds per run, round by round.
    pub round_ns: Vec<f64>,
}

/// Traces a network until it is known well enough.
///
/// A round reads the reference block, then takes plain and traced runs, in an order that changes every round; the first
/// of each kind only warms up. Runs during which the thread was pre-empted are dropped.
///
/// # Errors
/// [`LayersError`].
pub fn trace(
    network: &mut dyn Traced,
    plan: &TracePlan,
    instruments: &mut Instruments,
    progress: &mut dyn FnMut(&TraceProgress),
    stop: &AtomicBool,
) -> Result<InPlace, LayersError> {
    let quality = ClockQuality::of(instruments.clock.as_ref())?;
    let mut history = History::default();
    history.push(Entry::Start { clock: quality }).map_err(MeasureError::from)?;
    let start_ns = instruments.clock.now_ns();
    let (rounds, traced, dropped_runs) = (Vec::new(), Vec::new(), 0);
    let mut tracing =
        Tracing { network, instruments, quality, start_ns, history, rounds, traced, dropped_runs };
    let runs = tracing.warm_up(plan)?;
    loop {
        tracing.round(runs)?;
        let half_width = tracing.half_width()?;
        let (rounds, spent_ns) = (tracing.rounds.len(), tracing.now_ns());
        progress(&TraceProgress { rounds, spent_ns, budget_ns: plan.budget_ns, half_width });
        if stop.load(Ordering::Relaxed) {
            return Err(LayersError::Stopped);
        }
        let known = rounds >= plan.min_rounds && half_width.is_some_and(|width| width <= plan.target_half_width);
        let full = tracing.traced.len() + runs + 1 > tracing.network.most_runs();
        if known || full || rounds >= plan.max_rounds || spent_ns >= plan.budget_ns {
            return tracing.finish(plan);
        }
    }
}

/// One round: when it was, and what its undisturbed runs took in nanoseconds.
#[derive(Default)]
struct Round {
    at_ns: f64,
    plain: Vec<f64>,
    traced: Vec<f64>,
}

impl Round {
    /// Mean plain and traced run; `None` unless there are both.
    fn means(&self) -> Option<(f64, f64)> {
        Some((mean(&self.plain)?, mean(&self.traced)?))
    }
}

struct Tracing<'a> {
    network: &'a mut dyn Traced,
    instruments: &'a mut Instruments,
    quality: ClockQuality,
    start_ns: u64,
    history: History,
    rounds: Vec<Round>,
    /// For every traced run the round that it counts for, if it counts.
    traced: Vec<Option<usize>>,
    dropped_runs: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Traced,
}

impl Tracing<'_> {
    /// Runs of a kind that a round shall time.
    fn warm_up(&mut self, plan: &TracePlan) -> Result<usize, LayersError> {
        const WARM_UP_RUNS: usize = 3;
        let mut shortest = f64::INFINITY;
        for _ in 0..WARM_UP_RUNS {
            shortest = shortest.min(self.run(Kind::Plain)?.0);
            self.run(Kind::Traced)?;
            self.traced.push(None);
            self.instruments.reference.run().map_err(reference_failed)?;
        }
        let fitting = (plan.burst_ns as f64 / shortest.max(1.0)) as usize;
        Ok(fitting.clamp(2, plan.runs.max(2)))
    }

    fn round(&mut self, runs: usize) -> Result<(), LayersError> {
        self.read_reference()?;
        let begin_ns = self.now_ns();
        let index = self.rounds.len();
        let mut round = Round::default();
        let kinds = if index % 2 == 0 { [Kind::Plain, Kind::Traced] } else { [Kind::Traced, Kind::Plain] };
        for kind in kinds {
            for run in 0..=runs {
                let (took_ns, is_disturbed) = self.run(kind)?;
                // The first only warms up: the other kind ran before it.
                let counts = run > 0 && !is_disturbed;
                match kind {
                    Kind::Plain if counts => round.plain.push(took_ns),
                    Kind::Plain => {}
                    Kind::Traced => {
                        self.dropped_runs += u64::from(run > 0 && is_disturbed);
                        self.traced.push(counts.then_some(index));
                        round.traced.extend(counts.then_some(took_ns));
                    }
                }
            }
        }
        round.at_ns = (begin_ns + self.now_ns()) as f64 / 2.0;
        self.rounds.push(round);
        Ok(())
    }

    /// Nanoseconds of one run, and whether the thread was pre-empted meanwhile.
    fn run(&mut self, kind: Kind) -> Result<(f64, bool), LayersError> {
        let usage = self.instruments.processor.usage()?;
        let before = self.instruments.clock.now_ns();
        match kind {
            Kind::Plain => self.network.run_plain()?,
            Kind::Traced => self.network.run_traced()?,
        }
        let took = self.instruments.clock.now_ns() - before;
        let is_disturbed = self.instruments.processor.usage()?.preemptions != usage.preemptions;
        Ok(((took as f64 - self.quality.cost_ns).max(0.0), is_disturbed))
    }

    fn read_reference(&mut self) -> Result<(), LayersError> {
        const RUNS: usize = 2;
        let at_ns = self.now_ns();
        let mut shortest = f64::INFINITY;
        for _ in 0..RUNS {
            let before = self.instruments.clock.now_ns();
            self.instruments.reference.run().map_err(reference_failed)?;
            let took = self.instruments.clock.now_ns() - before;
            shortest = shortest.min(took as f64 - self.quality.cost_ns);
        }
        let reading = Reading { at_ns, took: RawNs(shortest) };
        Ok(self.history.push(Entry::Reading(reading)).map_err(MeasureError::from)?)
    }

    fn drift(&self) -> Result<Drift, LayersError> {
        Ok(Drift::of(&self.history)?.ok_or(MeasureError::NoReference { segment: 0 })?)
    }

    /// Wider of the relative half widths of plain and traced runs; `None` with too few rounds.
    fn half_width(&self) -> Result<Option<f64>, LayersError> {
        let drift = self.drift()?;
        let correct = |ns, round: &Round| drift.correct(RawNs(ns), 0, round.at_ns).0;
        let (plain, traced): (Vec<f64>, Vec<f64>) = self
            .rounds
            .iter()
            .filter_map(|round| round.means().map(|(plain, traced)| (correct(plain, round), correct(traced, round))))
            .unzip();
        let width = |values: &[f64]| Some(median_interval(values)?.relative_half_width(median(values)?));
        Ok(width(&plain).zip(width(&traced)).map(|(plain, traced)| plain.max(traced)))
    }

    fn finish(mut self, plan: &TracePlan) -> Result<InPlace, LayersError> {
        const FEWEST: usize = 6;
        self.read_reference()?;
        let spent_ns = self.now_ns();
        let drift = self.drift()?;
        let trace = self.network.finish()?;
        let counted: Vec<usize> = (0..self.rounds.len()).filter(|i| self.rounds[*i].means().is_some()).collect();
        if counted.len() < FEWEST {
            return Err(LayersError::TooShort { rounds: counted.len() });
        }
        let correct = |ns, round: usize| drift.correct(RawNs(ns), 0, self.rounds[round].at_ns).0;
        let whole_ns = counted
            .iter()
            .filter_map(|round| Some(correct(mean(&self.rounds[*round].plain)?, *round)))
            .collect();
        let mut nodes = Vec::with_capacity(trace.nodes.len());
        for node in trace.nodes {
            if node.run_ns.len() != self.traced.len() {
                let (noted, runs) = (node.run_ns.len(), self.traced.len());
                return Err(LayersError::Notes { node: node.name, noted, runs });
            }
            let mut runs_of: Vec<Vec<f64>> = vec![Vec::new(); self.rounds.len()];
            for (ns, round) in node.run_ns.iter().zip(&self.traced) {
                if let Some(round) = round {
                    runs_of[*round].push(*ns);
                }
            }
            let round_ns =
                counted.iter().filter_map(|round| Some(correct(mean(&runs_of[*round])?, *round))).collect();
            nodes.push(NodeRounds { name: node.name, operator: node.operator, round_ns });
        }
        let runs: usize = counted.iter().map(|round| self.rounds[*round].traced.len()).sum();
        Ok(InPlace {
            whole_ns,
            nodes,
            runs: runs as u64,
            dropped_runs: self.dropped_runs,
            node_cost_ns: trace.node_cost_ns,
            resolution_ns: trace.resolution_ns,
            drift: drift.report(plan.drift_limit),
            spent_ns,
        })
    }

    fn now_ns(&self) -> u64 {
        self.instruments.clock.now_ns() - self.start_ns
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn reference_failed(source: crate::measure::SubjectFailure) -> MeasureError {
    MeasureError::Instrument { instrument: "reference block", source }
}
