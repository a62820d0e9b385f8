//! The journal of `profiler model`: bursts of the whole network, then stretches of its layers.

use serde::{Deserialize, Serialize};

use super::journal::{Journal, Told};
use crate::{
    layers::{Stretch, TraceObserver, TraceProgress},
    measure::{Entry, HeatLimits, History, Observer, Progress, SubjectFailure, SubjectSummary, Warmth},
};

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Whole(Entry),
    Layers(Stretch),
}

/// The same, to be written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum NewLine<'a> {
    Whole(&'a Entry),
    Layers(&'a Stretch),
}

/// What was measured of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NetworkHistory {
    pub(super) whole: History,
    pub(super) layers: Vec<Stretch>,
}

impl Told for NetworkHistory {
    fn take(&mut self, line: &str) -> Result<(), String> {
        match serde_json::from_str(line).map_err(|error| error.to_string())? {
            Line::Whole(entry) => self.whole.push(entry).map_err(|error| error.to_string()),
            Line::Layers(stretch) => {
                if self.layers.is_empty() && stretch.start.is_none() {
                    return Err("the layers' record does not begin with a start".to_owned());
                }
                self.layers.push(stretch);
                Ok(())
            }
        }
    }
}

/// Writes everything to the journal, where there is one, then hands it on.
pub(super) struct Recorder<'a, O: ?Sized> {
    pub(super) journal: Option<&'a mut Journal>,
    pub(super) observer: &'a mut O,
}

impl Observer for Recorder<'_, dyn Observer + '_> {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        if let Some(journal) = &mut self.journal {
            journal.append(&NewLine::Whole(entry))?;
        }
        self.observer.record(entry)
    }

    fn closed(&mut self, subject: usize, summary: &SubjectSummary) -> Result<(), SubjectFailure> {
        self.observer.closed(subject, summary)
    }

    fn progress(&mut self, progress: &Progress) {
        self.observer.progress(progress);
    }

    fn cooling(&mut self, warmth: &Warmth, limits: &HeatLimits) {
        self.observer.cooling(warmth, limits);
    }

    fn warming_up(&mut self, subject: usize) {
        self.observer.warming_up(subject);
    }
}

/// Only the progress is handed on.
impl TraceObserver for Recorder<'_, dyn FnMut(&TraceProgress) + '_> {
    fn record(&mut self, stretch: &Stretch) -> Result<(), SubjectFailure> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(&NewLine::Layers(stretch)))
    }

    fn progress(&mut self, progress: &TraceProgress) {
        (self.observer)(progress);
    }
}
