use std::path::{Path, PathBuf};

use profiler::record::{read_text, write_atomic};
use serde::{Deserialize, Serialize};

use crate::{error::SearchError, json_lines};

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
    pub(crate) fn word(self) -> &'static str {
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
}

impl Log {
    /// Opens a log to resume after `step`: later lines, of steps that will be done again, are dropped.
    pub(crate) fn open(path: &Path, step: u64) -> Result<Self, SearchError> {
        if path.exists() {
            let text = read_text(path)?;
            let kept: String =
                text.split_inclusive('\n').filter(|line| step_of(line) <= Some(step)).collect();
            if kept != text {
                write_atomic(path, |writer| writer.write_all(kept.as_bytes()))?;
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    pub(crate) fn append(&self, line: &LogLine) -> Result<(), SearchError> {
        Ok(json_lines::append(&self.path, line)?)
    }

    /// All lines of a log.
    ///
    /// # Errors
    /// [`SearchError::Read`] naming the line that is wrong.
    pub fn read(path: &Path) -> Result<Vec<LogLine>, SearchError> {
        Ok(json_lines::parse(path, &read_text(path)?)?)
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
        let log = Log::open(&path, 0).unwrap();
        for step in [10, 20, 30] {
            log.append(&line(step)).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap() + "{\"step\": 1";
        std::fs::write(&path, text).unwrap();
        assert!(Log::read(&path).unwrap_err().to_string().contains("line 4"));
        let log = Log::open(&path, 20).unwrap();
        assert_eq!(Log::read(&path).unwrap(), [line(10), line(20)]);
        log.append(&line(30)).unwrap();
        assert_eq!(Log::read(&path).unwrap().len(), 3);
    }
}
