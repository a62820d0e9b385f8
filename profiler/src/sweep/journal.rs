//! The journal: everything a sweep timed, line by line, as it happens.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::SweepError;
use crate::{
    measure::{Entry, History, Observer, Protocol, SubjectFailure},
    record::{Conditions, ReadError, WriteError},
};

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
}

impl Header {
    pub(super) fn new(
        session: String,
        started: String,
        conditions: Conditions,
        protocol: Protocol,
        subjects: Vec<String>,
    ) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, session, started, conditions, protocol, subjects }
    }

    /// What keeps a sweep begun with `self` from being continued with `other`. Budget and target may change.
    fn difference(&self, other: &Self) -> Option<String> {
        if let Some(difference) = self.conditions.difference(&other.conditions) {
            return Some(difference);
        }
        if self.subjects != other.subjects {
            return Some(format!("{} subjects and {} others", self.subjects.len(), other.subjects.len()));
        }
        let settling = |p: &Protocol| (p.settle_ns, p.settle_runs);
        let fixed = |p: &Protocol| {
            (p.seed, p.hot_samples, p.burst_ns, p.shortest_sample_ns, p.min_round_size, settling(p))
        };
        (fixed(&self.protocol) != fixed(&other.protocol)).then(|| "another seed or protocol".to_owned())
    }
}

/// Where a table's journal is: `run/table.csv` → `run/table.journal.jsonl`.
#[must_use]
pub fn journal_path(table: &Path) -> PathBuf {
    table.with_extension("journal.jsonl")
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
    pub(super) fn open(path: &Path, fresh: Header) -> Result<(Self, History), SweepError> {
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
            return Ok((journal, History::default()));
        };
        let header = parse_header(path, first)?;
        if let Some(difference) = header.difference(&fresh) {
            return Err(SweepError::Changed { path: path.to_owned(), difference });
        }
        let history = parse_entries(path, rest)?;
        let header = Header { protocol: fresh.protocol, ..header };
        Ok((Self { file, header }, history))
    }

    fn line(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(format!("{text}\n").as_bytes())
    }
}

/// What the journal of a table holds. A line torn by a kill is left out.
///
/// # Errors
/// [`SweepError::Read`] when it is no journal.
pub fn read_history(table: &Path) -> Result<History, SweepError> {
    let path = journal_path(table);
    let io = |source| ReadError::Io { path: path.clone(), source };
    let (_, lines) = File::open(&path).and_then(|file| whole_lines(&file)).map_err(io)?;
    let Some((first, rest)) = lines.split_first() else { return Ok(History::default()) };
    parse_header(&path, first)?;
    Ok(parse_entries(&path, rest)?)
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
fn parse_entries(path: &Path, lines: &[String]) -> Result<History, ReadError> {
    let mut history = History::default();
    for (index, line) in lines.iter().enumerate() {
        let wrong = |reason| wrong_line(path, index + 2, reason);
        let entry: Entry = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        history.push(entry).map_err(|e| wrong(e.to_string()))?;
    }
    Ok(history)
}

/// Length of what ends with a newline, and its lines.
fn whole_lines(file: &File) -> io::Result<(u64, Vec<String>)> {
    let mut reader = BufReader::new(file);
    let (mut whole, mut lines, mut line) = (0, Vec::new(), String::new());
    while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
        whole += line.len() as u64;
        lines.push(std::mem::take(&mut line));
    }
    Ok((whole, lines))
}

impl Observer for Journal {
    fn record(&mut self, entry: &Entry) -> Result<(), SubjectFailure> {
        Ok(self.line(&serde_json::to_string(entry)?)?)
    }
}
