//! By how much the machine changed between a model's session and those of a zoo's tables.

use std::path::Path;

use profiler::record::MachineChange;
use serde::Serialize;

use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::rows::Measurements;

/// Whether measured latencies are divided by the machine's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Normalization {
    AsMeasured,
    ByMachine,
}

/// The machine in a table's session, beside the model's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Machine {
    /// The table.
    table: String,
    /// How many times as long everything took, and its 95 % interval; nothing where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<[f64; 3]>,
    /// What that rests on: `anchors`, or `references`.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    /// Whether the table's latencies were divided by it.
    is_divided: bool,
    /// The same for people.
    words: String,
}

impl Machine {
    /// What a table's session says: of the model's anchors, measured with the table or in it, or else of its references.
    ///
    /// # Errors
    /// [`PredictorError::Option`] when latencies are to be normalized and there is nothing to do it by.
    pub(super) fn of(
        table: &Path,
        found: &Measurements,
        model: &LatencyModel,
        normalization: Normalization,
    ) -> Result<Self, PredictorError> {
        let cache = model.in_place().map_or(model.networks().cache, |(_, networks)| networks.cache);
        let change = model.anchors().and_then(|anchors| {
            let told = found.machine.clone().filter(|machine| machine.since == anchors.session);
            let again = || MachineChange::of(anchors, &found.rows);
            told.or_else(again).or_else(|| MachineChange::of_references(anchors, &found.references))
        });
        let ratio = change.as_ref().and_then(|change| change.change(cache, "network"));
        let ratio = ratio.map(|change| [change.ratio, change.low, change.high]);
        let is_divided = normalization == Normalization::ByMachine;
        if is_divided && ratio.is_none() {
            let value = format!("given, but {} does not say how fast the machine was", table.display());
            let expected = "a model with anchors, and a table measured with --anchors MODEL";
            return Err(PredictorError::Option { option: "--normalize", value, expected });
        }
        let unknown = || {
            "whether the machine is as fast as when the model's table was measured is not known: fit the model to a table of \
             `profiler run`, and measure with --anchors MODEL"
                .to_owned()
        };
        let by = |change: &MachineChange| if change.is_of_references() { "references" } else { "anchors" };
        Ok(Self {
            table: table.display().to_string(),
            ratio,
            by: change.as_ref().map(by),
            is_divided,
            words: change.map_or_else(unknown, |change| change.in_words(cache, "network")),
        })
    }

    /// What the table's latencies are divided by.
    pub(super) fn divisor(&self) -> f64 {
        self.ratio.filter(|_| self.is_divided).map_or(1.0, |[ratio, ..]| ratio)
    }

    /// A line below a scorecard.
    pub(super) fn line(&self) -> String {
        let is_other = self.ratio.is_some_and(|[_, low, high]| low > 1.0 || high < 1.0);
        let divided = match (self.is_divided, self.ratio) {
            (true, Some([by, ..])) => format!("; what was measured is divided by {by:.3}"),
            (false, _) if is_other => "; --normalize divides by it".to_owned(),
            (true | false, _) => String::new(),
        };
        format!("{}: {}{divided}", self.table, self.words)
    }
}
