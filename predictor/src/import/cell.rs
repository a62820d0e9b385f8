//! Rows of NAS-Bench-201 networks.

use super::{Record, Subject};

/// Reads `arch`.
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    record.text("arch")?.parse().map(Subject::Cell)
}
