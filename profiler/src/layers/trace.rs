//! Plain and traced runs in turns.

use std::sync::atomic::{AtomicBool, Ordering};

use super::stretches::{FEWEST_ROUNDS, Stretches};
use super::{InPlace, LayersError, Round, Stretch, TimedRun, TracePlan, TraceProgress};
use crate::backend::{NodeClock, Notes, Traced};
use crate::measure::{ClockQuality, Instruments, MeasureError, RawNs, Reading, SubjectFailure};

/// Follows a trace while it is taken.
pub trait TraceObserver {
    /// A stretch is finished and will not be repeated.
    ///
    /// # Errors
    /// Whatever kept it from being recorded; ends the tracing.
    fn record(&mut self, stretch: &Stretch) -> Result<(), SubjectFailure>;

    /// Called after every round.
    fn progress(&mut self, progress: &TraceProgress) {
        let _ = progress;
    }
}

/// How tracing ended.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceEnd {
    /// The network is known well enough, or the time is up.
    Done(InPlace),
    /// The runtime gave its notes away and takes no more: load the model again and go on.
    Reload,
}

/// Traces a network until it is known well enough, and adds everything to `stretches`.
///
/// A round reads the reference block, then takes plain and traced runs, in an order that changes every round; the first
/// of each kind only warms up. Where two runs would take too long for the machine to be as fast for both kinds, it is one of
/// each. Runs during which the thread was pre-empted are dropped where there are others.
/// `stretches` may hold what earlier calls traced of the same model: it is continued.
///
/// # Errors
/// [`LayersError`]; `stretches` then holds all that was finished before.
pub fn trace(
    network: &mut dyn Traced,
    plan: &TracePlan,
    instruments: &mut Instruments,
    stretches: &mut Vec<Stretch>,
    observer: &mut dyn TraceObserver,
    stop: &AtomicBool,
) -> Result<TraceEnd, LayersError> {
    if let Some(in_place) = finished(plan, stretches)? {
        return Ok(TraceEnd::Done(in_place));
    }
    let quality = ClockQuality::of(instruments.clock.as_ref())?;
    let start_ns = instruments.clock.now_ns();
    let kept = stretches.len();
    let mut tracing = Tracing { network, instruments, quality, start_ns, stretches, kept, began_ns: 0 };
    let end = tracing.run(plan, observer, stop);
    // What was not finished is no part of it.
    let kept = tracing.kept;
    stretches.truncate(kept);
    match end? {
        End::Done => Ok(TraceEnd::Done(Stretches(stretches).settle(plan)?)),
        End::Reload => Ok(TraceEnd::Reload),
    }
}

/// What stretches give that an earlier call traced to the end; `None` while there is more to trace.
///
/// # Errors
/// [`LayersError`] for stretches that make no sense.
pub fn finished(plan: &TracePlan, stretches: &[Stretch]) -> Result<Option<InPlace>, LayersError> {
    let all = Stretches(stretches);
    if is_over(plan, all)? { all.settle(plan).map(Some) } else { Ok(None) }
}

fn is_over(plan: &TracePlan, stretches: Stretches<'_>) -> Result<bool, LayersError> {
    let (rounds, half_width) = (stretches.rounds().count(), stretches.half_width()?);
    let known = rounds >= plan.min_rounds && half_width.is_some_and(|width| width <= plan.target_half_width);
    // Fewer rounds would have been for nothing.
    let is_late = stretches.spent_ns() >= plan.budget_ns && rounds >= FEWEST_ROUNDS;
    Ok(known || rounds >= plan.max_rounds || is_late)
}

enum End {
    Done,
    Reload,
}

#[derive(Clone, Copy)]
enum Kind {
    Plain,
    Traced,
}

/// Runs of a kind in a round.
#[derive(Clone, Copy)]
struct Pace {
    /// That only warm up, since the other kind ran before.
    warm_up: usize,
    timed: usize,
}

impl Pace {
    fn all(self) -> usize {
        self.warm_up + self.timed
    }
}

struct Tracing<'a> {
    network: &'a mut dyn Traced,
    instruments: &'a mut Instruments,
    quality: ClockQuality,
    start_ns: u64,
    /// The last one is open while there are more than `kept`.
    stretches: &'a mut Vec<Stretch>,
    kept: usize,
    /// When the open one began.
    began_ns: u64,
}

