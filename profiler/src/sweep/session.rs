//! What every session says of itself, however it was measured.

use jiff::Timestamp;

use crate::backend::Backend;
use crate::device::{Device, emulator};
use crate::measure::DriftReport;
use crate::record::{Anchors, Conditions, EMULATED_BY, MachineChange, OutputCheck, Row, Runtime};

/// What must not change while a session lasts.
pub fn conditions(backend: &dyn Backend, threads: usize, cpus: &[usize], device: &Device) -> Conditions {
    Conditions {
        device: device.name(),
        runtime: runtime_of(backend),
        threads,
        cpus: cpus.to_vec(),
        build_target: device.build_target.clone(),
    }
}

/// What a session says of a backend.
pub fn runtime_of(backend: &dyn Backend) -> Runtime {
    let emulator = emulator();
    let emulated = backend.emulated_clock().is_some() || emulator.is_some();
    let emulator = emulator.map(|name| (EMULATED_BY, name));
    let details = backend.details().into_iter().chain(emulator);
    let details = details.map(|(name, value)| (name.to_owned(), value));
    Runtime {
        name: backend.name().to_owned(),
        version: backend.version(),
        emulated,
        details: details.collect(),
    }
}

/// A new session's id and its start.
pub(super) fn new_session() -> (String, String) {
    let now = Timestamp::now();
    (format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), now.subsec_nanosecond()), now.to_string())
}

/// What a reader should know of a session whose machine's speed moved too far.
pub(super) fn drift_warning(drift: &DriftReport) -> Option<String> {
    drift.excessive.then(|| {
        format!(
            "the machine's speed moved from {:.0} % to {:.0} % of its median: treat the table with care",
            100.0 / drift.high_ratio,
            100.0 / drift.low_ratio
        )
    })
}

/// By how much the machine changed since anchors were measured, and what a reader should know if that cannot be told.
pub(super) fn change_since(anchors: &Anchors, rows: &[Row]) -> (Option<MachineChange>, Option<String>) {
    let change = MachineChange::of(anchors, rows);
    let warning = change.is_none().then(|| {
        format!(
            "too few of the {} anchors of session {} were measured at the machine's {} speed to tell whether it is the same machine: \
             measure longer",
            anchors.subjects.len(),
            anchors.session,
            anchors.speed
        )
    });
    (change, warning)
}

/// What a reader should know when some outputs could not be compared.
pub(super) fn output_warning(outputs: &OutputCheck) -> Option<String> {
    let OutputCheck::Compared { with, not_compared, .. } = outputs else { return None };
    let first = not_compared.first()?;
    Some(format!(
        "outputs of {} subject(s) were not compared with {with}; the first, {}: {}",
        not_compared.len(),
        first.subject,
        first.reason
    ))
}
