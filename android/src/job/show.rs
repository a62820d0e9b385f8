use super::{Event, Phase};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use profiler::terminal::print;
use std::{collections::HashSet, time::Duration};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Counted only: the table is shown at the end.
    Counted,
    /// Printed as the JSON lines that they are.
    Printed,
}

/// What a person, or a program, sees of a job.
#[derive(Debug)]
pub(crate) struct Show {
    bar: ProgressBar,
    rows: Rows,
    printed: HashSet<(String, String)>,
    held: Option<Vec<String>>,
}

impl Show {
    pub(crate) fn new(rows: Rows) -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, rows, printed: HashSet::new(), held: None }
    }

    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Row { line, of, is_final } => self.row(line, of, *is_final),
            Event::Phase(phase) => {
                // What the profiler says from now on of its files is said here, of the files here, when all went well.
                if matches!(phase, Phase::Done { .. }) {
                    self.held = Some(Vec::new());
                }
                self.phase(phase);
            }
            Event::Out(line) => self.out(line),
            Event::Err(line) => match &mut self.held {
                Some(held) => held.push(line.clone()),
                None => self.note(line),
            },
            Event::Ended(code) => {
                let held = self.held.take().unwrap_or_default();
                held.iter().filter(|_| *code != 0).for_each(|line| self.note(line));
            }
        }
    }

    /// Prints a line. Where it cannot be printed, what is measured still goes into its files.
    fn out(&self, line: &str) {
        if let Err(error) = self.bar.suspend(|| print(line)) {
            self.note(&error.to_string());
        }
    }

    pub(crate) fn note(&self, line: &str) {
        self.bar.suspend(|| profiler::note!("{line}"));
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// After a new start the profiler reports what it knows once more; a provisional row is printed once.
    fn row(&mut self, line: &str, of: &(String, String), is_final: bool) {
        let is_new = is_final || self.printed.insert(of.clone());
        if is_new && self.rows == Rows::Printed {
            self.out(line);
        }
    }

    fn phase(&self, phase: &Phase) {
        let seconds = |seconds: f64| HumanDuration(Duration::from_secs(seconds.max(0.0) as u64));
        let left =
            |left_s: &Option<f64>| left_s.map_or_else(|| "estimating".to_owned(), |s| seconds(s).to_string());
        let (name, place, message) = match phase {
            Phase::Loading { subjects } => ("loading", Some((0, *subjects)), String::new()),
            Phase::WarmingUp { known, subjects } => ("warming up", Some((*known, *subjects)), String::new()),
            Phase::Measuring { known, subjects, round, spent_s, left_s } => {
                let message =
                    format!("known, round {round}, {} spent, {} left", seconds(*spent_s), left(left_s));
                ("measuring", Some((*known, *subjects)), message)
            }
            Phase::Layers { known, networks, network, spent_s, left_s } => {
                let network = network.as_deref().unwrap_or("done");
                let message = format!("{} spent, {} left: {network}", seconds(*spent_s), left(left_s));
                ("layers", Some((*known, *networks)), message)
            }
            Phase::Cooling { skin_celsius, soc_celsius, skin_goal_celsius, soc_goal_celsius } => {
                let part = |name, celsius: &Option<f64>, goal: &f64| {
                    celsius.map(|celsius| format!("{name} {celsius:.1} °C, waiting for {goal:.1} °C"))
                };
                let parts = [
                    part("skin", skin_celsius, skin_goal_celsius),
                    part("processor", soc_celsius, soc_goal_celsius),
                ];
                ("cooling", None, parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
            }
            Phase::Done { .. } => ("done", None, String::new()),
        };
        self.bar.set_prefix(name);
        if let Some((known, subjects)) = place {
            self.bar.set_length(subjects);
            self.bar.set_position(known);
        }
        self.bar.set_message(message);
    }
}
