//! What a session says of its machine's speed.

use serde::{Deserialize, Serialize};

use super::{REFERENCE, Slowdown};
use crate::measure::levels::Levels;
use crate::measure::modes::Mode;
use crate::measure::{Drift, DriftReport, History, MeasureError, Protocol, Speed, median};

/// A speed that the machine had.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModeReport {
    /// How many times as long as at the fastest speed everything took.
    pub ratio: f64,
    /// Share of the turns and readings.
    pub share: f64,
    /// How many.
    pub turns: usize,
}

/// What a reference takes at one of the machine's speeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceLevel {
    /// Right after a run of its own, in nanoseconds.
    pub hot_ns: f64,
    /// As the other subjects left the caches.
    pub cold_ns: f64,
}

impl Slowdown {
    /// The machine's speeds, fastest first.
    fn modes(&self) -> Vec<ModeReport> {
        let fastest = self.0.modes.first().map_or(0.0, |mode| mode.level);
        let report = |mode: &Mode| ModeReport {
            ratio: (mode.level - fastest).exp(),
            share: mode.share,
            turns: mode.turns,
        };
        self.0.modes.iter().map(report).collect()
    }

    /// What each reference takes at the chosen speed; `None` for one that was not timed at it.
    fn references(&self, history: &History, count: usize) -> Vec<Option<ReferenceLevel>> {
        let mut cold: Vec<Vec<f64>> = vec![Vec::new(); count];
        for (segment, recorded) in history.segments().iter().enumerate() {
            for reading in &recorded.readings {
                let Some(reference) = reading.reference.filter(|reference| *reference < count) else {
                    continue;
                };
                let ln_ns = (reading.took.0 > 0.0).then(|| reading.took.0.ln());
                let moment = self.0.at(segment, reading.at_ns as f64, REFERENCE - reference, ln_ns);
                if let Some(first) = reading.first.filter(|_| moment.is_chosen && moment.beyond_calm <= 0.0) {
                    cold[reference].push(first.0 / moment.slowness);
                }
            }
        }
        let level = |(reference, cold): (usize, &Vec<f64>)| {
            let hot_ns = self.0.own.get(&(REFERENCE - reference))?.exp();
            Some(ReferenceLevel { hot_ns, cold_ns: median(cold)? })
        };
        cold.iter().enumerate().map(level).collect()
    }
}

/// The machine's speeds, fastest first; empty if too little was timed.
pub fn speeds(history: &History) -> Vec<ModeReport> {
    Slowdown::of(history, Speed::Fast).map_or_else(Vec::new, |slowdown| slowdown.modes())
}

/// What each of so many references takes at a speed; `None` for one that was not timed at it.
pub fn reference_levels(history: &History, speed: Speed, count: usize) -> Vec<Option<ReferenceLevel>> {
    let slowdown = Slowdown::of(history, speed);
    slowdown.map_or_else(|| vec![None; count], |slowdown| slowdown.references(history, count))
}

/// How the machine's speed moved over a history: at the first speed that the protocol asks for, as the references say it, or the
/// reference block where there are none.
///
/// # Errors
/// [`MeasureError::NoReference`] if nothing says it.
pub fn drift_report(history: &History, protocol: &Protocol) -> Result<DriftReport, MeasureError> {
    let speed = protocol.speeds.first().copied().unwrap_or_default();
    let has_references =
        || history.segments().iter().flat_map(|s| &s.readings).any(|r| r.reference.is_some());
    let slowdown = Slowdown::of(history, speed).filter(|_| has_references());
    let Some(slowdown) = slowdown else {
        let drift = Drift::of(history)?.ok_or(MeasureError::NoReference { segment: 0 })?;
        return Ok(drift.report(protocol.drift_limit));
    };
    let track = &slowdown.0;
    let references: Vec<f64> = track.own.range(REFERENCE - MOST_REFERENCES..).map(|(_, own)| *own).collect();
    let baseline_ns = (references.iter().sum::<f64>() / references.len().max(1) as f64).exp();
    let ratios = |levels: &dyn Fn(&super::track::Segment) -> Vec<f64>| -> Vec<f64> {
        track.segments.iter().flat_map(levels).map(|level| (level - track.calm).exp()).collect()
    };
    let chosen = ratios(&|segment| Levels::values(&segment.chosen).collect());
    let all = ratios(&|segment| Levels::values(&segment.all).collect());
    let readings = history.segments().iter().map(|segment| segment.readings.len()).sum();
    Ok(DriftReport::of(&chosen, &all, baseline_ns, readings, protocol.drift_limit))
}

const MOST_REFERENCES: usize = 1000;
