//! Whether anchors are of this machine.

use std::path::Path;

use super::UsageError;
use crate::measure::Protocol;
use crate::record::{Anchors, Conditions};

/// Refuses those of another machine, runtime or speed: they say nothing of this one.
pub(super) fn check_anchors(
    path: &Path,
    anchors: &Anchors,
    here: &Conditions,
    protocol: &Protocol,
) -> Result<(), UsageError> {
    let path = path.display();
    if let Some(difference) = anchors.conditions.difference(here) {
        return Err(UsageError(format!(
            "--anchors {path}: measured under other conditions than here: {difference}"
        )));
    }
    let speed = anchors.speed;
    if !protocol.speeds.contains(&speed) {
        return Err(UsageError(format!(
            "--anchors {path}: figures of the {speed} speed; measure at it, too: --speed {speed} or both"
        )));
    }
    Ok(())
}
