//! How hot is too hot, and what was done about it.

use serde::{Deserialize, Serialize};

use super::History;
use crate::device::{Others, Sensor};

/// How warm the machine was at a moment, how fast its processor ran, and what others had of it. Absent is what could not
/// be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Temperatures {
    /// Time since the segment's start; in a [`HeatReport`], since the session's.
    pub at_ns: u64,
    /// The hottest sensor of the case or the battery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skin_celsius: Option<f64>,
    /// The hottest sensor of the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soc_celsius: Option<f64>,
    /// The highest frequency among the cores the measuring thread may run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<u64>,
    /// What others had of the processor since the reading before; nothing in the first one of a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
}

impl Temperatures {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self { at_ns: self.at_ns, ..Self::default() }
    }
}

/// When to pause, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeatLimits {
    /// Case or battery: a pause begins here.
    pub skin_celsius: f64,
    /// Processor: a pause begins here.
    pub soc_celsius: f64,
    /// It ends when both have fallen so far below their limits.
    pub fall_celsius: f64,
    /// It ends after so long at the latest, with a warning.
    pub longest_pause_ns: u64,
}

impl Default for HeatLimits {
    /// 45 °C skin or 80 °C processor, until 4 °C below, five minutes at most.
    fn default() -> Self {
        Self { skin_celsius: 45.0, soc_celsius: 80.0, fall_celsius: 4.0, longest_pause_ns: 300_000_000_000 }
    }
}

impl HeatLimits {
    /// Whether a pause is due.
    pub fn exceeded(&self, temperatures: &Temperatures) -> bool {
        let at = |value: Option<f64>, limit: f64| value.is_some_and(|celsius| celsius >= limit);
        at(temperatures.skin_celsius, self.skin_celsius) || at(temperatures.soc_celsius, self.soc_celsius)
    }

    /// Whether a pause may end.
    pub fn cooled(&self, temperatures: &Temperatures) -> bool {
        let fall = self.fall_celsius;
        let below =
            Self { skin_celsius: self.skin_celsius - fall, soc_celsius: self.soc_celsius - fall, ..*self };
        !below.exceeded(temperatures)
    }

    pub(super) fn least_celsius(&self) -> f64 {
        self.skin_celsius.min(self.soc_celsius)
    }

    pub(super) fn is_sensible(&self) -> bool {
        let limit = |celsius: f64| celsius > self.fall_celsius && celsius.is_finite();
        self.fall_celsius >= 0.0 && limit(self.skin_celsius) && limit(self.soc_celsius)
    }
}

/// Why a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseEnd {
    /// The machine had cooled.
    Cooled,
    /// It had not, but the longest pause was over: what follows was measured on a hot machine.
    StillHot,
    /// The session's time was up, or it was stopped.
    Interrupted,
}

/// A time in which nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Start, since the segment's start; in a [`HeatReport`], since the session's.
    pub at_ns: u64,
    /// Length.
    pub took_ns: u64,
    /// Why it ended.
    pub ended: PauseEnd,
}

/// What a session says of the heat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeatReport {
    /// Sensors that were watched; none if the machine reports no temperature, and then nothing was watched.
    pub sensors: Vec<Sensor>,
    /// Temperatures and frequencies at up to two hundred moments, evenly spaced and in order.
    pub trace: Vec<Temperatures>,
    /// Pauses, in order.
    pub pauses: Vec<Pause>,
}

impl HeatReport {
    /// The report of a history whose last segment was watched by these sensors.
    pub fn of(history: &History, sensors: Vec<Sensor>) -> Self {
        const TRACE: usize = 200;
        let (mut trace, mut pauses, mut before_ns) = (Vec::new(), Vec::new(), 0);
        for segment in history.segments() {
            trace.extend(
                segment.temperatures.iter().map(|w| Temperatures { at_ns: before_ns + w.at_ns, ..*w }),
            );
            pauses.extend(segment.pauses.iter().map(|p| Pause { at_ns: before_ns + p.at_ns, ..*p }));
            before_ns += segment.length_ns();
        }
        let step = trace.len().div_ceil(TRACE).max(1);
        Self { sensors, trace: trace.into_iter().step_by(step).collect(), pauses }
    }

    /// What a reader of the table should know; `None` if every pause did its work.
    pub fn warning(&self) -> Option<String> {
        let hot = self.pauses.iter().filter(|pause| pause.ended == PauseEnd::StillHot).count();
        (hot > 0).then(|| {
            format!(
                "{hot} of {} pauses ended before the machine had cooled: it may have throttled",
                self.pauses.len()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Entry, fixtures::start};

    fn temperatures(at_ns: u64, skin_celsius: Option<f64>, soc_celsius: Option<f64>) -> Temperatures {
        Temperatures { at_ns, skin_celsius, soc_celsius, ..Temperatures::default() }
    }

    #[test]
    fn a_pause_begins_at_a_limit_and_ends_below_both() {
        let limits = HeatLimits::default();
        let is = |skin, soc| {
            (limits.exceeded(&temperatures(0, skin, soc)), limits.cooled(&temperatures(0, skin, soc)))
        };
        assert_eq!(is(Some(44.9), Some(79.9)), (false, false));
        assert_eq!(is(Some(45.0), None), (true, false));
        assert_eq!(is(None, Some(80.0)), (true, false));
        // 4 °C below are 41 and 76.
        assert_eq!(is(Some(40.9), Some(76.0)), (false, false));
        assert_eq!(is(Some(40.9), Some(75.9)), (false, true));
        // What is not known is not hot.
        assert_eq!(is(None, None), (false, true));
    }

    #[test]
    fn reports_count_from_the_sessions_start() {
        let pause = |at_ns, ended| Entry::Pause(Pause { at_ns, took_ns: 50, ended });
        let history = History::replay([
            start(),
            Entry::Temperatures(temperatures(10, Some(46.0), None)),
            pause(20, PauseEnd::Cooled),
            start(),
            Entry::Temperatures(temperatures(5, None, None)),
            pause(7, PauseEnd::StillHot),
        ])
        .unwrap();
        // The first segment is 20 + 50 long.
        let report = HeatReport::of(&history, Vec::new());
        assert_eq!(report.trace.iter().map(|w| w.at_ns).collect::<Vec<_>>(), [10, 75]);
        assert_eq!(report.pauses.iter().map(|p| p.at_ns).collect::<Vec<_>>(), [20, 77]);
        assert_eq!((history.paused_ns(), history.spent_ns()), (100, 70 + 57));
        assert!(report.warning().unwrap().starts_with("1 of 2 pauses"));
        assert_eq!(HeatReport::default().warning(), None);
    }
}
