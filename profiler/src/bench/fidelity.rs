//! The protocol against a plain loop, run in turns in the same process on the same loaded model.
//!
//! After each turn that an op has under the protocol, the plain loop has one: two runs that do not count, so that it
//! times hot runs as the protocol's hot samples are, then runs timed one by one between two readings of the clock (in
//! batches of at least 50 µs). Its figure is the median over the turns of moments at the speed compared at that were calm
//! within 3 %: no correction, nothing dropped of them. What slows the machine down hits both alike, so what differs is the
//! method's. Beside it, without a goal, stands the median over all turns.

use std::{cell::RefCell, rc::Rc};

use super::flags::Flags;
use super::job::{Found, Job, clock_of};
use super::speed::MachineSpeeds;
use super::{BenchError, Detail, Goal, Ratio, Unit, choose_ops, furthest_from_one, geometric_mean};
use crate::backend::Runnable;
use crate::measure::{
    Clock, Entry, History, Instruments, Observer, Outcome, Progress, Protocol, Speed, Status, Subject,
    SubjectFailure, calm_turns, measure, median, speeds, summarise_at,
};
use crate::record::SpeedReport;
use crate::sweep::plan_op;

const OPS: usize = 30;
/// Turns of each op.
const ROUNDS: u32 = 200;
/// With fewer, where the time is spent before, nothing can be said.
const FEWEST_ROUNDS: u32 = 50;
/// Runs at the start of a plain turn that do not count.
const UNTIMED: usize = 2;
/// Timed batches in a plain turn.
const BATCHES: usize = 5;
/// Moments that are slower by more than this fraction are no yardstick, since the plain loop corrects nothing.
const CALM: f64 = 0.03;
const SHORTEST_BATCH_NS: u64 = 50_000;
/// Share of pre-empted runs beyond which the plain loop, which drops none, is no yardstick.
const MOST_DROPPED: f64 = 0.02;

/// A loaded model that the protocol and the plain loop share.
struct Shared {
    model: Rc<RefCell<Box<dyn Runnable>>>,
    bytes: usize,
}

impl Subject for Shared {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        self.model.borrow_mut().run()
    }

    fn kept_bytes(&self) -> Option<usize> {
        Some(self.bytes)
    }
}

/// Runs the plain loop after each of the protocol's turns.
struct PlainLoop<'a, 'b> {
    models: Vec<Rc<RefCell<Box<dyn Runnable>>>>,
    clock: Box<dyn Clock>,
    /// The op, and nanoseconds per run, of each turn.
    turns: Vec<(usize, Vec<f64>)>,
    runs_per_batch: Vec<Option<u64>>,
    job: &'a mut Job<'b>,
}

impl PlainLoop<'_, '_> {
    fn turn(&mut self, op: usize) -> Result<(), SubjectFailure> {
        let mut model = self.models[op].borrow_mut();
        for _ in 1..UNTIMED {
            model.run()?;
        }
        let before_ns = self.clock.now_ns();
        model.run()?;
        let untimed_ns = (self.clock.now_ns() - before_ns).max(1);
        let runs = *self.runs_per_batch[op].get_or_insert(SHORTEST_BATCH_NS.div_ceil(untimed_ns));
        let mut samples = Vec::with_capacity(BATCHES);
        for _ in 0..BATCHES {
            let before_ns = self.clock.now_ns();
            for _ in 0..runs {
                model.run()?;
            }
            let took_ns = self.clock.now_ns() - before_ns;
            samples.push(took_ns as f64 / runs as f64);
        }
        self.turns.push((op, samples));
        Ok(())
    }
}

impl Observer for PlainLoop<'_, '_> {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        if let Entry::Turn(turn) = entry { self.turn(turn.subject) } else { Ok(()) }
    }

    fn progress(&mut self, progress: &Progress) {
        if progress.turns_done == progress.turns_planned {
            let rounds = progress.round + 1;
            self.job.at(&format!("round {rounds} of {ROUNDS}"), f64::from(rounds) / f64::from(ROUNDS));
        }
    }
}

