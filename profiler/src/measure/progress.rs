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

/// Where the layers of networks are that are measured one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerProgress<'a> {
    /// Networks that are done, or lost.
    pub done: usize,
    /// All of them.
    pub networks: usize,
    /// Key of the one that is measured now; `None` when all are done.
    pub network: Option<&'a str>,
    /// Time spent on layers so far, in nanoseconds; not that of earlier segments.
    pub spent_ns: u64,
    /// Estimate of the time left: what networks took so far for each that is left. `None` before one is done.
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

    /// Called before the layers of each network are measured, and after the last.
    ///
    /// # Errors
    /// Whatever keeps it from being told; ends the measurement.
    fn layers(&mut self, _progress: &LayerProgress<'_>) -> Result<(), SubjectFailure> {
        Ok(())
    }
}

/// Records nothing: the history alone is of interest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
