//! Where a table is written.

use std::path::Path;

use super::UsageError;

/// Refuses what can be no table, before anything is measured.
pub(super) fn check_output(output: &Path) -> Result<(), UsageError> {
    let wrong = |reason: &str| Err(UsageError(format!("--output {}: {reason}", output.display())));
    if output.extension().is_none_or(|extension| extension != "csv") {
        return wrong("expected a .csv file");
    }
    if output.is_dir() {
        return wrong("it is a folder, expected a file");
    }
    Ok(())
}
