//! Tables with their sessions: rows that may be used together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use profiler::measure::Speed;
use profiler::record::{
    Anchors, Conditions, EMULATED_BY, MachineChange, ReadError, Reference, Row, Runtime, read_session,
    read_table, session_path,
};
use serde::{Deserialize, Serialize};

use super::import_session::ImportSession;
use super::sample::{OpRepeats, Repeats};
use crate::error::PredictorError;

/// Whether tables of different device, runtime or threads may be used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixing {
    /// They may not.
    Refuse,
    /// They may: the caller knows what that means.
    Allow,
}

/// Whether figures that are no timings may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulation {
    /// They may not.
    Refuse,
    /// They may: for tests and demonstrations.
    Allow,
}

/// Where rows come from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFacts {
    /// The table's path as given.
    pub table: String,
    /// Its session.
    pub session: String,
    /// Start of the session, or time of the import, UTC.
    pub started: String,
    /// Version of the profiler that measured it, or of the predictor that imported it.
    pub profiler_version: String,
    /// Its rows.
    pub rows: usize,
}

/// The rows of tables that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    /// All rows.
    pub rows: Vec<Row>,
    /// Under which conditions the first table was measured; the others too, unless mixing was allowed.
    pub conditions: Conditions,
    /// The tables.
    pub tables: Vec<TableFacts>,
    /// Which of the machine's speeds they are of; `None` where that is not known, as of imported tables.
    pub speed: Option<Speed>,
    /// What a later session measures again to determine whether the machine is the same; of the first table. `None` for imported tables.
    pub anchors: Option<Anchors>,
    /// By how much the machine of the first table was slower or faster than when its anchors were measured.
    pub machine: Option<MachineChange>,
    /// What the first table's session says of the small models that it timed in between; none for imported tables.
    pub references: Vec<Reference>,
    /// Measurements of ops of which tables have several, or say with what they were taken.
    pub repeats: Repeats,
}

impl Measurements {
    /// Reads tables and the sessions beside them.
    ///
    /// # Errors
    /// [`PredictorError::Read`] for a table or session that cannot be used, [`PredictorError::Mixed`] and
    /// [`PredictorError::Emulated`] for those that may not, [`PredictorError::ForeignSession`] for rows of another
    /// session than the one beside the table.
    pub fn read(tables: &[PathBuf], mixing: Mixing, emulation: Emulation) -> Result<Self, PredictorError> {
        Self::read_at(tables, mixing, emulation, None)
    }

    /// As [`Measurements::read`], of tables with figures of several speeds of the machine those of one; rows that do not say their
    /// speed are kept.
    ///
    /// # Errors
    /// As [`Measurements::read`], and [`PredictorError::Speeds`] for figures of several speeds when none is named, or of none of those
    /// that is.
    pub fn read_at(
        tables: &[PathBuf],
        mixing: Mixing,
        emulation: Emulation,
        speed: Option<Speed>,
    ) -> Result<Self, PredictorError> {
        let read = tables.iter().map(|table| read_with_session(table, emulation));
        let mut read = read.collect::<Result<Vec<_>, _>>()?;
        let Some((first_session, first_rows)) = read.first() else {
            return Err(PredictorError::CannotFit("no table was given".to_owned()));
        };
        let conditions = first_session.conditions.clone();
        let machine = first_session.machine.clone();
        let found: BTreeSet<Speed> =
            read.iter().flat_map(|(_, rows)| rows).filter_map(|row| row.speed).collect();
        let speed = speed.filter(|_| !found.is_empty());
        let speed = match speed {
            Some(speed) if found.contains(&speed) => Some(speed),
            None if found.len() <= 1 => found.first().copied(),
            _ => return Err(PredictorError::Speeds { found: words(&found), asked: speed }),
        };
        let anchors = first_session.anchors(first_rows, speed);
        let references = first_session.references.clone().unwrap_or_default();
        for (_, rows) in &mut read {
            rows.retain(|row| row.speed.is_none() || row.speed == speed);
        }
        for ((session, _), table) in read.iter().zip(tables) {
            if mixing == Mixing::Refuse
                && let Some(difference) = conditions.difference(&session.conditions)
            {
                let (first, second) = (tables[0].clone(), table.clone());
                return Err(PredictorError::Mixed { first, second, difference });
            }
        }
        let facts = |((session, rows), table): (&(SessionFacts, Vec<Row>), &PathBuf)| TableFacts {
            table: table.display().to_string(),
            session: session.id.clone(),
            started: session.started.clone(),
            profiler_version: session.tool_version.clone(),
            rows: rows.len(),
        };
        let facts = read.iter().zip(tables).map(facts).collect();
        let mut repeats = Repeats::new();
        let mut rows = Vec::new();
        for (session, of_table) in read {
            if !session.repeats.is_empty() {
                repeats.insert(session.id, session.repeats);
            }
            rows.extend(of_table);
        }
        Ok(Self { rows, conditions, tables: facts, speed, anchors, machine, references, repeats })
    }

