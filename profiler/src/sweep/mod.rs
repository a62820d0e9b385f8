//! What to measure, resumably: from a list of subjects to a finished table.
//!
//! Everything timed goes into a journal beside the table at once (`TABLE.journal.jsonl`), so that a killed sweep loses
//! at most the turn in flight; the table and its session file are written when the sweep is done.

mod compare;
mod error;
mod expected;
mod in_place;
mod journal;
mod loaded;
mod mock_law;
mod model_file;
mod network;
mod network_journal;
mod plan;
mod profiler;
mod recorder;
mod references;
mod rows;
mod run;
mod session;
mod weight_files;

pub use compare::CompareWith;
pub use error::SweepError;
pub use journal::{Journal, Recorded, journal_path, read_journal};
pub use mock_law::{MockLaw, mock_costs};
pub use model_file::{ModelFile, model_key, plan_model};
pub use network::{NetworkProfile, NetworkResult};
pub use plan::{Planned, plan_anchors, plan_drawn, plan_networks, plan_op, plan_ops};
pub use profiler::{HotAndCold, Profiler};
pub use references::load_references;
pub use rows::{Measured, rows};
pub use run::{Lost, Sweep, SweepResult};
pub use session::{conditions, runtime_of};
pub use weight_files::{WeightFiles, with_small_weights};

#[cfg(all(test, feature = "tract"))]
mod layer_tests;
#[cfg(test)]
mod tests;
