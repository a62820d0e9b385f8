//! Dividing the machine's drift out of what was measured.

use serde::{Deserialize, Serialize};

use super::levels::{Levels, Window};
use super::{History, MeasureError, Segment, median, quantile};

/// Nanoseconds as the clock gave them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawNs(pub f64);

/// Nanoseconds as they would have been at the session's calm speed, or, where few subjects were measured, at its median
/// speed.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrectedNs(pub f64);

/// How the reference block's time moved over a history.
///
/// `corrected(t) = raw(t) · baseline / level(t)`: the level is the median of all readings within half a second, and
/// of five at least, interpolated linearly within a segment; the baseline is the median of all levels. Readings of
/// other segments do not count: another process, at another time.
///
/// Half a second, because what moves faster is not the machine but the reading: with narrower windows the
/// correction adds more noise to a quiet machine's times than it takes away.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    baseline_ns: f64,
    segments: Vec<Levels>,
    readings: usize,
}

/// What a session says about its drift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    /// The reference block's median time.
    pub baseline_ns: f64,
    /// Lower quartile of its level: in calm moments. Older sessions do not say.
    #[serde(default)]
    pub calm_ns: Option<f64>,
    /// 5 % quantile of its level, over the baseline.
    pub low_ratio: f64,
    /// 95 % quantile of its level, over the baseline.
    pub high_ratio: f64,
    /// Timings taken.
    pub readings: usize,
    /// Whether either ratio is further from 1 than the protocol's limit.
    pub excessive: bool,
    /// The level over the baseline at up to a hundred moments, evenly spaced and in order.
    pub trace: Vec<f64>,
}

impl Drift {
    /// The drift of a history; `None` if there is no reading at all.
    ///
    /// # Errors
    /// [`MeasureError::NoReference`] if a segment has turns but no readings to correct them with.
    pub fn of(history: &History) -> Result<Option<Self>, MeasureError> {
        for (index, segment) in history.segments().iter().enumerate() {
            if segment.readings.is_empty() && !segment.turns.is_empty() {
                return Err(MeasureError::NoReference { segment: index });
            }
        }
        let segments: Vec<Levels> = history.segments().iter().map(levels).collect();
        let readings = history.segments().iter().map(|segment| segment.readings.len()).sum();
        let all: Vec<f64> = segments.iter().flat_map(Levels::values).collect();
        Ok(median(&all).map(|baseline_ns| Self { baseline_ns, segments, readings }))
    }

    /// What a sample taken in `segment` at `at_ns` would have been at the session's median speed.
    ///
    /// Uncorrected where the segment has no reading, which [`Drift::of`] does not allow for segments that
    /// have turns.
    pub fn correct(&self, raw: RawNs, segment: usize, at_ns: f64) -> CorrectedNs {
        let level_ns = self.segments.get(segment).and_then(|levels| levels.at(at_ns));
        CorrectedNs(raw.0 * self.baseline_ns / level_ns.unwrap_or(self.baseline_ns))
    }

    /// A summary of the drift against `limit`.
    pub fn report(&self, limit: f64) -> DriftReport {
        let ratios: Vec<f64> =
            self.segments.iter().flat_map(Levels::values).map(|ns| ns / self.baseline_ns).collect();
        let calm_ns = quantile(&ratios, 0.25).map(|ratio| ratio * self.baseline_ns);
        DriftReport { calm_ns, ..DriftReport::of(&ratios, &ratios, self.baseline_ns, self.readings, limit) }
    }
}

impl DriftReport {
    /// Of levels over a baseline: those at the speed that figures are of, and all.
    pub(super) fn of(chosen: &[f64], all: &[f64], baseline_ns: f64, readings: usize, limit: f64) -> Self {
        const TRACE: usize = 100;
        let low_ratio = quantile(chosen, 0.05).unwrap_or(1.0);
        let high_ratio = quantile(chosen, 0.95).unwrap_or(1.0);
        let step = all.len().div_ceil(TRACE).max(1);
        Self {
            baseline_ns,
            calm_ns: None,
            low_ratio,
            high_ratio,
            readings,
            excessive: high_ratio - 1.0 > limit || 1.0 - low_ratio > limit,
            trace: all.iter().copied().step_by(step).collect(),
        }
    }
}

const WINDOW: Window = Window { reach_ns: 500_000_000, fewest: 5, step_ns: 125_000_000 };

