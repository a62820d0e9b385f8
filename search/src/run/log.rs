//! A search's log: one JSON object per line and group of steps.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use profiler::record::{ReadError, WriteError, read_text, write_atomic};
use serde::{Deserialize, Serialize};

use crate::error::SearchError;

/// What a group of steps does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Trains uniformly random paths.
    WarmUp,
    /// Trains paths drawn by their probabilities and learns these.
    Search,
    /// Compares paths with the trained weights.
    Compare,
}

impl Phase {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WarmUp => "warm-up",
            Self::Search => "search",
            Self::Compare => "comparison",
        }
    }
}

/// A group of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// Steps done at its end.
    pub step: u64,
    /// What they did.
    pub phase: Phase,
    /// Mean training loss of its weight steps, if it has any.
    pub loss: Option<f64>,
    /// Mean cross-entropy of its architecture steps on held-out images.
    pub held_out_loss: Option<f64>,
    /// Mean accuracy on held-out images of the networks that its architecture steps looked at.
    pub held_out_accuracy: Option<f64>,
    /// E\[latency\] at its end in milliseconds.
    pub expected_ms: f64,
    /// The target in milliseconds.
    pub target_ms: f64,
    /// The weight of latency against cross-entropy, if the objective has one.
    pub lambda: Option<f64>,
    /// Mean entropy of the blocks over that of equal probabilities.
    pub relative_entropy: f64,
    /// Learning rate of the weights in its last step.
    pub learning_rate: f64,
    /// Mean wall time of a weight step and what followed it, in milliseconds.
    pub step_ms: f64,
    /// Probabilities of the candidates, per block.
    pub probabilities: Vec<Vec<f64>>,
}

/// A log file that is being written.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Opens a log to go on after `step`: later lines, of steps that will be done again, are dropped.
    ///
    /// # Errors
    /// [`SearchError::Read`] or [`SearchError::Write`].
    pub fn open(path: &Path, step: u64) -> Result<Self, SearchError> {
        if path.exists() {
            let text = read_text(path)?;
            let kept: String =
                text.split_inclusive('\n').filter(|line| step_of(line) <= Some(step)).collect();
            if kept != text {
                write_atomic(path, |writer| writer.write_all(kept.as_bytes()))?;
            }
        }
        let open = || OpenOptions::new().create(true).append(true).open(path);
        let file = open().map_err(|source| WriteError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// [`SearchError::Write`].
    pub fn append(&mut self, line: &LogLine) -> Result<(), SearchError> {
        let mut write = || {
            let mut text = serde_json::to_string(line)?;
            text.push('\n');
            self.file.write_all(text.as_bytes())
        };
        write().map_err(|source| WriteError { path: self.path.clone(), source }.into())
    }

    /// All lines of a log.
    ///
    /// # Errors
    /// [`SearchError::Read`] naming the line that is wrong.
    pub fn read(path: &Path) -> Result<Vec<LogLine>, SearchError> {
        let parse = |(index, text): (usize, &str)| {
            serde_json::from_str(text).map_err(|e| {
                let (path, line) = (path.to_owned(), index as u64 + 1);
                ReadError::Line { path, line, reason: e.to_string() }.into()
            })
        };
        read_text(path)?.lines().enumerate().map(parse).collect()
    }
}

/// The step of a whole line; larger than every step for one that is not whole.
fn step_of(line: &str) -> Option<u64> {
    let whole = line.ends_with('\n').then(|| serde_json::from_str::<LogLine>(line).ok()).flatten();
    Some(whole.map_or(u64::MAX, |line| line.step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64) -> LogLine {
        LogLine {
            step,
            phase: Phase::Search,
            loss: Some(1.5),
            held_out_loss: None,
            held_out_accuracy: None,
            expected_ms: 0.3,
            target_ms: 0.25,
            lambda: Some(0.1),
            relative_entropy: 0.9,
            learning_rate: 0.05,
            step_ms: 40.0,
            probabilities: vec![vec![0.5, 0.5]],
        }
    }

    #[test]
    fn lines_after_the_checkpoint_and_cut_ones_are_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::open(&path, 0).unwrap();
        for step in [10, 20, 30] {
            log.append(&line(step)).unwrap();
        }
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"step\": 1").unwrap();
        assert!(Log::read(&path).unwrap_err().to_string().contains("line 4"));
        let mut log = Log::open(&path, 20).unwrap();
        assert_eq!(Log::read(&path).unwrap(), [line(10), line(20)]);
        log.append(&line(30)).unwrap();
        assert_eq!(Log::read(&path).unwrap().len(), 3);
    }
}
