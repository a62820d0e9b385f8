//! Writing down what an observer is told, before it is told.

use crate::measure::{Entry, HeatLimits, Observer, Progress, SubjectFailure, SubjectSummary, Temperatures};

/// Hands everything on; entries and closed subjects only once they are written.
pub(super) struct Recorder<'a, W, C> {
    /// Writes an entry.
    pub(super) write: W,
    /// Takes note of a subject that needs or gets no more rounds.
    pub(super) closed: C,
    pub(super) observer: &'a mut dyn Observer,
}

impl<W, C> Observer for Recorder<'_, W, C>
where
    W: FnMut(&Entry) -> Result<(), SubjectFailure>,
    C: FnMut(usize, &[SubjectSummary]) -> Result<(), SubjectFailure>,
{
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        (self.write)(entry)?;
        self.observer.record(entry)
    }

    fn closed(&mut self, subject: usize, summaries: &[SubjectSummary]) -> Result<(), SubjectFailure> {
        (self.closed)(subject, summaries)?;
        self.observer.closed(subject, summaries)
    }

    fn progress(&mut self, progress: &Progress) {
        self.observer.progress(progress);
    }

    fn cooling(&mut self, warmth: &Temperatures, limits: &HeatLimits) {
        self.observer.cooling(warmth, limits);
    }

    fn warming_up(&mut self, subject: usize) {
        self.observer.warming_up(subject);
    }
}
