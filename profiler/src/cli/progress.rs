//! Progress on stderr.

use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar};

use super::bar_of;
use crate::measure::{HeatLimits, LayerProgress, Observer, Progress, SubjectFailure, Temperatures};

/// A bar over the subjects that are known well enough, with the time left.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(super) fn new(subjects: usize) -> Self {
        let bar = ProgressBar::new(subjects as u64);
        let bar = bar_of(bar, "{prefix} [{bar:30}] {pos}/{len} {msg}");
        bar.set_prefix("warming up");
        Self { bar }
    }

    /// The bar, to be suspended while something else is printed.
    pub(super) fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn seconds(ns: u64) -> HumanDuration {
    HumanDuration(Duration::from_secs(ns / 1_000_000_000))
}

fn left(ns: Option<u64>) -> String {
    ns.map_or_else(|| "estimating".to_owned(), |ns| seconds(ns).to_string())
}

impl Observer for Bar {
    fn progress(&mut self, progress: &Progress) {
        let left = left(progress.left_ns);
        let turns = format!("{}/{}", progress.turns_done, progress.turns_planned);
        self.bar.set_prefix("measuring");
        self.bar.set_position(progress.finished as u64);
        let spent = seconds(progress.spent_ns);
        self.bar.set_message(format!(
            "known, round {} ({turns}), {spent} spent, {left} left",
            progress.round + 1
        ));
    }

    fn cooling(&mut self, temperatures: &Temperatures, limits: &HeatLimits) {
        let part = |name, celsius: Option<f64>, limit: f64| {
            celsius.map(|celsius| {
                format!("{name} {celsius:.1} °C, waiting for {:.1} °C", limit - limits.fall_celsius)
            })
        };
        let parts = [
            part("skin", temperatures.skin_celsius, limits.skin_celsius),
            part("processor", temperatures.soc_celsius, limits.soc_celsius),
        ];
        self.bar.set_prefix("cooling");
        self.bar.set_message(parts.into_iter().flatten().collect::<Vec<_>>().join("; "));
    }

    fn warming_up(&mut self, subject: usize) {
        self.bar.set_prefix("warming up");
        self.bar.set_position(subject as u64 + 1);
    }

    fn layers(&mut self, progress: &LayerProgress<'_>) -> Result<(), SubjectFailure> {
        self.bar.set_prefix("layers");
        self.bar.set_length(progress.networks as u64);
        self.bar.set_position(progress.done as u64);
        let (spent, left) = (seconds(progress.spent_ns), left(progress.left_ns));
        self.bar.set_message(format!(
            "networks, {spent} spent, {left} left: {}",
            progress.network.unwrap_or("done")
        ));
        Ok(())
    }
}