pub(super) fn run(job: &mut Job) -> Result<Found, BenchError> {
    job.at("loading models", 0.0);
    let (backend, bench, stop) = (job.backend, job.bench, job.stop);
    let ops = choose_ops(&bench.space.distinct_ops(), OPS, bench.seed);
    let (mut models, mut subjects) = (Vec::new(), Vec::new());
    for op in &ops {
        let planned = plan_op(*op)?;
        let model = planned.model();
        let model = Rc::new(RefCell::new(backend.prepare(model, bench.threads)?));
        subjects.push(Shared { model: Rc::clone(&model), bytes: planned.bytes() });
        models.push(model);
    }
    let mut instruments = match backend.emulated_clock() {
        Some(clock) => Instruments::emulated(clock),
        None => Instruments::of_this_machine(bench.threads),
    };
    // Always as many rounds, for the same weight everywhere.
    let protocol = Protocol {
        budget_ns: job.left_ns()?,
        target_half_width: 1e-6,
        min_rounds: ROUNDS,
        max_rounds: ROUNDS,
        min_round_size: ops.len(),
        ..job.protocol(Speed::Fast)
    };
    let runs_per_batch = vec![None; ops.len()];
    let clock = clock_of(backend);
    let mut plain = PlainLoop { models, clock, turns: Vec::new(), runs_per_batch, job };
    let mut history = History::default();
    let outcome = measure(&mut subjects, &protocol, &mut instruments, &mut history, &mut plain, stop)?;
    if outcome == Outcome::Stopped {
        return Err(BenchError::Stopped);
    }
    let report = SpeedReport { modes: speeds(&history), ..SpeedReport::default() };
    let seen = MachineSpeeds { report, is_slow: false };
    let speed = bench.speed.choose(&[&seen]);
    let counts = calm_turns(&history, speed.speed, CALM);
    // The median of an op's samples, of these turns.
    let plain_ns = |op: usize, counts: &dyn Fn(usize) -> bool| {
        let of_op = plain.turns.iter().enumerate().filter(|(turn, (of, _))| *of == op && counts(*turn));
        median(&of_op.flat_map(|(_, (_, samples))| samples.iter().copied()).collect::<Vec<f64>>())
    };
    let (mut details, mut flags, mut runs, mut dropped_runs) = (Vec::new(), Vec::new(), 0, 0);
    let summaries = summarise_at(&history, ops.len(), &protocol, speed.speed)?;
    for (index, (op, summary)) in ops.iter().zip(summaries).enumerate() {
        let calm_ns = plain_ns(index, &|turn| counts.get(turn).copied().unwrap_or_default());
        let (Some(hot), Some(calm_ns), Some(all_ns)) = (summary.hot, calm_ns, plain_ns(index, &|_| true))
        else {
            continue;
        };
        let is_of_few = matches!(hot.status, Status::Scaled | Status::TooFew);
        flags.push(is_of_few.then_some("of too few turns at that speed"));
        runs += hot.runs + hot.dropped_runs;
        dropped_runs += hot.dropped_runs;
        let figures = [
            ("protocol_ms", hot.latency.0 / 1e6),
            ("protocol_raw_ms", hot.raw_median.0 / 1e6),
            ("plain_ms", calm_ns / 1e6),
            ("plain_all_ms", all_ns / 1e6),
        ];
        details.push(Detail::new(op.key(), figures));
    }
    let rounds = history.latest_round().map_or(0, |round| round + 1);
    flags.resize(ops.len(), Some("without a calm turn"));
    let ratios = ratios(&details, rounds, &Flags::of(flags.into_iter()));
    plain.job.seen.insert(backend.name(), seen);
    let warnings = warning(runs, dropped_runs).into_iter().collect();
    Ok(Found { ratios, details, warnings, speed: Some(speed) })
}

