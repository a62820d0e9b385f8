//! Rows of FBNet's networks.

use super::{Record, Subject};
use crate::whole::FbNet;

/// Reads `arch`: 22 choices, 0 to 8, joined by `-`.
pub(super) fn read(record: &Record<'_>) -> Result<Subject, String> {
    let network = record.text("arch")?.parse::<FbNet>().map_err(|error| error.to_string())?;
    Ok(Subject::Network(network.to_string()))
}
