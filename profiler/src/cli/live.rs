//! Rows as JSON lines, while they are measured and when they are final.

use std::io::{self, Write};

use serde::Serialize;

use crate::record::Row;

/// Whether a row is the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its subject is known well enough; the drift of the rest of the session may still move it a little.
    Provisional,
    /// As in the table.
    Final,
}

#[derive(Serialize)]
struct Line<'a> {
    r#final: bool,
    #[serde(flatten)]
    row: &'a Row,
}

/// Prints a row to stdout and flushes it.
pub(super) fn write_row(row: &Row, standing: Standing) -> io::Result<()> {
    let line = serde_json::to_string(&Line { r#final: standing == Standing::Final, row })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
