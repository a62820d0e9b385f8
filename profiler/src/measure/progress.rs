//! Reporting what happens, while it happens.

use serde::{Deserialize, Serialize};

use super::{Entry, HeatLimits, SubjectFailure, SubjectSummary, Temperatures};

/// Why the measurement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every subject reached the target.
    Converged,
    /// The remaining subjects had all the rounds they may have.
    RoundsSpent,
    /// The session's time was up.
    BudgetSpent,
    /// The stop flag was raised.
    Stopped,
}

/// Where the measurement is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Round being measured, from 0.
    pub round: u32,
    /// Subjects that need no more rounds.
    pub finished: usize,
    /// All subjects.
    pub subjects: usize,
    /// Turns taken in this round.
    pub turns_done: usize,
    /// Turns this round has.
    pub turns_planned: usize,
    /// Time spent so far, earlier segments included.
    pub spent_ns: u64,
    /// Estimate of the time left: what the open subjects need at the rate their intervals narrow, at most
    /// what the budget leaves. `None` before there are intervals.
    pub left_ns: Option<u64>,
}

/// Receives every entry at once, so that a kill loses at most the turn in flight.
pub trait Observer {
    /// A measurement is finished and will not be repeated.
    ///
    /// # Errors
    /// Whatever kept it from being recorded; ends the measurement.
    fn record(&mut self, _entry: &Entry) -> Result<(), SubjectFailure> {
        Ok(())
    }

    /// A subject needs or gets no more rounds; called once for each, and with what is known of it now at every speed asked for. Its final figures may
    /// still move a little with the drift of the whole session.
    ///
    /// # Errors
    /// Whatever kept it from being handed on; ends the measurement.
    fn closed(&mut self, _subject: usize, _summaries: &[SubjectSummary]) -> Result<(), SubjectFailure> {
        Ok(())
    }

    /// Called after every turn.
    fn progress(&mut self, _progress: &Progress) {}

    /// Called about every second while the measurement waits for the machine to cool.
    fn cooling(&mut self, _temperatures: &Temperatures, _limits: &HeatLimits) {}

    /// Called before a subject is warmed up, with its index.
    fn warming_up(&mut self, _subject: usize) {}
}

/// Records nothing: the history alone is of interest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
