//! Progress on stderr, and Ctrl-C.

use std::io::IsTerminal;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::watch::{Progress, Watcher};

/// Without a terminal a line is written this often.
const LINE_EVERY: Duration = Duration::from_secs(20);

/// A progress bar, or a line now and then where stderr is no terminal; listens for Ctrl-C.
pub(super) struct Bar {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
    /// The phase, its first step seen, and when: a step of another phase takes as long as it does.
    started: Option<(&'static str, u64, Instant)>,
    line_written: Instant,
}

impl Bar {
    pub(super) fn new() -> anyhow::Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || {
            // The second time somebody means it.
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(1);
            }
        })?;
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Ok(Self { bar, interrupted, started: None, line_written: Instant::now() })
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Watcher for Bar {
    fn progress(&mut self, progress: &Progress) {
        let now = Instant::now();
        let started = self.started.filter(|(phase, _, _)| *phase == progress.phase);
        let (_, first, since) = *self.started.insert(started.unwrap_or((progress.phase, progress.step, now)));
        let done = progress.step - first;
        let pace = (done > 0).then(|| (now - since).as_secs_f64() / done as f64);
        let mut parts = Vec::new();
        if progress.loss.is_finite() {
            parts.push(format!("loss {:.3}", progress.loss));
        }
        if let Some((expected, target)) = progress.expected_ms {
            parts.push(format!("E[latency] {expected:.4}/{target:.4} ms"));
        }
        if let Some(pace) = pace {
            let left = Duration::from_secs_f64(pace * (progress.steps - progress.step) as f64);
            parts.push(format!("{:.0} ms per step, {} left", pace * 1e3, HumanDuration(left)));
        }
        let message = parts.join(", ");
        self.bar.set_length(progress.steps);
        self.bar.set_position(progress.step);
        self.bar.set_prefix(progress.phase);
        if std::io::stderr().is_terminal() {
            self.bar.set_message(message);
        } else if self.line_written.elapsed() >= LINE_EVERY || progress.step == progress.steps {
            profiler::note!("{} {}/{}: {message}", progress.phase, progress.step, progress.steps);
            self.line_written = now;
        }
    }

    fn stop_requested(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