fn warning(runs: u64, dropped_runs: u64) -> Option<String> {
    let share = dropped_runs as f64 / runs.max(1) as f64;
    (share > MOST_DROPPED).then(|| {
        format!(
            "the machine was busy: {:.0} % of runs were pre-empted, which the plain loop counts and the protocol does not",
            100.0 * share
        )
    })
}

fn ratios(details: &[Detail], rounds: u32, flags: &Flags) -> Vec<Ratio> {
    let too_few = || format!("{rounds} of {ROUNDS} turns before the time was spent");
    let not_shown = (rounds < FEWEST_ROUNDS).then(too_few).or_else(|| flags.not_shown());
    let details = flags.counted(details);
    let over = |ours: &str, plain: &str| -> Vec<f64> {
        details.iter().map(|detail| detail.figures[ours] / detail.figures[plain]).collect()
    };
    let (corrected, whole) = (over("protocol_ms", "plain_ms"), over("protocol_ms", "plain_all_ms"));
    let raw = over("protocol_raw_ms", "plain_all_ms");
    let mean = |name: &str, ratios: &[f64]| {
        let base = format!("hot, {} ops, {rounds} turns each, of them the calm ones", details.len());
        Ratio::new(format!("{name}, geometric mean"), geometric_mean(ratios), Unit::Times, base)
    };
    let worst = |name: &str, ratios: &[f64]| {
        let at = furthest_from_one(ratios);
        let subject = ratios.iter().position(|ratio| *ratio == at).map_or("none", |i| &details[i].subject);
        Ratio::new(format!("{name}, worst op"), at, Unit::Times, subject)
    };
    vec![
        mean("protocol / plain loop", &corrected)
            .with_goal(Goal::Between(0.98, 1.02))
            .shown_unless(not_shown.clone()),
        worst("protocol / plain loop", &corrected)
            .with_goal(Goal::Between(0.95, 1.05))
            .shown_unless(not_shown),
        mean("plain loop of slow moments, too", &whole),
        mean("both of slow moments, too, no correction", &raw),
        worst("both of slow moments, too, no correction", &raw),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_said_to_be_one() {
        assert_eq!(warning(100, 2), None);
        assert!(warning(100, 3).unwrap_or_default().contains("3 % of runs were pre-empted"));
        assert_eq!(warning(0, 0), None);
    }

    #[test]
    fn ratios_are_of_the_corrected_figure_and_name_the_worst_op() {
        let detail = |subject: &str, protocol: f64, raw: f64, plain: f64| {
            let ours = [("protocol_ms", protocol), ("protocol_raw_ms", raw)];
            let theirs = [("plain_ms", plain), ("plain_all_ms", 2.0 * plain)];
            Detail::new(subject.to_owned(), ours.into_iter().chain(theirs))
        };
        // Corrected: 0.8 and 1.0: geometric mean √0.8 = 0.894, worst 0.8 = 1/1.25. Raw: 1 and 1.
        let details = [detail("a", 0.8, 1.0, 1.0), detail("b", 2.0, 2.0, 2.0)];
        let found = ratios(&details, 200, &Flags::of([None; 2].into_iter()));
        assert!((found[0].value - 0.8f64.sqrt()).abs() < 1e-12);
        assert_eq!((found[0].reached, found[1].reached), (Some(false), Some(false)));
        assert_eq!((found[1].value, found[1].base.as_str()), (0.8, "a"));
        // Over twice as much: half of it. Raw: 1/2 and 2/4.
        assert!((found[2].value - 0.8f64.sqrt() / 2.0).abs() < 1e-12);
        assert_eq!((found[3].value, found[3].reached), (0.5, None));
        let few = ratios(&details, 40, &Flags::of([None; 2].into_iter()));
        assert!(few[1].to_string().contains("not shown: 40 of 200 turns"), "{}", few[1]);
        let scaled = ratios(&details, 200, &Flags::of([None, Some("scaled")].into_iter()));
        assert_eq!(scaled[0].verdict(), "not shown");
    }
}
