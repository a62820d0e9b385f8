//! Plain and traced runs in turns.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{InPlace, LayersError, NodeRounds, TracePlan, TraceProgress};
use crate::{
    backend::{NodeClock, Traced, TracedNode},
    measure::{
        ClockQuality, Drift, Entry, History, Instruments, MeasureError, RawNs, Reading, median,
        median_interval,
    },
};

/// Below six, there is no 95 % interval of a median.
const FEWEST_ROUNDS: usize = 6;

/// Traces a network until it is known well enough.
///
/// A round reads the reference block, then takes plain and traced runs, in an order that changes every round; the first
/// of each kind only warms up. Runs during which the thread was pre-empted are dropped where there are others.
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
    let (rounds, traced) = (Vec::new(), Vec::new());
    let mut tracing = Tracing { network, instruments, quality, start_ns, history, rounds, traced };
    let runs = tracing.warm_up(plan)?;
    loop {
        tracing.round(runs)?;
        let half_width = tracing.half_width()?;
        let (rounds, spent_ns) = (tracing.rounds.len(), tracing.now_ns());
        progress(&TraceProgress { rounds, spent_ns, budget_ns: plan.budget_ns, half_width });
        if stop.load(Ordering::Relaxed) {
            return Err(LayersError::Stopped);
        }
        let known =
            rounds >= plan.min_rounds && half_width.is_some_and(|width| width <= plan.target_half_width);
        let full = tracing.traced.len() + runs + 1 > tracing.network.most_runs();
        if known || full || rounds >= plan.max_rounds || spent_ns >= plan.budget_ns {
            return tracing.finish(plan);
        }
    }
}

/// Which runs count.
#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Undisturbed,
    All,
}

/// One timed run.
#[derive(Clone, Copy)]
struct Sample {
    took_ns: f64,
    /// Time the thread had the processor, where that can be told; otherwise what it took.
    on_processor_ns: f64,
    is_disturbed: bool,
}

/// One round: when it was, and its timed runs.
#[derive(Default)]
struct Round {
    at_ns: f64,
    clock: Option<NodeClock>,
    plain: Vec<Sample>,
    traced: Vec<Sample>,
}

impl Round {
    /// Mean plain and traced run; `None` unless there are both.
    fn means(&self, choice: Choice) -> Option<(f64, f64)> {
        let of = |samples: &[Sample]| match choice {
            Choice::Undisturbed => {
                mean(samples.iter().filter(|sample| !sample.is_disturbed).map(|sample| sample.took_ns))
            }
            Choice::All => mean(samples.iter().map(|sample| sample.on_processor_ns)),
        };
        Some((of(&self.plain)?, of(&self.traced)?))
    }
}

