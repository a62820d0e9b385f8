//! What was timed, raw and in order: the measurement's only state.

use serde::{Deserialize, Serialize};

use super::{ClockQuality, Few, Pause, RawNs, Temperatures};

/// One thing that happened, in a form that can be written out at once (one JSON line, say) and read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A process started, or took up, the measurement; times count from here.
    Start {
        /// The clock of this process.
        clock: ClockQuality,
    },
    /// What each of the references takes at the speed that the machine is known for, in nanoseconds, where that is known.
    KnownSpeed(Vec<Option<f64>>),
    /// A reference was timed.
    Reading(Reading),
    /// A subject had its turn.
    #[serde(rename = "burst")]
    Turn(Turn),
    /// Temperatures were read.
    #[serde(rename = "warmth")]
    Temperatures(Temperatures),
    /// The measurement waited for the machine to cool.
    Pause(Pause),
}

/// One timing of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Time since the segment's start.
    pub at_ns: u64,
    /// What it took: the shortest of its runs.
    pub took: RawNs,
    /// Which of the runtime's references; `None` for the reference block, which no runtime runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<usize>,
    /// Its first run, as the subjects before it left the caches; of the runtime's references only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<RawNs>,
}

impl Reading {
    /// A reading of the reference block.
    pub fn of_block(at_ns: u64, took: RawNs) -> Self {
        Self { at_ns, took, reference: None, first: None }
    }
}

/// One subject's turn in one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Index of the subject.
    pub subject: usize,
    /// Round, from 0.
    pub round: u32,
    /// Start, since the segment's start.
    pub at_ns: u64,
    /// Length, with everything that was not timed.
    pub took_ns: u64,
    /// Runs per hot sample; samples are per run already.
    pub repeats: u32,
    /// What evicting the caches took, before the turn's start; 0 where other subjects had done it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub evicting_ns: u64,
    /// The first run, after the caches were evicted: one sample of one run.
    pub cold: Samples,
    /// What the runs between the cold one and the hot ones took together; they settle the caches and count for no figure.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub settling_ns: u64,
    /// The following ones, back to back.
    pub hot: Samples,
}

fn is_zero(ns: &u64) -> bool {
    *ns == 0
}

/// Samples, each in nanoseconds per run, kept apart by whether the thread lost its processor meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Undisturbed.
    pub kept: Few<RawNs, 5>,
    /// Pre-empted.
    #[serde(default, skip_serializing_if = "Few::is_empty")]
    pub dropped: Few<Disturbed, 2>,
}

/// A pre-empted sample, in nanoseconds per run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disturbed {
    /// By the clock.
    pub took: RawNs,
    /// Time the thread had the processor, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_processor: Option<RawNs>,
}

impl Disturbed {
    /// The better estimate of what the run would have taken undisturbed.
    pub fn estimate(&self) -> RawNs {
        self.on_processor.unwrap_or(self.took)
    }
}

/// What one process measured without interruption.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    /// Its clock.
    pub clock: ClockQuality,
    /// What each of the references takes at the speed that the machine is known for, in nanoseconds, where that is known.
    pub known_ns: Vec<Option<f64>>,
    /// Timings of references, in order.
    pub readings: Vec<Reading>,
    /// Turns, in order.
    pub turns: Vec<Turn>,
    /// Temperatures, in order.
    pub temperatures: Vec<Temperatures>,
    /// Pauses, in order.
    pub pauses: Vec<Pause>,
}

impl Segment {
    /// Time from the segment's start to the end of what it recorded.
    pub fn length_ns(&self) -> u64 {
        let turn = self.turns.last().map_or(0, |turn| turn.at_ns + turn.took_ns);
        let reading = self.readings.last().map_or(0, |reading| reading.at_ns);
        let pause = self.pauses.last().map_or(0, |pause| pause.at_ns + pause.took_ns);
        turn.max(reading).max(pause)
    }
}

/// Everything measured so far, over all processes that took part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    segments: Vec<Segment>,
}

impl History {
    /// The history that these entries make.
    ///
    /// # Errors
    /// [`NotStarted`] if the first is not an [`Entry::Start`].
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Result<Self, NotStarted> {
        let mut history = Self::default();
        for entry in entries {
            history.push(entry)?;
        }
        Ok(history)
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// [`NotStarted`] if no [`Entry::Start`] came before it.
    pub fn push(&mut self, entry: Entry) -> Result<(), NotStarted> {
        match entry {
            Entry::Start { clock } => self.segments.push(Segment { clock, ..Segment::default() }),
            Entry::KnownSpeed(known_ns) => self.latest()?.known_ns = known_ns,
            Entry::Reading(reading) => self.latest()?.readings.push(reading),
            Entry::Turn(turn) => self.latest()?.turns.push(turn),
            Entry::Temperatures(temperatures) => self.latest()?.temperatures.push(temperatures),
            Entry::Pause(pause) => self.latest()?.pauses.push(pause),
        }
        Ok(())
    }

    fn latest(&mut self) -> Result<&mut Segment, NotStarted> {
        self.segments.last_mut().ok_or(NotStarted)
    }

    /// The uninterrupted stretches, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Every turn of every subject, in order.
    pub fn turns(&self) -> impl Iterator<Item = &Turn> {
        self.segments.iter().flat_map(|segment| &segment.turns)
    }

    /// Round of the latest turn.
    pub fn latest_round(&self) -> Option<u32> {
        self.turns().map(|turn| turn.round).max()
    }

    /// Time spent, over all segments, pauses included.
    pub fn spent_ns(&self) -> u64 {
        self.segments.iter().map(Segment::length_ns).sum()
    }

    /// Of it, time spent on waiting for the machine to cool.
    pub fn paused_ns(&self) -> u64 {
        self.segments.iter().flat_map(|segment| &segment.pauses).map(|pause| pause.took_ns).sum()
    }
}

/// An entry came before the first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record does not begin with a start entry")]
pub struct NotStarted;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::fixtures::{reading, start, turn};

    #[test]
    fn entries_survive_json_lines() {
        let mut turn = Turn { took_ns: 40, repeats: 3, ..turn(1, 0, 10, (12.5, 12.5)) };
        turn.hot.dropped.push(Disturbed { took: RawNs(99.0), on_processor: Some(RawNs(13.0)) });
        let turn = Entry::Turn(turn);
        for entry in [start(), reading(5, 150.25), turn.clone()] {
            let line = serde_json::to_string(&entry).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
        }
        assert_eq!(
            serde_json::to_string(&turn).unwrap(),
            r#"{"burst":{"subject":1,"round":0,"at_ns":10,"took_ns":40,"repeats":3,"cold":{"kept":[12.5]},"hot":{"kept":[12.5],"dropped":[{"took":99.0,"on_processor":13.0}]}}}"#
        );
    }

    #[test]
    fn segments_add_up() {
        let turn = |subject, round, at_ns| Entry::Turn(turn(subject, round, at_ns, (1.0, 1.0)));
        let mut history = History::default();
        assert_eq!(history.push(turn(0, 0, 0)), Err(NotStarted));
        for entry in [start(), turn(0, 0, 100), turn(1, 0, 200), start(), reading(7, 1.0)] {
            history.push(entry).unwrap();
        }
        // First segment: 200 + 1000; second: 7.
        assert_eq!((history.spent_ns(), history.latest_round()), (1207, Some(0)));
        history.push(turn(0, 1, 50)).unwrap();
        assert_eq!((history.latest_round(), history.turns().count()), (Some(1), 3));
    }
}
