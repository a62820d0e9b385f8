//! Where the subjects stand, and telling who is known well enough.

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
    /// Subjects whose closing was told, by index.
    told: Vec<bool>,
}

impl Assessment {
    pub(super) fn is_due(&self, now_ns: u64) -> bool {
        now_ns - self.end_ns >= 50 * (self.end_ns - self.start_ns)
    }
}

impl<S: Subject> Session<'_, S> {
    /// Assesses everyone, and tells the observer once of each who is closed. Drift may open a subject again, or move
    /// its figure, as long as the session lasts: what is told here is not final.
    pub(super) fn assess(&mut self) -> Result<Convergence, MeasureError> {
        self.assessment.start_ns = self.now_ns();
        let turns = self.turns()?;
        let convergence = Convergence::judge(&turns, self.subjects.len(), self.protocol);
        self.tell(&turns, &convergence.finished())?;
        self.assessment.end_ns = self.now_ns();
        Ok(convergence)
    }

    /// Tells the observer of each who is not closed yet: there will be no more rounds.
    pub(super) fn close_all(&mut self) -> Result<(), MeasureError> {
        let turns = self.turns()?;
        self.tell(&turns, &(0..self.subjects.len()).collect::<Vec<_>>())
    }

    /// At every speed that is asked for.
    fn turns(&self) -> Result<Vec<Turns>, MeasureError> {
        let speeds = self.protocol.speeds.iter();
        speeds.map(|speed| Turns::of(self.history, self.subjects.len(), *speed)).collect()
    }

    fn tell(&mut self, turns: &[Turns], closed: &[usize]) -> Result<(), MeasureError> {
        self.assessment.told.resize(self.subjects.len(), false);
        for &subject in closed {
            if !std::mem::replace(&mut self.assessment.told[subject], true) {
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
