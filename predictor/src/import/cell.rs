//! Rows of NAS-Bench-201 networks.

use super::{Record, Subject};
use crate::nasbench201::Cell;

/// Reads `arch`.
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    let cell = record.text("arch")?.parse::<Cell>().map_err(|error| error.to_string());
    cell.map(Subject::Cell)
}
