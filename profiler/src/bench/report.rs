//! The bench's report: conditions, and what each part found.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{BenchError, Part, PartSpeed, Ratio, SpeedRule};
use crate::device::{Device, MachineState};
use crate::record::{Runtime, read_document, write_document};

const FORMAT: &str = "tailor-bench";
const VERSION: u32 = 2;

/// What must not change while a bench is resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Version of the profiler.
    pub tool_version: String,
    /// The device's name.
    pub device: String,
    /// Target triple the profiler was built for.
    pub build_target: String,
    /// Search space, with its scaling.
    pub space: String,
    /// Its distinct ops.
    pub ops: usize,
    /// Threads the runtimes used.
    pub threads: usize,
    /// Processors pinned to, as the kernel confirmed; empty for not pinned.
    pub cpus: Vec<usize>,
    /// Tables that are compared with each other.
    pub repeats: usize,
    /// Seed of the choice of ops and networks, of the orders of turns and of the load.
    pub seed: u64,
    /// Which of the machine's speeds figures are compared at.
    pub speed: SpeedRule,
}

/// One subject's figures behind a ratio.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// Its key.
    pub subject: String,
    /// Figures by name, each with its unit at the end.
    pub figures: BTreeMap<String, f64>,
}

impl Detail {
    pub(super) fn new<N: Into<String>>(subject: String, figures: impl IntoIterator<Item = (N, f64)>) -> Self {
        Self { subject, figures: figures.into_iter().map(|(name, value)| (name.into(), value)).collect() }
    }
}

/// What one part found on one backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The part.
    pub part: Part,
    /// The runtime; says whether the figures are emulated.
    pub runtime: Runtime,
    /// Start, UTC, RFC 3339.
    pub started: String,
    /// End, UTC, RFC 3339.
    pub finished: String,
    /// Frequencies, temperatures and load when the part began.
    pub before: MachineState,
    /// The same when it ended.
    pub after: MachineState,
    /// Seconds that it took; emulated where the figures are.
    pub spent_s: f64,
    /// The speed of the machine that the figures are of, and why; `None` where they do not depend on it.
    pub speed: Option<PartSpeed>,
    /// Why there are no figures, if there are none. Such a part is asked again when the bench is resumed.
    pub no_answer: Option<String>,
    /// The figures.
    pub ratios: Vec<Ratio>,
    /// What they rest on, subject by subject.
    pub details: Vec<Detail>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// A whole bench.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What must not change.
    pub settings: Settings,
    /// What the machine says of itself.
    pub machine: Device,
    /// What the finished parts found, in the order in which they were run.
    pub findings: Vec<Finding>,
}

/// How many goals are reached, missed, and neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Goals {
    /// Those that are.
    pub reached: usize,
    /// Those that are not.
    pub missed: usize,
    /// Those of which that cannot be said.
    pub not_shown: usize,
    /// Parts without any figures.
    pub parts_without_answer: usize,
}

impl Report {
    /// Counts the goals.
    pub fn goals(&self) -> Goals {
        let with_goal =
            || self.findings.iter().flat_map(|finding| &finding.ratios).filter(|r| r.goal.is_some());
        let count = |reached| with_goal().filter(|ratio| ratio.reached == reached).count();
        let parts_without_answer = self.findings.iter().filter(|finding| finding.no_answer.is_some()).count();
        Goals {
            reached: count(Some(true)),
            missed: count(Some(false)),
            not_shown: count(None),
            parts_without_answer,
        }
    }

    /// What was found by a part on a runtime.
    pub(super) fn has(&self, part: Part, runtime: &Runtime) -> bool {
        self.findings.iter().any(|finding| finding.part == part && finding.runtime == *runtime)
    }
}

impl Settings {
    fn difference(&self, other: &Self) -> Option<String> {
        let text = |settings: &Self| serde_json::to_value(settings).unwrap_or_default();
        let (mine, theirs) = (text(self), text(other));
        let fields = mine.as_object()?.iter().find(|(name, value)| theirs.get(name.as_str()) != Some(*value));
        fields.map(|(name, value)| {
            format!("{name} {value} and {}", theirs.get(name.as_str()).unwrap_or(&serde_json::Value::Null))
        })
    }
}

/// Takes up the report at `path`, or begins one.
pub(super) fn take_up(path: &Path, fresh: Report) -> Result<Report, BenchError> {
    if !path.exists() {
        return Ok(fresh);
    }
    let mut report: Report = read_document(path, FORMAT, VERSION)?;
    let has_figures = |finding: &Finding| finding.ratios.iter().all(|ratio| ratio.value.is_finite());
    report.findings.retain(|finding| finding.no_answer.is_none() && has_figures(finding));
    match report.settings.difference(&fresh.settings) {
        None => Ok(report),
        Some(difference) => Err(BenchError::Changed { path: path.to_owned(), difference }),
    }
}

/// Writes a report.
pub(super) fn write_report(path: &Path, report: &Report) -> Result<(), BenchError> {
    Ok(write_document(path, FORMAT, VERSION, report)?)
}
