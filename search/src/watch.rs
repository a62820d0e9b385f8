//! Who looks on while a run goes: shows progress, asks it to stop.

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What it does, in a word or two.
    pub phase: &'static str,
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Loss of the last weight step; NaN where none was made.
    pub loss: f64,
    /// E\[latency\] and its target in milliseconds, in a search.
    pub expected_ms: Option<(f64, f64)>,
}

impl Progress {
    /// That of a phase in which nothing is trained.
    pub fn of(phase: &'static str, step: usize, steps: usize) -> Self {
        Self { phase, step: step as u64, steps: steps as u64, loss: f64::NAN, expected_ms: None }
    }
}

/// Looks on.
pub trait Watcher {
    /// Called after every step.
    fn progress(&mut self, progress: &Progress);

    /// Whether the run should save itself and stop.
    fn stop_requested(&self) -> bool {
        false
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {
    fn progress(&mut self, _: &Progress) {}
}
