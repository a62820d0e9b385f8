//! The journal: everything a sweep timed, line by line, as it happens.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Measured, Planned, SweepError, in_place::SweepHistory, rows};
use crate::measure::{Entry, History, Protocol, Speed, SubjectFailure};
use crate::record::{Conditions, Level, ReadError, WriteError};
use crate::spec::OpSpec;

const FORMAT: &str = "tailor-journal";
const VERSION: u32 = 1;

/// First line of a journal: what it is the journal of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) session: String,
    pub(super) started: String,
    pub(super) conditions: Conditions,
    pub(super) protocol: Protocol,
    pub(super) subjects: Vec<String>,
    /// SHA-256 of all models in order; empty in journals of earlier versions.
    #[serde(default)]
    pub(super) models_sha256: String,
}

impl Header {
    pub(super) fn new(
        session: String,
        started: String,
        conditions: Conditions,
        protocol: Protocol,
        subjects: Vec<String>,
        models_sha256: String,
    ) -> Self {
        let (format, version) = (FORMAT.to_owned(), VERSION);
        Self { format, version, session, started, conditions, protocol, subjects, models_sha256 }
    }

    /// What keeps a sweep begun with `self` from being continued with `other`. Budget and target may change.
    fn difference(&self, other: &Self) -> Option<String> {
        if let Some(difference) = self.conditions.difference(&other.conditions) {
            return Some(difference);
        }
        if self.subjects != other.subjects {
            return Some(format!("{} subjects and {} others", self.subjects.len(), other.subjects.len()));
        }
        if !self.models_sha256.is_empty() && self.models_sha256 != other.models_sha256 {
            let short = |header: &Self| header.models_sha256.chars().take(12).collect::<String>();
            return Some(format!("models of SHA-256 `{}` and `{}`", short(self), short(other)));
        }
        let settling = |p: &Protocol| (p.settle_ns, p.settle_runs, p.small_settle_runs, p.small_bytes);
        let fixed = |p: &Protocol| {
            (p.seed, p.hot_samples, p.turn_ns, p.shortest_sample_ns, p.min_round_size, settling(p))
        };
        (fixed(&self.protocol) != fixed(&other.protocol)).then(|| "another seed or protocol".to_owned())
    }
}

/// What the lines of a journal tell together.
pub(super) trait JournalState: Default {
    /// Adds a line; the error says what is wrong with it.
    fn take(&mut self, line: &str) -> Result<(), String>;
}

impl JournalState for History {
    fn take(&mut self, line: &str) -> Result<(), String> {
        let entry: Entry = serde_json::from_str(line).map_err(|error| error.to_string())?;
        self.push(entry).map_err(|error| error.to_string())
    }
}

/// Where a table's journal is: `run/table.csv` → `run/table.journal.jsonl`.
pub fn journal_path(table: &Path) -> PathBuf {
    table.with_extension("journal.jsonl")
}

/// SHA-256 of all models' bytes in order, in hexadecimal.
pub(super) fn models_sha256(subjects: &[Planned]) -> String {
    let mut hash = Sha256::new();
    for subject in subjects {
        hash.update((subject.onnx.len() as u64).to_le_bytes());
        hash.update(&subject.onnx);
        hash.update(subject.beside.iter().flat_map(|files| files.sha256.bytes()).collect::<Vec<u8>>());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An open journal, locked against other profilers for as long as it lives.
#[derive(Debug)]
pub struct Journal {
    file: File,
    pub(super) header: Header,
}

impl Journal {
    /// Opens the journal of a table: a new one, or the one that is there, with what it holds. A line torn by a kill is
    /// cut off.
    ///
    /// # Errors
    /// [`SweepError::Changed`] when it belongs to another measurement, [`SweepError::Busy`] when another profiler
    /// has it open, [`SweepError::Read`] when it is no journal.
    pub(super) fn open<E: JournalState>(path: &Path, fresh: Header) -> Result<(Self, E), SweepError> {
        let failed = |source| WriteError { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SweepError::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source).into()),
        }
        let (whole, lines) =
            whole_lines(&file).map_err(|source| ReadError::Io { path: path.into(), source })?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let Some((first, rest)) = lines.split_first() else {
            let mut journal = Self { file, header: fresh };
            let header = serde_json::to_string(&journal.header).map_err(io::Error::from);
            header.and_then(|line| journal.line(&line)).map_err(failed)?;
            return Ok((journal, E::default()));
        };
        let header = parse_header(path, first)?;
        if let Some(difference) = header.difference(&fresh) {
            return Err(SweepError::Changed { path: path.to_owned(), difference });
        }
        let entries = parse_entries(path, rest)?;
        let header = Header { protocol: fresh.protocol, ..header };
        Ok((Self { file, header }, entries))
    }

    /// Appends an entry.
    pub(super) fn append(&mut self, entry: &impl Serialize) -> Result<(), SubjectFailure> {
        Ok(self.line(&serde_json::to_string(entry)?)?)
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(format!("{text}\n").as_bytes())
    }
}

