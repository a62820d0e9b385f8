//! What can go wrong while measuring.

use super::{NotStarted, ProtocolError, SubjectFailure};

/// Why a measurement did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "a field is what the message says of it")]
pub enum MeasureError {
    /// The clock does not move.
    #[error("the clock did not move during {readings} readings")]
    ClockStuck { readings: usize },
    /// The clock is not monotonic.
    #[error("the clock went back from {from_ns} ns to {to_ns} ns")]
    ClockBackwards { from_ns: u64, to_ns: u64 },
    /// Nothing to measure.
    #[error("there is nothing to measure")]
    NoSubjects,
    /// The machine was so slow that not even one turn was taken.
    #[error("not even one turn was taken in the time given: give more")]
    NoTime,
    /// A subject failed while it was being timed.
    #[error("subject {subject} failed while it was timed: {source}")]
    Subject { subject: usize, source: SubjectFailure },
    /// The reference block or the cache evictor failed.
    #[error("the {instrument} failed: {source}")]
    Instrument { instrument: &'static str, source: SubjectFailure },
    /// The operating system would not say what the thread got of the processor.
    #[error("cannot read the thread's processor time and context switches: {reason}")]
    Usage { reason: String },
    /// A finished measurement could not be handed on (for example written to disk).
    #[error("cannot record a measurement: {source}")]
    Record { source: SubjectFailure },
    /// The history given does not belong to these subjects.
    #[error("the recorded history names subject {subject}, but there are only {subjects} subjects")]
    ForeignHistory { subject: usize, subjects: usize },
    /// Turns were recorded without any timing of the reference block.
    #[error("segment {segment} of the history has turns but no reference readings")]
    NoReference { segment: usize },
    /// A subject takes no time that this clock can see.
    #[error("subject {subject} is too fast for this clock: its median is {median_ns} ns")]
    TooFast { subject: usize, median_ns: f64 },
    /// The history does not begin with a start.
    #[error(transparent)]
    NotStarted(#[from] NotStarted),
    /// A protocol nobody could follow.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}
