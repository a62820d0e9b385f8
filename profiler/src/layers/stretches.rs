//! All that was traced of a network, over every process that took part.

use super::follow::follow;
use super::stretch::{Choice, mean};
use super::{InPlace, LayersError, NodeRounds, Round, Stretch, TracePlan};
use crate::backend::NodeClock;
use crate::measure::{Drift, Entry, History, MeasureError, RawNs, median, median_interval};

/// Below six, there is no 95 % interval of a median.
pub(super) const FEWEST_ROUNDS: usize = 6;

/// A view of stretches in order.
#[derive(Clone, Copy)]
pub(super) struct Stretches<'a>(pub(super) &'a [Stretch]);

impl<'a> Stretches<'a> {
    /// Every round with the segment of the drift that it lies in.
    pub(super) fn rounds(self) -> impl Iterator<Item = (usize, &'a Round)> {
        let mut starts = 0;
        self.0.iter().flat_map(move |stretch| {
            starts += usize::from(stretch.start.is_some());
            let segment = starts.saturating_sub(1);
            stretch.rounds.iter().map(move |round| (segment, round))
        })
    }

    pub(super) fn spent_ns(self) -> u64 {
        self.0.iter().map(|stretch| stretch.spent_ns).sum()
    }

    fn drift(self) -> Result<Drift, LayersError> {
        let mut history = History::default();
        for stretch in self.0 {
            let start = stretch.start.map(|clock| Entry::Start { clock });
            let readings = stretch.readings.iter().map(|reading| Entry::Reading(*reading));
            for entry in start.into_iter().chain(readings) {
                history.push(entry).map_err(MeasureError::from)?;
            }
        }
        Ok(Drift::of(&history)?.ok_or(MeasureError::NoReference { segment: 0 })?)
    }

    /// All runs only where there are not six undisturbed rounds.
    fn choice(self) -> Choice {
        let is_undisturbed = |(_, round): &(usize, &Round)| round.means(Choice::Undisturbed).is_some();
        let undisturbed = self.rounds().filter(is_undisturbed).count();
        if undisturbed < FEWEST_ROUNDS { Choice::All } else { Choice::Undisturbed }
    }

    /// Wider of the relative half widths of plain and traced runs; `None` with too few rounds.
    pub(super) fn half_width(self) -> Result<Option<f64>, LayersError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (drift, choice) = (self.drift()?, self.choice());
        let correct = |ns, segment, round: &Round| drift.correct(RawNs(ns), segment, round.at_ns).0;
        let both = |(segment, round): (usize, &Round)| {
            let (plain, traced) = round.means(choice)?;
            Some((correct(plain, segment, round), correct(traced, segment, round)))
        };
        let (plain, traced): (Vec<f64>, Vec<f64>) = self.rounds().filter_map(both).unzip();
        let width = |values: &[f64]| Some(median_interval(values)?.relative_half_width(median(values)?));
        Ok(width(&plain).zip(width(&traced)).map(|(plain, traced)| plain.max(traced)))
    }

    /// By the thread's own time once three rounds in a row had no undisturbed run.
    pub(super) fn node_clock(self) -> NodeClock {
        const PATIENCE: usize = 3;
        let disturbed: Vec<bool> =
            self.rounds().map(|(_, round)| round.means(Choice::Undisturbed).is_none()).collect();
        let last = &disturbed[disturbed.len().saturating_sub(PATIENCE)..];
        let is_swamped = last.len() == PATIENCE && last.iter().all(|is_disturbed| *is_disturbed);
        if is_swamped { NodeClock::Processor } else { NodeClock::Wall }
    }

    /// The figures.
    pub(super) fn settle(self, plan: &TracePlan) -> Result<InPlace, LayersError> {
        let (drift, choice) = (self.drift()?, self.choice());
        let rounds: Vec<(usize, &Round)> = self.rounds().collect();
        let correct = |ns, index: usize| {
            let (segment, round) = rounds[index];
            drift.correct(RawNs(ns), segment, round.at_ns).0
        };
        let mut means: Vec<(usize, f64)> = Vec::new();
        for (index, (_, round)) in rounds.iter().enumerate() {
            means.extend(round.means(choice).map(|(plain, _)| (index, plain)));
        }
        // Nodes by the thread's own time are worth more than those that others' time is in.
        let by_thread = |(index, _): &(usize, f64)| rounds[*index].1.clock == NodeClock::Processor;
        if choice == Choice::All && means.iter().filter(|mean| by_thread(mean)).count() >= FEWEST_ROUNDS {
            means.retain(by_thread);
        }
        if means.len() < FEWEST_ROUNDS {
            return Err(LayersError::TooShort { rounds: means.len() });
        }
        let of_round = |runs: &[f64], clock: NodeClock| match (choice, clock) {
            (Choice::All, NodeClock::Processor) => median(runs),
            // Others' time is in a mean of nodes as it is in that of the plain runs.
            _ => mean(runs.iter().copied()),
        };
        let first = self.0.first().ok_or(LayersError::TooShort { rounds: 0 })?;
        let whole_ns: Vec<f64> = means.iter().map(|(index, ns)| correct(*ns, *index)).collect();
        let whole = median(&whole_ns).unwrap_or(0.0);
        let mut nodes = Vec::with_capacity(first.nodes.len());
        for followed in follow(self.0) {
            let runs_of = followed.runs_of(self.0, choice)?;
            // Against the plain runs of its own round, which the machine was as fast for.
            let of = |(index, plain): &(usize, f64)| {
                let round = rounds[*index].1;
                let plain = round.plain_as_noted(choice).unwrap_or(*plain);
                of_round(&runs_of[*index], round.clock).unwrap_or(0.0) * whole / plain
            };
            nodes.push(NodeRounds {
                name: followed.first.name.clone(),
                operator: followed.first.operator.clone(),
                multiply_adds: followed.first.multiply_adds,
                is_everywhere: followed.found.iter().all(Option::is_some),
                round_ns: means.iter().map(of).collect(),
            });
        }
        let timed: usize = rounds.iter().map(|(_, round)| round.traced.len()).sum();
        let is_used = |is_disturbed: bool| choice == Choice::All || !is_disturbed;
        let used = means.iter().flat_map(|(index, _)| &rounds[*index].1.traced);
        let runs = used.filter(|run| is_used(run.is_disturbed)).count();
        Ok(InPlace {
            whole_ns,
            nodes,
            runs: runs as u64,
            dropped_runs: (timed - runs) as u64,
            is_preempted: choice == Choice::All,
            node_cost_ns: first.node_cost_ns,
            resolution_ns: first.resolution_ns,
            drift: drift.report(plan.drift_limit),
            spent_ns: self.spent_ns(),
        })
    }
}
