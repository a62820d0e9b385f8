//! Progress for programs: JSON lines on stderr, which also show that the profiler is alive.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::progress::Bar;
use crate::measure::{Entry, HeatLimits, LayerProgress, Observer, Progress, SubjectFailure, Temperatures};

/// How a run shows where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressStyle {
    /// A bar, on a terminal
    Bar,
    /// JSON lines on stderr, at most one a second, and one for each network whose layers are known
    Lines,
}

/// What shows where a run is.
pub(super) enum Shown {
    Bar(Bar),
    Lines(Lines),
}

impl Shown {
    pub(super) fn new(style: ProgressStyle, subjects: usize) -> Self {
        match style {
            ProgressStyle::Bar => Self::Bar(Bar::new(subjects)),
            ProgressStyle::Lines => Self::Lines(Lines::new(subjects)),
        }
    }

    /// A bar, to be suspended while something else is printed; a hidden one for lines.
    pub(super) fn handle(&self) -> indicatif::ProgressBar {
        match self {
            Self::Bar(bar) => bar.handle(),
            Self::Lines(_) => indicatif::ProgressBar::hidden(),
        }
    }

    /// Nothing more is to come.
    pub(super) fn finish(&self) {
        match self {
            Self::Bar(bar) => bar.finish(),
            Self::Lines(lines) => lines.finish(),
        }
    }

    fn observer(&mut self) -> &mut dyn Observer {
        match self {
            Self::Bar(bar) => bar,
            Self::Lines(lines) => lines,
        }
    }
}

impl Observer for Shown {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        self.observer().record(entry)
    }

    fn progress(&mut self, progress: &Progress) {
        self.observer().progress(progress);
    }

    fn cooling(&mut self, temperatures: &Temperatures, limits: &HeatLimits) {
        self.observer().cooling(temperatures, limits);
    }

    fn warming_up(&mut self, subject: usize) {
        self.observer().warming_up(subject);
    }

    fn layers(&mut self, progress: &LayerProgress<'_>) -> Result<(), SubjectFailure> {
        self.observer().layers(progress)
    }
}

/// Lines on stderr. When nobody reads them any more, the run ends: whoever started it is gone.
pub(super) struct Lines {
    subjects: usize,
    started: Instant,
    last: Option<Instant>,
    unread: Option<io::Error>,
}

/// Shortest time between two lines of the same phase.
const APART: Duration = Duration::from_secs(1);

impl Lines {
    fn new(subjects: usize) -> Self {
        let mut lines = Self { subjects, started: Instant::now(), last: None, unread: None };
        lines.write(json!({ "phase": "loading", "subjects": subjects }));
        lines
    }

    fn write(&mut self, line: Value) {
        if let Err(error) = writeln!(io::stderr(), "{line}") {
            self.unread = Some(error);
        }
    }

    fn write_now_and_then(&mut self, line: impl FnOnce() -> Value) {
        if self.last.is_none_or(|last| last.elapsed() >= APART) {
            self.last = Some(Instant::now());
            self.write(line());
        }
    }

    fn are_read(&mut self) -> Result<(), SubjectFailure> {
        self.unread.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn finish(&self) {
        let line = json!({ "phase": "done", "profiler_s": self.started.elapsed().as_secs_f64() });
        // The result follows; whether it can be written is reported there.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

impl Observer for Lines {
    fn record(&mut self, _: &Entry) -> Result<(), SubjectFailure> {
        self.are_read()
    }

    fn progress(&mut self, progress: &Progress) {
        self.write_now_and_then(|| {
            json!({
                "phase": "measuring", "known": progress.finished, "subjects": progress.subjects,
                "round": progress.round + 1, "spent_s": seconds(progress.spent_ns),
                "left_s": progress.left_ns.map(seconds),
            })
        });
    }

    fn cooling(&mut self, temperatures: &Temperatures, limits: &HeatLimits) {
        self.write_now_and_then(|| {
            json!({
                "phase": "cooling", "skin_celsius": temperatures.skin_celsius, "soc_celsius": temperatures.soc_celsius,
                "skin_goal_celsius": limits.skin_celsius - limits.fall_celsius,
                "soc_goal_celsius": limits.soc_celsius - limits.fall_celsius,
            })
        });
    }

    fn warming_up(&mut self, subject: usize) {
        let subjects = self.subjects;
        self.write_now_and_then(|| json!({ "phase": "warming_up", "known": subject, "subjects": subjects }));
    }

    /// A line for each network: these take seconds.
    fn layers(&mut self, progress: &LayerProgress<'_>) -> Result<(), SubjectFailure> {
        self.write(json!({
            "phase": "layers", "known": progress.done, "networks": progress.networks, "network": progress.network,
            "spent_s": seconds(progress.spent_ns), "left_s": progress.left_ns.map(seconds),
        }));
        self.are_read()
    }
}
