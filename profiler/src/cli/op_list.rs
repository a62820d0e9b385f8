//! A list of ops: one key per line.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;

use super::UsageError;
use crate::record::{ReadError, read_text};
use crate::spec::OpSpec;

/// Longest list read from stdin, in bytes.
const STDIN_LIMIT: u64 = 1 << 26;

/// The different ops of a file, or of stdin for `-`, in order. Empty lines are passed over.
pub(super) fn read_op_list(path: &Path) -> anyhow::Result<Vec<OpSpec>> {
    let stdin = path == Path::new("-");
    let path = if stdin { Path::new("stdin") } else { path };
    let text = if stdin {
        let mut text = String::new();
        let read = io::stdin().take(STDIN_LIMIT).read_to_string(&mut text);
        read.map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
        text
    } else {
        read_text(path)?
    };
    let ops =
        parse(&text).map_err(|(line, reason)| ReadError::Line { path: path.to_owned(), line, reason })?;
    match ops.is_empty() {
        true => Err(UsageError(format!("--ops {}: there is no op in it", path.display())).into()),
        false => Ok(ops),
    }
}

fn parse(text: &str) -> Result<Vec<OpSpec>, (u64, String)> {
    let mut seen = HashSet::new();
    let mut ops = Vec::new();
    // From stdin it may still be there.
    let text = text.trim_start_matches('\u{feff}');
    for (index, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        let op: OpSpec = line.parse().map_err(|e| (index as u64 + 1, format!("{e}")))?;
        if seen.insert(op) {
            ops.push(op);
        }
    }
    Ok(ops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_line_by_line() {
        let ops = parse("\u{feff}gpool-4x4x8\r\n\n  add-4x4x8\ngpool-4x4x8\n").unwrap();
        assert_eq!(ops.iter().map(OpSpec::key).collect::<Vec<_>>(), ["gpool-4x4x8", "add-4x4x8"]);
        let (line, reason) = parse("gpool-4x4x8\nwhat").unwrap_err();
        assert_eq!(line, 2);
        assert!(reason.contains("`what` is not an op key"), "{reason}");
    }
}
