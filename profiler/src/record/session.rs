//! Session JSON: under which conditions a table was measured.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{MachineChange, OpRepeats, OutputCheck, ReadError, WriteError, read_document, write_document};
use crate::device::{Device, MachineState};
use crate::measure::{
    ContentionReport, DriftReport, HeatReport, ModeReport, Outcome, Protocol, ReferenceLevel, Speed,
};

const FORMAT: &str = "tailor-session";
const VERSION: u32 = 1;

/// Name of the detail of a [`Runtime`] that says what emulates its processor.
pub const EMULATED_BY: &str = "emulated by";

/// The runtime that was timed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runtime {
    /// Name, such as `tract`.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Whether its figures are emulated, never timings: it computes nothing, or an emulator runs it.
    pub emulated: bool,
    /// What else matters, such as the kernels in use.
    pub details: Vec<(String, String)>,
}

/// What must not change while a table is being measured, nor between tables that are used together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The device's name.
    pub device: String,
    /// The runtime.
    pub runtime: Runtime,
    /// Threads the runtime used.
    pub threads: usize,
    /// Processors it was pinned to, as the kernel confirmed; empty for not pinned.
    pub cpus: Vec<usize>,
    /// Target triple the profiler was built for.
    pub build_target: String,
}

impl Conditions {
    /// Everything in which two sets of conditions differ.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let runtime = |c: &Self| format!("{} {}", c.runtime.name, c.runtime.version);
        let details = |c: &Self| format!("{:?}", c.runtime.details);
        let described = |c: &Self| {
            [
                ("device", c.device.clone()),
                ("runtime", runtime(c)),
                ("runtime details", details(c)),
                ("threads", c.threads.to_string()),
                ("cpus", format!("{:?}", c.cpus)),
                ("build target", c.build_target.clone()),
            ]
        };
        Difference::between(described(self), described(other))
    }

    /// The first thing in which two sets of conditions differ, with both values.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let first = self.differences(other).into_iter().next()?;
        Some(format!("{} `{}` and `{}`", first.what, first.a, first.b))
    }
}

/// Something that is not the same in two sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is.
    pub what: &'static str,
    /// In the first session.
    pub a: String,
    /// In the second.
    pub b: String,
}

impl Difference {
    /// Those of the named values that are not the same on both sides.
    pub fn between<const N: usize>(
        a: [(&'static str, String); N],
        b: [(&'static str, String); N],
    ) -> Vec<Self> {
        let pairs = a.into_iter().zip(b).filter(|((_, a), (_, b))| a != b);
        pairs.map(|((what, a), (_, b))| Self { what, a, b }).collect()
    }
}

/// The speeds that a machine had during a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SpeedReport {
    /// Which of them figures were asked for of; empty in sessions of versions that did not distinguish them.
    pub speeds: Vec<Speed>,
    /// Its speeds, fastest first; empty where too little was timed.
    pub modes: Vec<ModeReport>,
    /// What small models took that were timed in between; empty in older and in emulated sessions.
    pub references: Vec<Reference>,
}

/// A small model that every session times in between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// What slows it: `arithmetic`, `memory`, `depthwise`, `calls`.
    pub name: String,
    /// At the fastest speed.
    pub fast: ReferenceLevel,
    /// At the one that lasted longest; absent where it was not timed at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained: Option<ReferenceLevel>,
}

impl Reference {
    /// What it takes at a speed; `None` where it was not timed at it.
    pub fn level(&self, speed: Speed) -> Option<ReferenceLevel> {
        match speed {
            Speed::Fast => Some(self.fast),
            Speed::Sustained => self.sustained,
        }
    }
}

/// A session: written beside its table as `TABLE.session.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id, as in the table's rows.
    pub id: String,
    /// Version of the profiler.
    pub tool_version: String,
    /// Start, UTC, RFC 3339.
    pub started: String,
    /// End, UTC, RFC 3339.
    pub finished: String,
    /// Seconds of measuring; interruptions and pauses to cool do not count.
    pub measured_s: f64,
    /// Why it ended.
    pub outcome: Outcome,
    /// What must not change.
    pub conditions: Conditions,
    /// What the machine says of itself.
    pub device: Device,
    /// Frequencies, temperatures and load when the measurement began, or was last taken up.
    pub before: MachineState,
    /// The same when it ended.
    pub after: MachineState,
    /// How it was measured.
    pub protocol: Protocol,
    /// Whether the outputs of what was timed were compared with another runtime's.
    #[serde(default)]
    pub outputs: OutputCheck,
    /// How the reference block moved.
    pub drift: DriftReport,
    /// The machine's speeds, and which of them the figures are of.
    #[serde(default)]
    pub speed: SpeedReport,
    /// By how much the machine is slower or faster than when the anchors were measured; absent without anchors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineChange>,
    /// Temperatures, frequencies and pauses to cool; absent where time itself is emulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heat: Option<HeatReport>,
    /// What else ran; absent where the kernel does not report it, or time itself is emulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contention: Option<ContentionReport>,
    /// Timed runs used, over all subjects.
    pub runs: u64,
    /// Timed runs dropped because the thread was pre-empted.
    pub dropped_runs: u64,
    /// Most memory the process had in use at once (resident set), in KiB, models included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub peak_memory_kib: Option<u64>,
    /// Of ops measured inside of networks, each network's figure by the op's key; their mean is the table's row.
    #[serde(default, skip_serializing_if = "OpRepeats::is_empty")]
    pub repeats: OpRepeats,
    /// What a reader of the table should know.
    pub warnings: Vec<String>,
}

/// Where a table's session is: `run/table.csv` → `run/table.session.json`.
pub fn session_path(table: &Path) -> PathBuf {
    table.with_extension("session.json")
}

/// Reads a session.
///
/// # Errors
/// [`ReadError`] naming the file and what is wrong with it.
pub fn read_session(path: &Path) -> Result<Session, ReadError> {
    read_document(path, FORMAT, VERSION)
}

/// Writes a session.
///
/// # Errors
/// [`WriteError`].
pub fn write_session(path: &Path, session: &Session) -> Result<(), WriteError> {
    write_document(path, FORMAT, VERSION, session)
}
