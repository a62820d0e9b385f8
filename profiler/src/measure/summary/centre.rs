//! The middle of a subject's turns, and how far it can be trusted.

use super::{CorrectedNs, RawNs, TimedTurn};
use crate::measure::slowdown::{Moment, calmest};
use crate::measure::{Interval, Protocol, Status, median, midmean, midmean_interval};

/// Whether pre-empted samples, and turns at other speeds, are left aside or, for want of others, used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Undisturbed,
    Preempted,
    /// Undisturbed turns at any speed.
    Scaled,
    All,
}

impl TimedTurn {
    pub(super) fn chosen(&self, choice: Choice) -> impl Iterator<Item = &(RawNs, CorrectedNs)> {
        let is_known = self.moment.beyond_calm.is_finite();
        let is_taken = matches!(choice, Choice::Scaled) && is_known || choice == Choice::All;
        let is_left_aside = !(self.moment.is_chosen || is_taken);
        let (kept, disturbed): (&[_], &[_]) = match choice {
            _ if is_left_aside => (&[], &[]),
            Choice::Undisturbed | Choice::Scaled => (&self.kept, &[]),
            Choice::Preempted | Choice::All => (&self.kept, &self.dropped),
        };
        kept.iter().chain(disturbed)
    }
}

/// The calm turns' medians, their middle and its interval: what the stopping rule checks.
pub(in crate::measure) struct Centre {
    pub(in crate::measure) corrected: Vec<f64>,
    pub(in crate::measure) latency: f64,
    pub(in crate::measure) interval: Option<Interval>,
    /// Whether the interval is within the target and of the chosen speed, pre-empted or not.
    pub(in crate::measure) within_target: bool,
    pub(super) status: Status,
    pub(super) choice: Choice,
}

impl Centre {
    /// `None` if there is no turn with samples.
    pub(in crate::measure) fn of(turns: &[TimedTurn], is_slow: bool, protocol: &Protocol) -> Option<Self> {
        const FEWEST: usize = 6;
        let medians = |choice: Choice| -> Vec<(f64, bool)> {
            let of_turn = |turn: &TimedTurn| {
                let middle = median(&turn.chosen(choice).map(|(_, c)| c.0).collect::<Vec<_>>())?;
                Some((turn.moment, (middle, turn.is_contended)))
            };
            calmest(turns.iter().filter_map(of_turn), Moment::is_calm)
        };
        let choices = [Choice::Undisturbed, Choice::Preempted, Choice::Scaled, Choice::All];
        let found = choices.map(|choice| (choice, medians(choice)));
        let most = found.iter().map(|(_, medians)| medians.len()).max().unwrap_or(0);
        let enough = |(_, medians): &(Choice, Vec<_>)| medians.len() >= FEWEST.min(most);
        let (choice, turns) = found.into_iter().find(enough)?;
        let (corrected, contended): (Vec<f64>, Vec<bool>) = turns.into_iter().unzip();
        let is_contended = 2 * contended.iter().filter(|is| **is).count() > contended.len();
        let latency = midmean(&corrected)?;
        let interval = midmean_interval(&corrected);
        let width = interval.map(|interval| interval.relative_half_width(latency));
        let is_scaled = matches!(choice, Choice::Scaled | Choice::All);
        let within_target = !is_scaled && width.is_some_and(|width| width <= protocol.target_half_width);
        let status = match width {
            _ if is_scaled => Status::Scaled,
            _ if choice == Choice::Preempted => Status::Preempted,
            None => Status::TooFew,
            Some(_) if is_slow => Status::Slow,
            Some(_) if is_contended => Status::Contended,
            Some(_) if within_target => Status::WithinTarget,
            Some(_) => Status::Wide,
        };
        Some(Self { corrected, latency, interval, within_target, status, choice })
    }
}