    /// Rows that were never measured, as if of one table of an emulated runtime.
    pub(crate) fn made_up(rows: Vec<Row>, device: &str, runtime: &str) -> Self {
        let mut conditions = ImportSession::conditions(device, runtime, 1);
        conditions.runtime.emulated = true;
        let table = "made up".to_owned();
        let tables = vec![TableFacts { table, rows: rows.len(), ..TableFacts::default() }];
        let (speed, anchors, machine, references) = (None, None, None, Vec::new());
        Self { rows, conditions, tables, speed, anchors, machine, references, repeats: Repeats::new() }
    }
}

/// What the file beside a table says of it, be it a session or an import.
struct SessionFacts {
    id: String,
    started: String,
    tool_version: String,
    conditions: Conditions,
    references: Option<Vec<Reference>>,
    machine: Option<MachineChange>,
    repeats: OpRepeats,
}

impl SessionFacts {
    /// Of a session of the profiler whose speed is known.
    fn anchors(&self, rows: &[Row], speed: Option<Speed>) -> Option<Anchors> {
        let (references, speed) = (self.references.as_ref()?, speed?);
        let anchors = Anchors::choose(rows, (&self.id, &self.started), &self.conditions, speed, references);
        (!anchors.subjects.is_empty()).then_some(anchors)
    }

    fn read(path: &Path) -> Result<Self, ReadError> {
        match read_session(path) {
            Ok(session) => Ok(Self {
                id: session.id,
                started: session.started,
                tool_version: session.tool_version,
                conditions: session.conditions,
                references: Some(session.speed.references),
                machine: session.machine,
                repeats: session.repeats,
            }),
            // A file that is neither is best called no session.
            Err(format @ ReadError::Format { .. }) => {
                let import = ImportSession::read(path).map_err(|e| match e {
                    ReadError::Format { .. } => format,
                    other => other,
                })?;
                Ok(Self {
                    id: import.id,
                    started: import.imported_at,
                    tool_version: import.tool_version,
                    conditions: import.conditions,
                    references: None,
                    machine: None,
                    repeats: import.repeats,
                })
            }
            Err(error) => Err(error),
        }
    }
}

fn words(speeds: &BTreeSet<Speed>) -> String {
    speeds.iter().map(Speed::to_string).collect::<Vec<_>>().join(" and the ")
}

fn read_with_session(table: &Path, emulation: Emulation) -> Result<(SessionFacts, Vec<Row>), PredictorError> {
    let rows = read_table(table)?;
    let session_file = session_path(table);
    let session = SessionFacts::read(&session_file)?;
    if let Some(row) = rows.iter().find(|row| row.session != session.id) {
        return Err(PredictorError::ForeignSession {
            table: table.to_owned(),
            subject: row.subject.clone(),
            found: row.session.clone(),
            session_file,
            expected: session.id,
        });
    }
    if session.conditions.runtime.emulated && emulation == Emulation::Refuse {
        let Runtime { name, details, .. } = session.conditions.runtime;
        let emulator = details.into_iter().find(|(detail, _)| detail == EMULATED_BY);
        let runtime = emulator.map_or(name, |(_, emulator)| emulator);
        return Err(PredictorError::Emulated { table: table.to_owned(), runtime });
    }
    Ok((session, rows))
}