impl Tracing<'_> {
    fn run(
        &mut self,
        plan: &TracePlan,
        observer: &mut dyn TraceObserver,
        stop: &AtomicBool,
    ) -> Result<End, LayersError> {
        let mut open = self.open(Some(self.quality));
        let (pace, mut noted) = self.warm_up(plan)?;
        // Notes that are live begin with what is timed.
        let mut warm_up_notes = noted;
        loop {
            self.round(pace, &mut open)?;
            noted += pace.all();
            open.spent_ns = self.now_ns() - self.began_ns;
            self.stretches.truncate(self.kept);
            self.stretches.push(open.clone());
            let all = Stretches(self.stretches);
            observer.progress(&TraceProgress {
                rounds: all.rounds().count(),
                spent_ns: all.spent_ns(),
                budget_ns: plan.budget_ns,
                half_width: all.half_width()?,
            });
            let is_over = is_over(plan, all)?;
            let is_stopped = stop.load(Ordering::Relaxed);
            let is_live = self.network.notes() == Notes::Live;
            let is_full = noted + pace.all() > self.network.most_runs() || open.spent_ns >= plan.stretch_ns;
            if !(is_over || is_stopped || is_live || is_full) {
                continue;
            }
            self.close(&mut open, warm_up_notes, pace)?;
            observer.record(&open).map_err(LayersError::Record)?;
            self.kept = self.stretches.len();
            if is_stopped {
                return Err(LayersError::Stopped);
            }
            if is_over {
                return Ok(End::Done);
            }
            if !is_live {
                return Ok(End::Reload);
            }
            (warm_up_notes, noted) = (0, 0);
            open = self.open(None);
        }
    }

    fn open(&mut self, start: Option<ClockQuality>) -> Stretch {
        self.began_ns = self.now_ns();
        let (readings, rounds, nodes) = (Vec::new(), Vec::new(), Vec::new());
        Stretch { start, readings, rounds, nodes, node_cost_ns: 0.0, resolution_ns: 0, spent_ns: 0 }
    }

    /// Takes the runtime's notes; those of runs that only warmed up are left out.
    fn close(&mut self, open: &mut Stretch, warm_up_notes: usize, pace: Pace) -> Result<(), LayersError> {
        self.read_reference(open)?;
        let trace = self.network.finish()?;
        let expected = warm_up_notes + open.rounds.len() * pace.all();
        for mut node in trace.nodes {
            if node.run_ns.len() != expected {
                return Err(LayersError::Notes { node: node.name, noted: node.run_ns.len(), runs: expected });
            }
            let rounds = node.run_ns[warm_up_notes..].chunks(pace.all());
            let timed = rounds.flat_map(|round| &round[pace.warm_up..]);
            node.run_ns = timed.copied().collect();
            open.nodes.push(node);
        }
        (open.node_cost_ns, open.resolution_ns) = (trace.node_cost_ns, trace.resolution_ns);
        open.spent_ns = self.now_ns() - self.began_ns;
        self.stretches.truncate(self.kept);
        self.stretches.push(open.clone());
        Ok(())
    }

    /// Runs that a round shall take, and traced runs taken to tell.
    fn warm_up(&mut self, plan: &TracePlan) -> Result<(Pace, usize), LayersError> {
        const WARM_UP_RUNS: usize = 3;
        let mut shortest = f64::INFINITY;
        for _ in 0..WARM_UP_RUNS {
            shortest = shortest.min(self.sample(Kind::Plain, NodeClock::Wall)?.took_ns);
            self.sample(Kind::Traced, NodeClock::Wall)?;
            self.instruments.reference.run().map_err(reference_failed)?;
        }
        let fitting = (plan.burst_ns as f64 / shortest.max(1.0)) as usize;
        let pace = match fitting {
            0 | 1 => Pace { warm_up: 0, timed: 1 },
            _ => Pace { warm_up: 1, timed: fitting.min(plan.runs.max(2)) },
        };
        Ok((pace, WARM_UP_RUNS))
    }

    fn round(&mut self, pace: Pace, open: &mut Stretch) -> Result<(), LayersError> {
        self.read_reference(open)?;
        let begin_ns = self.now_ns();
        let all = Stretches(self.stretches);
        let (index, clock) = (all.rounds().count(), self.network.clock(all.node_clock()));
        let mut round = Round { at_ns: 0.0, clock, plain: Vec::new(), traced: Vec::new() };
        let kinds =
            if index.is_multiple_of(2) { [Kind::Plain, Kind::Traced] } else { [Kind::Traced, Kind::Plain] };
        for kind in kinds {
            for run in 0..pace.all() {
                let sample = self.sample(kind, clock)?;
                let counts = (run >= pace.warm_up).then_some(sample);
                match kind {
                    Kind::Plain => round.plain.extend(counts),
                    Kind::Traced => round.traced.extend(counts),
                }
            }
        }
        round.at_ns = (begin_ns + self.now_ns()) as f64 / 2.0;
        open.rounds.push(round);
        Ok(())
    }

    fn sample(&mut self, kind: Kind, clock: NodeClock) -> Result<TimedRun, LayersError> {
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
        Ok(TimedRun {
            took_ns: cost_off(took),
            // It includes the readings around the run: it is never more than the clock's.
            on_processor_ns: cost_off(on_processor.unwrap_or(took).min(took)),
            is_disturbed: usage.preemptions != usage_before.preemptions,
        })
    }

    fn read_reference(&mut self, open: &mut Stretch) -> Result<(), LayersError> {
        const RUNS: usize = 2;
        let at_ns = self.now_ns();
        let mut shortest = f64::INFINITY;
        for _ in 0..RUNS {
            let before = self.instruments.clock.now_ns();
            self.instruments.reference.run().map_err(reference_failed)?;
            let took = self.instruments.clock.now_ns() - before;
            shortest = shortest.min(took as f64 - self.quality.cost_ns);
        }
        open.readings.push(Reading::of_block(at_ns, RawNs(shortest)));
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.instruments.clock.now_ns() - self.start_ns
    }
}

fn reference_failed(source: SubjectFailure) -> MeasureError {
    MeasureError::Instrument { instrument: "reference block", source }
}