struct Tracing<'a> {
    network: &'a mut dyn Traced,
    instruments: &'a mut Instruments,
    quality: ClockQuality,
    start_ns: u64,
    history: History,
    rounds: Vec<Round>,
    /// For every traced run its round and whether it was disturbed; none for those that only warmed up.
    traced: Vec<Option<(usize, bool)>>,
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
            shortest = shortest.min(self.run(Kind::Plain, NodeClock::Wall)?.took_ns);
            self.run(Kind::Traced, NodeClock::Wall)?;
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
        let clock = self.node_clock();
        let mut round = Round { clock: Some(clock), ..Round::default() };
        let kinds =
            if index.is_multiple_of(2) { [Kind::Plain, Kind::Traced] } else { [Kind::Traced, Kind::Plain] };
        for kind in kinds {
            for run in 0..=runs {
                let sample = self.run(kind, clock)?;
                // The first only warms up: the other kind ran before it.
                let counts = run > 0;
                match kind {
                    Kind::Plain => round.plain.extend(counts.then_some(sample)),
                    Kind::Traced => {
                        round.traced.extend(counts.then_some(sample));
                        self.traced.push(counts.then_some((index, sample.is_disturbed)));
                    }
                }
            }
        }
        round.at_ns = (begin_ns + self.now_ns()) as f64 / 2.0;
        self.rounds.push(round);
        Ok(())
    }

    fn run(&mut self, kind: Kind, clock: NodeClock) -> Result<Sample, LayersError> {
        let usage_before = self.instruments.processor.usage()?;
        let before = self.instruments.clock.now_ns();
        match kind {
            Kind::Plain => self.network.run_plain()?,
            Kind::Traced => self.network.run_traced(clock)?,
        }
        let took = (self.instruments.clock.now_ns() - before) as f64;
        let usage = self.instruments.processor.usage()?;
        let on_processor = usage.time_ns.zip(usage_before.time_ns).map(|(end, start)| (end - start) as f64);
        let cost_off = |ns: f64| (ns - self.quality.cost_ns).max(0.0);
        Ok(Sample {
            took_ns: cost_off(took),
            // It includes the readings around the run: it is never more than the clock's.
            on_processor_ns: cost_off(on_processor.unwrap_or(took).min(took)),
            is_disturbed: usage.preemptions != usage_before.preemptions,
        })
    }

    /// By the thread's own time once three rounds in a row had no undisturbed run.
    fn node_clock(&self) -> NodeClock {
        const PATIENCE: usize = 3;
        let last = &self.rounds[self.rounds.len().saturating_sub(PATIENCE)..];
        let is_swamped =
            last.len() == PATIENCE && last.iter().all(|round| round.means(Choice::Undisturbed).is_none());
        if is_swamped { NodeClock::Processor } else { NodeClock::Wall }
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

    /// All runs only where there are not six undisturbed rounds.
    fn choice(&self) -> Choice {
        let undisturbed =
            self.rounds.iter().filter(|round| round.means(Choice::Undisturbed).is_some()).count();
        if undisturbed < FEWEST_ROUNDS { Choice::All } else { Choice::Undisturbed }
    }

    /// Wider of the relative half widths of plain and traced runs; `None` with too few rounds.
    fn half_width(&self) -> Result<Option<f64>, LayersError> {
        let (drift, choice) = (self.drift()?, self.choice());
        let correct = |ns, round: &Round| drift.correct(RawNs(ns), 0, round.at_ns).0;
        let both = |round: &Round| round.means(choice).map(|(a, b)| (correct(a, round), correct(b, round)));
        let (plain, traced): (Vec<f64>, Vec<f64>) = self.rounds.iter().filter_map(both).unzip();
        let width = |values: &[f64]| Some(median_interval(values)?.relative_half_width(median(values)?));
        Ok(width(&plain).zip(width(&traced)).map(|(plain, traced)| plain.max(traced)))
    }

    fn finish(mut self, plan: &TracePlan) -> Result<InPlace, LayersError> {
        self.read_reference()?;
        let (spent_ns, drift, choice) = (self.now_ns(), self.drift()?, self.choice());
        let trace = self.network.finish()?;
        let mut means: Vec<(usize, f64)> = Vec::new();
        for (index, round) in self.rounds.iter().enumerate() {
            means.extend(round.means(choice).map(|(plain, _)| (index, plain)));
        }
        // Nodes by the thread's own time are worth more than those that others' time is in.
        let by_thread = |(round, _): &(usize, f64)| self.rounds[*round].clock == Some(NodeClock::Processor);
        if choice == Choice::All && means.iter().filter(|mean| by_thread(mean)).count() >= FEWEST_ROUNDS {
            means.retain(by_thread);
        }
        if means.len() < FEWEST_ROUNDS {
            return Err(LayersError::TooShort { rounds: means.len() });
        }
        let correct = |ns, round: usize| drift.correct(RawNs(ns), 0, self.rounds[round].at_ns).0;
        let mut nodes = Vec::with_capacity(trace.nodes.len());
        for node in trace.nodes {
            if node.run_ns.len() != self.traced.len() {
                let (noted, runs) = (node.run_ns.len(), self.traced.len());
                return Err(LayersError::Notes { node: node.name, noted, runs });
            }
            let mut runs_of: Vec<Vec<f64>> = vec![Vec::new(); self.rounds.len()];
            for (ns, run) in node.run_ns.iter().zip(&self.traced) {
                if let Some((round, is_disturbed)) = run
                    && (choice == Choice::All || !is_disturbed)
                {
                    runs_of[*round].push(*ns);
                }
            }
            let of_round = |runs: &[f64]| match choice {
                Choice::Undisturbed => mean(runs.iter().copied()),
                Choice::All => median(runs),
            };
            let round_ns =
                means.iter().filter_map(|(round, _)| Some(correct(of_round(&runs_of[*round])?, *round)));
            let round_ns = round_ns.collect();
            let TracedNode { name, operator, multiply_adds, .. } = node;
            nodes.push(NodeRounds { name, operator, multiply_adds, round_ns });
        }
        let is_used = |(round, is_disturbed): &&(usize, bool)| {
            means.iter().any(|(used, _)| used == round) && (choice == Choice::All || !is_disturbed)
        };
        let timed = self.traced.iter().flatten();
        let runs = timed.clone().filter(is_used).count();
        Ok(InPlace {
            whole_ns: means.iter().map(|(round, ns)| correct(*ns, *round)).collect(),
            nodes,
            runs: runs as u64,
            dropped_runs: (timed.count() - runs) as u64,
            is_preempted: choice == Choice::All,
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

fn mean(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let count = values.clone().count();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

fn reference_failed(source: crate::measure::SubjectFailure) -> MeasureError {
    MeasureError::Instrument { instrument: "reference block", source }
}
