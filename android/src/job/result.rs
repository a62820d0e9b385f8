use crate::error::AndroidError;
use profiler::record::{Row, Session, read_session, read_table, session_path};
use std::path::Path;

/// A table that came from a phone, and its session.
pub(crate) fn read_result(table: &Path) -> Result<(Vec<Row>, Session), AndroidError> {
    let broken = |reason: String| AndroidError::BrokenResult { reason };
    let rows = read_table(table).map_err(|error| broken(profiler::explain(&error)))?;
    let session = read_session(&session_path(table)).map_err(|error| broken(profiler::explain(&error)))?;
    match rows.iter().find(|row| row.session != session.id) {
        Some(row) => Err(broken(format!(
            "{}: `{}` is of session {}, not of {}",
            table.display(),
            row.subject,
            row.session,
            session.id
        ))),
        None => Ok((rows, session)),
    }
}
