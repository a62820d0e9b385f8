//! A search from start to end: its settings, its state, its log and its folder.

mod log;
mod search;
mod settings;
mod state;

pub use log::{Log, LogLine, Phase};
pub use search::{Outcome, search};
pub use settings::SearchSettings;
pub use state::SearchState;
