//! Whether what was timed also computed the right thing: a session's record of it.

use serde::{Deserialize, Serialize};

/// The outputs of every subject against those of another runtime, on the same model and input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OutputCheck {
    /// They were compared before anything was timed; one that disagreed would have ended the session.
    Compared {
        /// The other runtime and its version.
        with: String,
        /// Largest difference allowed, relative to the largest absolute output of the subject.
        tolerance: f64,
        /// Subjects whose outputs agreed.
        agreed: usize,
        /// Largest difference found, relative to the largest absolute output of that subject.
        worst_difference: f64,
        /// The subject with that difference.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        worst_subject: Option<String>,
        /// Subjects whose outputs could not be compared.
        not_compared: Vec<NotCompared>,
    },
    /// They were not.
    NotCompared {
        /// Why.
        reason: String,
    },
}

/// A subject whose outputs could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCompared {
    /// Its key.
    pub subject: String,
    /// Why.
    pub reason: String,
}

impl Default for OutputCheck {
    /// That of sessions from before there was a check.
    fn default() -> Self {
        Self::NotCompared { reason: "this version of the profiler did not compare outputs".to_owned() }
    }
}