fn levels(segment: &Segment) -> Levels {
    let readings: Vec<(u64, f64)> = segment.readings.iter().map(|r| (r.at_ns, r.took.0)).collect();
    Levels::of(&readings, WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Entry;
    use crate::measure::fixtures::{reading, start, turn};

    const SECOND: u64 = 1_000_000_000;

    /// One reading a second.
    fn seconds(took: &[f64]) -> Vec<Entry> {
        let readings = took.iter().enumerate().map(|(i, took)| reading(i as u64 * SECOND, *took));
        std::iter::once(start()).chain(readings).collect()
    }

    fn drift(entries: Vec<Entry>) -> Drift {
        Drift::of(&History::replay(entries).unwrap()).unwrap().unwrap()
    }

    #[test]
    fn samples_are_divided_by_the_interpolated_level() {
        // Each level is the median of the five nearest readings: 100 up to second 4, 200 from second 5 on (there
        // 100, 100, 200, 200, 200). The baseline is 150.
        let drift = drift(seconds(&[[100.0; 5], [200.0; 5]].concat()));
        // Half-way between the levels: 150, as the baseline. A quarter of the way: 125; 300 · 150 / 125 = 360.
        assert_eq!(drift.correct(RawNs(300.0), 0, 4.5e9), CorrectedNs(300.0));
        assert_eq!(drift.correct(RawNs(300.0), 0, 4.25e9), CorrectedNs(360.0));
        // Before and after the readings the nearest level holds: 300 · 150 / 100 and 300 · 150 / 200.
        assert_eq!(drift.correct(RawNs(300.0), 0, -5.0), CorrectedNs(450.0));
        assert_eq!(drift.correct(RawNs(300.0), 0, 1e11), CorrectedNs(225.0));
    }

    #[test]
    fn disturbed_readings_leave_no_trace() {
        let drift = drift(seconds(&[100.0, 100.0, 100.0, 900.0, 900.0, 100.0, 100.0, 100.0]));
        assert_eq!(drift.correct(RawNs(50.0), 0, 3e9), CorrectedNs(50.0));
        let report = drift.report(0.15);
        assert_eq!((report.low_ratio, report.high_ratio, report.excessive), (1.0, 1.0, false));
    }

    #[test]
    fn dense_readings_are_pooled_within_half_a_second() {
        // A reading every 10 ms for 2 s, alternating 90 and 110 around a level of 100: pooled, none of it remains.
        let readings = (0..200).map(|i| reading(i * 10_000_000, if i % 2 == 0 { 90.0 } else { 110.0 }));
        let drift = drift(std::iter::once(start()).chain(readings).collect());
        let report = drift.report(0.15);
        assert!((0.9..=1.1).contains(&report.low_ratio) && report.high_ratio < 1.11, "{report:?}");
        assert_eq!(report.readings, 200);
        // 0, 0.125 (rounded up to 0.13), .., at most 2 s / 0.13 s = 16 levels, and the last reading's.
        assert!((15..=17).contains(&report.trace.len()), "{}", report.trace.len());
    }

    #[test]
    fn a_slow_stretch_is_reported() {
        // Ten readings at 100, ten at 130: levels split evenly around the baseline of 115.
        let drift = drift(seconds(&[[100.0; 10], [130.0; 10]].concat()));
        let report = drift.report(0.10);
        assert_eq!((report.baseline_ns, report.calm_ns), (115.0, Some(100.0)));
        assert!((report.high_ratio - 130.0 / 115.0).abs() < 1e-12);
        assert!(report.excessive);
        assert!(!drift.report(0.15).excessive);
        assert_eq!(report.trace.len(), 20);
    }

    #[test]
    fn segments_do_not_lend_each_other_readings() {
        let drift = drift([seconds(&[100.0; 3]), seconds(&[200.0; 2])].concat());
        // Baseline: median of (100, 100, 100, 200, 200) = 100.
        assert_eq!(drift.correct(RawNs(10.0), 0, 50.0), CorrectedNs(10.0));
        assert_eq!(drift.correct(RawNs(10.0), 1, 50.0), CorrectedNs(5.0));
    }

    #[test]
    fn turns_without_readings_are_refused() {
        let history = History::replay([start(), Entry::Turn(turn(0, 0, 0, (1.0, 1.0)))]).unwrap();
        assert!(matches!(Drift::of(&history), Err(MeasureError::NoReference { segment: 0 })));
        assert_eq!(Drift::of(&History::default()).unwrap(), None);
    }
}
