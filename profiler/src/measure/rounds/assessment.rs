//! How well the subjects are known, and reporting those that are known well enough.

use super::Session;
use crate::measure::stopping::Convergence;
use crate::measure::summary::{Turns, summarise_turns_of};
use crate::measure::{MeasureError, Subject};

/// When the convergence was last assessed. Long histories take long to assess: rounds must take at least fifty times
/// as long as that in between.
#[derive(Default)]
pub(super) struct Assessment {
    start_ns: u64,
    end_ns: u64,
    /// Subjects whose closing was reported, by index.
    reported: Vec<bool>,
}

impl Assessment {
    pub(super) fn is_due(&self, now_ns: u64) -> bool {
        now_ns - self.end_ns >= 50 * (self.end_ns - self.start_ns)
    }
}

impl<S: Subject> Session<'_, S> {
    /// Assesses everyone, and reports each who is closed to the observer, once. Drift may open a subject again, or move
    /// its figure, as long as the session lasts: what is reported here is not final.
    pub(super) fn assess(&mut self) -> Result<Convergence, MeasureError> {
        self.assessment.start_ns = self.now_ns();
        let turns = self.turns()?;
        let convergence = Convergence::judge(&turns, self.subjects.len(), self.protocol);
        self.report(&turns, &convergence.finished())?;
        self.assessment.end_ns = self.now_ns();
        Ok(convergence)
    }

    /// Reports each who is not closed yet to the observer: there will be no more rounds.
    pub(super) fn close_all(&mut self) -> Result<(), MeasureError> {
        let turns = self.turns()?;
        self.report(&turns, &(0..self.subjects.len()).collect::<Vec<_>>())
    }

    /// At every speed that is asked for.
    fn turns(&self) -> Result<Vec<Turns>, MeasureError> {
        let speeds = self.protocol.speeds.iter();
        speeds.map(|speed| Turns::of(self.history, self.subjects.len(), *speed)).collect()
    }

    fn report(&mut self, turns: &[Turns], closed: &[usize]) -> Result<(), MeasureError> {
        self.assessment.reported.resize(self.subjects.len(), false);
        for &subject in closed {
            if !std::mem::replace(&mut self.assessment.reported[subject], true) {
                let at_speeds = self.protocol.speeds.iter().zip(turns);
                let summary = |(speed, turns): (&_, &Turns)| {
                    summarise_turns_of(subject, &turns.by_subject[subject], self.protocol, *speed)
                };
                let summaries = at_speeds.map(summary).collect::<Result<Vec<_>, _>>()?;
                let failed = |source| MeasureError::Record { source };
                self.observer.closed(subject, &summaries).map_err(failed)?;
            }
        }
        Ok(())
    }
}