/// A finished or interrupted sweep, as its journal has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Id of the session.
    pub session: String,
    /// Under which conditions.
    pub conditions: Conditions,
    /// How it was measured.
    pub protocol: Protocol,
    /// Keys of the subjects.
    pub subjects: Vec<String>,
    /// All that was timed of whole subjects.
    pub history: History,
}

impl Recorded {
    /// Computes its figures anew, at these speeds. The ops of networks are not in a journal: their rows have none.
    ///
    /// # Errors
    /// As [`rows`].
    pub fn rows(&self, speeds: &[Speed]) -> Result<Measured, SweepError> {
        let plan = |key: &String| {
            let ops: Vec<OpSpec> = key.parse().into_iter().collect();
            let level = if ops.is_empty() { Level::Network } else { Level::Op };
            Planned::new(key.clone(), level, ops, Vec::new())
        };
        let planned: Vec<Planned> = self.subjects.iter().map(plan).collect();
        let protocol = Protocol { speeds: speeds.to_vec(), ..self.protocol.clone() };
        rows(&planned, &self.history, &protocol, &self.session)
    }
}

/// What a journal holds. A line torn by a kill is left out.
///
/// # Errors
/// [`SweepError::Read`] when it is no journal.
pub fn read_journal(path: &Path) -> Result<Recorded, SweepError> {
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let (_, lines) = File::open(path).and_then(|file| whole_lines(&file)).map_err(io)?;
    let empty = || wrong_line(path, 1, "no journal: it is empty".to_owned());
    let (first, rest) = lines.split_first().ok_or_else(empty)?;
    let Header { session, conditions, protocol, subjects, .. } = parse_header(path, first)?;
    let history = parse_entries::<SweepHistory>(path, rest)?.whole;
    Ok(Recorded { session, conditions, protocol, subjects, history })
}

fn wrong_line(path: &Path, line: usize, reason: String) -> ReadError {
    ReadError::Line { path: path.to_owned(), line: line as u64, reason }
}

fn parse_header(path: &Path, line: &str) -> Result<Header, ReadError> {
    let header: Header =
        serde_json::from_str(line).map_err(|e| wrong_line(path, 1, format!("no journal: {e}")))?;
    if (header.format.as_str(), header.version) != (FORMAT, VERSION) {
        let (path, found) = (path.to_owned(), header.version.to_string());
        return Err(ReadError::Version { path, format: FORMAT, found, expected: VERSION });
    }
    Ok(header)
}

/// The lines after the header.
fn parse_entries<E: JournalState>(path: &Path, lines: &[String]) -> Result<E, ReadError> {
    let mut entries = E::default();
    for (index, line) in lines.iter().enumerate() {
        let wrong = |reason: String| {
            let advice = format!(
                "damaged: {}; the {} lines before it are good: keep only those, or delete the file to start anew",
                reason,
                index + 1
            );
            wrong_line(path, index + 2, advice)
        };
        entries.take(line).map_err(wrong)?;
    }
    Ok(entries)
}

/// Length of what ends with a newline, and its lines. What is no text becomes a line that cannot be read.
fn whole_lines(file: &File) -> io::Result<(u64, Vec<String>)> {
    let mut reader = BufReader::new(file);
    let (mut whole, mut lines, mut line) = (0, Vec::new(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        whole += line.len() as u64;
        lines.push(String::from_utf8_lossy(&line).into_owned());
        line.clear();
    }
    Ok((whole, lines))
}
