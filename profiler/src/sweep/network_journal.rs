//! The journal of `profiler model`: bursts of the whole network, then stretches of its layers.

use serde::{Deserialize, Serialize};

use super::journal::{Journal, JournalState};
use crate::layers::{Stretch, TraceObserver, TraceProgress};
use crate::measure::{Entry, History, SubjectFailure};

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

impl JournalState for NetworkHistory {
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

/// An entry of the whole network, where there is a journal.
pub(super) fn write_whole(journal: Option<&mut Journal>, entry: &Entry) -> Result<(), SubjectFailure> {
    journal.map_or(Ok(()), |journal| journal.append(&NewLine::Whole(entry)))
}

/// Writes stretches of layers to the journal, where there is one, and hands the progress on.
pub(super) struct LayerRecorder<'a> {
    pub(super) journal: Option<&'a mut Journal>,
    pub(super) progress: &'a mut dyn FnMut(&TraceProgress),
}

impl TraceObserver for LayerRecorder<'_> {
    fn record(&mut self, stretch: &Stretch) -> Result<(), SubjectFailure> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(&NewLine::Layers(stretch)))
    }

    fn progress(&mut self, progress: &TraceProgress) {
        (self.progress)(progress);
    }
}
