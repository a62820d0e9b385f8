//! The bench's figures, and the ratios that have goals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Kind, Memory, StepTimes};

/// What was measured; a report of other settings is another report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the space.
    pub space: String,
    /// Side of the images in pixels.
    pub resolution: u32,
    /// Images of a step.
    pub batch: usize,
    /// Threads of libtorch.
    pub threads: usize,
    /// Times that every kind of step was timed.
    pub rounds: usize,
}

/// The bench's parts as far as they are done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What was measured.
    pub settings: Settings,
    /// Step times.
    pub times: Option<StepTimes>,
    /// Memory by kind of step.
    pub memory: BTreeMap<Kind, Memory>,
}

/// A ratio with its goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// What over what.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// The goal in words.
    pub goal: String,
    /// Whether it is reached.
    pub reached: bool,
}

impl Report {
    /// Name of the file's format.
    pub const FORMAT: &'static str = "tailor-search-bench";
    /// Version of the file's format.
    pub const VERSION: u32 = 1;

    /// Nothing measured yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, times: None, memory: BTreeMap::new() }
    }

    /// The ratios of what was measured. Memory is that of steps beyond the weights, which all stay in memory.
    #[must_use]
    pub fn ratios(&self) -> Vec<Ratio> {
        let mut ratios = Vec::new();
        let mut add = |name, value: f64, limit: f64, at_most: bool| {
            let reached = if at_most { value <= limit } else { value >= limit };
            let goal = format!("{} {limit}", if at_most { "≤" } else { "≥" });
            ratios.push(Ratio { name, value, goal, reached });
        };
        if let Some(times) = &self.times {
            add("time of a weight step over the plain network's", times.path_ms / times.plain_ms, 1.05, true);
            add(
                "time of an architecture step over the plain network's",
                times.alpha_ms / times.plain_ms,
                2.2,
                true,
            );
            add(
                "time of putting a batch together over a weight step's",
                times.batch_ms / times.path_ms,
                0.03,
                true,
            );
        }
        let step = |kind| self.memory.get(&kind).map(Memory::step_mib);
        let whole = |kind| self.memory.get(&kind).map(|memory: &Memory| memory.peak_mib);
        if let (Some(path), Some(plain)) = (step(Kind::Path), step(Kind::Plain)) {
            add("memory of a weight step over the plain network's", path / plain, 1.15, true);
        }
        if let (Some(path), Some(plain)) = (whole(Kind::Path), whole(Kind::Plain)) {
            add("the same with all weights and the program itself", path / plain, 1.15, true);
        }
        if let (Some(all), Some(mixed)) = (step(Kind::All), step(Kind::Mixed)) {
            add("memory of all paths at once over one mixed path's", all / mixed, 5.0, false);
        }
        if let (Some(all), Some(path)) = (step(Kind::All), step(Kind::Path)) {
            add("the same over the plain network's path", all / path, 5.0, false);
        }
        ratios
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_by_hand() {
        let settings = Settings { space: "s".to_owned(), resolution: 96, batch: 32, threads: 1, rounds: 3 };
        let mut report = Report::new(settings);
        assert!(report.ratios().is_empty());
        report.times = Some(StepTimes { plain_ms: 10.0, path_ms: 11.0, alpha_ms: 20.0, batch_ms: 0.22 });
        let memory = |before_mib, peak_mib| Memory { before_mib, peak_mib };
        report.memory = BTreeMap::from([
            (Kind::Plain, memory(100.0, 200.0)),
            (Kind::Path, memory(300.0, 410.0)),
            (Kind::Mixed, memory(300.0, 400.0)),
            (Kind::All, memory(300.0, 795.0)),
        ]);
        // 11/10, 20/10, 0.22/11; (410 − 300)/(200 − 100), 410/200, 495/100 and 495/110.
        let expected = [1.1, 2.0, 0.02, 1.1, 2.05, 4.95, 4.5];
        let reached = [false, true, true, true, false, false, false];
        let ratios = report.ratios();
        assert_eq!(ratios.len(), 7);
        for ((ratio, expected), reached) in ratios.iter().zip(expected).zip(reached) {
            assert!((ratio.value - expected).abs() < 1e-12, "{ratio:?}");
            assert_eq!(ratio.reached, reached, "{ratio:?}");
        }
    }
}
