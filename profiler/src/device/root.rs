//! Small text files below a root.

use std::path::{Path, PathBuf};

/// Where the machine's files lie.
pub(super) struct Root {
    path: PathBuf,
}

impl Root {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// A file's text; `None` if it cannot be read.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.path.join(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A file's first line without the blanks and NULs around it; `None` if there is nothing in it.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.lines().next()?.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// A file's first line as a number.
    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.line(path)?.parse().ok()
    }

    /// Like [`Root::number`], for what is never negative.
    pub(super) fn count(&self, path: &str) -> Option<u64> {
        self.number(path)?.try_into().ok()
    }

    /// What a symbolic link points to; `None` if it is none.
    pub(super) fn link(&self, path: &str) -> Option<PathBuf> {
        std::fs::read_link(self.path.join(path)).ok()
    }

    /// Numbers after `prefix` in a folder's entries, in order: 0, 1, 4 of `cpu0`, `cpu1`, `cpu4`, `cpufreq`.
    pub(super) fn numbered(&self, folder: &str, prefix: &str) -> Vec<usize> {
        let Ok(entries) = std::fs::read_dir(self.path.join(folder)) else { return Vec::new() };
        let mut numbers: Vec<usize> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }
}
