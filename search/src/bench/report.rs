use std::collections::BTreeMap;

use profiler::bench::Goal;
use serde::{Deserialize, Serialize};

use super::{Kind, Memory, StepTimes};

/// What was measured; a report of other settings is another report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) space: String,
    pub(crate) resolution: u32,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    pub(crate) rounds: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    pub(crate) settings: Settings,
    pub(crate) times: Option<StepTimes>,
    /// What tensors take by kind of step, one for each process.
    pub(crate) memory: BTreeMap<Kind, Vec<Memory>>,
    /// The same as a search runs, with freed memory that the process keeps for later steps.
    pub(crate) memory_with_kept: BTreeMap<Kind, Vec<Memory>>,
    /// What a weight step must keep for the way back, counted from shapes, in MiB.
    pub(crate) kept_mib: BTreeMap<Kind, f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    /// What it would be if nothing but what a step must keep for the way back took memory.
    pub(crate) by_shapes: Option<f64>,
    /// The goal in words; empty where there is none.
    pub(crate) goal: String,
    pub(crate) reached: Option<bool>,
}

impl Report {
    pub(crate) const FORMAT: &'static str = "tailor-search-bench";
    pub(crate) const VERSION: u32 = 4;

    pub(crate) fn new(settings: Settings, kept_mib: BTreeMap<Kind, f64>) -> Self {
        Self { settings, times: None, memory: BTreeMap::new(), memory_with_kept: BTreeMap::new(), kept_mib }
    }

    /// Memory by kind of step, with what processes keep for later steps or without.
    pub(crate) fn memory(&self, is_kept: bool) -> &BTreeMap<Kind, Vec<Memory>> {
        if is_kept { &self.memory_with_kept } else { &self.memory }
    }

    pub(crate) fn memory_mut(&mut self, is_kept: bool) -> &mut BTreeMap<Kind, Vec<Memory>> {
        if is_kept { &mut self.memory_with_kept } else { &mut self.memory }
    }

    pub(crate) fn mean_memory(&self, kind: Kind, is_kept: bool) -> Option<Memory> {
        let all = self.memory(is_kept).get(&kind).filter(|all| !all.is_empty())?;
        let mean = |pick: fn(&Memory) -> f64| all.iter().map(pick).sum::<f64>() / all.len() as f64;
        Some(Memory {
            before_mib: mean(|one| one.before_mib),
            peak_mib: mean(|one| one.peak_mib),
            program_mib: mean(|one| one.program_mib),
        })
    }

    /// The ratios of what was measured. Memory is that of steps beyond the weights, which all stay in memory, and the
    /// program.
    pub(crate) fn ratios(&self) -> Vec<Ratio> {
        let mut ratios = Vec::new();
        if let Some(times) = &self.times {
            let (path, alpha, batch) = (times.path_over_plain, times.alpha_over_plain, times.batch_over_path);
            for (name, value, limit) in [
                ("time of a weight step over the plain network's", path, 1.05),
                ("time of an architecture step over the plain network's", alpha, 2.2),
                ("time of putting a batch together over a weight step's", batch, 0.03),
            ] {
                ratios.push(Ratio::new(name, value, Some(Goal::AtMost(limit))));
            }
        }
        let memory = |kind| self.mean_memory(kind, false);
        if let (Some(path), Some(plain)) = (memory(Kind::Path), memory(Kind::Plain)) {
            let goal = Some(Goal::AtMost(1.15));
            let name = "memory of a weight step over the plain network's";
            let step = Ratio::new(name, path.step_mib() / plain.step_mib(), goal);
            ratios.push(Ratio { by_shapes: self.by_shapes(Kind::Path, Kind::Plain), ..step });
            let name = "the same with all weights and the program itself";
            ratios.push(Ratio::new(name, path.peak_mib / plain.peak_mib, goal));
        }
        // The paper's figure is of what a search runs, which is sampled paths.
        let over = [
            ("memory of all paths at once over that of one sampled path", Kind::Sampled, false, Some(5.0)),
            ("the same with what is kept for later steps", Kind::Sampled, true, None),
            ("over the plain network's path, the largest expansion everywhere", Kind::Path, false, None),
        ];
        for (name, kind, is_kept, limit) in over {
            let memory = |kind| self.mean_memory(kind, is_kept);
            if let (Some(all), Some(one)) = (memory(Kind::All), memory(kind)) {
                let value = all.step_mib() / one.step_mib();
                let by_shapes = self.by_shapes(Kind::All, kind).filter(|_| !is_kept);
                ratios.push(Ratio { by_shapes, ..Ratio::new(name, value, limit.map(Goal::AtLeast)) });
            }
        }
        ratios
    }

    fn by_shapes(&self, of: Kind, over: Kind) -> Option<f64> {
        Some(self.kept_mib.get(&of)? / self.kept_mib.get(&over)?)
    }
}

impl Ratio {
    fn new(name: &'static str, value: f64, goal: Option<Goal>) -> Self {
        let printed = goal.map_or_else(String::new, |goal| goal.printed(|limit| limit.to_string()));
        let reached = goal.map(|goal| goal.is_met_by(value));
        Self { name, value, by_shapes: None, goal: printed, reached }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_by_hand() {
        let settings = Settings { space: "s".to_owned(), resolution: 96, batch: 32, threads: 1, rounds: 3 };
        let kept = BTreeMap::from([(Kind::Path, 60.0), (Kind::All, 240.0)]);
        let mut report = Report::new(settings, kept);
        assert!(report.ratios().is_empty());
        report.times = Some(StepTimes {
            plain_ms: 10.0,
            path_ms: 11.0,
            alpha_ms: 20.0,
            batch_ms: 0.2,
            path_over_plain: 1.1,
            alpha_over_plain: 2.0,
            batch_over_path: 0.02,
        });
        let memory =
            |before_mib, rest_mib: f64| Memory { before_mib, peak_mib: rest_mib + 50.0, program_mib: 50.0 };
        report.memory = BTreeMap::from([
            (Kind::Plain, vec![memory(100.0, 200.0)]),
            (Kind::Path, vec![memory(300.0, 410.0)]),
            (Kind::Sampled, vec![memory(300.0, 390.0), memory(310.0, 420.0)]),
            (Kind::All, vec![memory(300.0, 795.0)]),
        ]);
        report.memory_with_kept = BTreeMap::from([
            (Kind::Sampled, vec![memory(300.0, 400.0), memory(310.0, 460.0)]),
            (Kind::All, vec![memory(300.0, 800.0)]),
        ]);
        // As they were timed; (410 − 300)/(200 − 100), 460/250; 495 over the mean of 90 and 110,
        // 500 over that of 100 and 150, 495 over 110.
        let expected = [1.1, 2.0, 0.02, 1.1, 1.84, 4.95, 4.0, 4.5];
        let reached = [Some(false), Some(true), Some(true), Some(true), Some(false), Some(false), None, None];
        let ratios = report.ratios();
        assert_eq!(ratios.len(), 8);
        for ((ratio, expected), reached) in ratios.iter().zip(expected).zip(reached) {
            assert!((ratio.value - expected).abs() < 1e-12, "{ratio:?}");
            assert_eq!(ratio.reached, reached, "{ratio:?}");
        }
        assert_eq!((ratios[6].by_shapes, ratios[7].by_shapes), (None, Some(4.0)));
    }
}
