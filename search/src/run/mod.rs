//! A search from start to end: its settings, its state, its log and its folder.

mod finished;
mod log;
mod oracle;
mod outcome;
mod quick;
mod search;
mod settings;
mod state;
#[cfg(test)]
mod test_settings;

pub(crate) use finished::read_finished;
pub use log::{Log, LogLine, Phase};
pub use oracle::SetOracle;
pub(crate) use outcome::compare;
pub use outcome::{FINALISTS, Outcome};
pub use quick::Target;
pub use search::search;
pub use settings::SearchSettings;
pub(crate) use state::SearchState;
#[cfg(test)]
pub(crate) use test_settings::settings_for_tests;
