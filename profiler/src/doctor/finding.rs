//! What a check found.

use serde::Serialize;

/// Whether something needs doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing to worry about.
    Ok,
    /// It would spoil measurements, or may.
    Warn,
    /// The machine does not say.
    Unknown,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: &'static str,
    /// Whether something needs doing.
    pub state: State,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty if nothing.
    pub advice: String,
}

impl Finding {
    /// Nothing needs doing.
    pub fn ok(check: &'static str, seen: impl Into<String>) -> Self {
        Self { check, state: State::Ok, seen: seen.into(), advice: String::new() }
    }

    /// Something does.
    pub fn warn(check: &'static str, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, state: State::Warn, seen: seen.into(), advice: advice.into() }
    }

    /// It cannot be determined.
    pub fn unknown(check: &'static str, seen: impl Into<String>) -> Self {
        Self { check, state: State::Unknown, seen: seen.into(), advice: String::new() }
    }

    /// `good`, or else a warning with this advice.
    pub fn unless(
        good: impl FnOnce() -> bool,
        check: &'static str,
        seen: impl Into<String>,
        advice: &str,
    ) -> Self {
        if good() { Self::ok(check, seen) } else { Self::warn(check, seen, advice) }
    }
}
