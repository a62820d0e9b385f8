//! The profiler against plain benchmarking: ratios, taken side by side in one run, each with its goal.
//!
//! A [`Bench`] runs [`Part`]s on backends. A part's answer is a [`Finding`]: [`Ratio`]s with goals, and the figures they
//! rest on. The [`Report`] is written after every part, so that a stopped bench resumes.

mod budget;
mod choice;
mod cost;
mod error;
mod fidelity;
mod flags;
mod job;
mod layers;
mod line;
mod load;
mod modes;
mod overhead;
mod part;
mod plain;
mod ratio;
mod report;
mod run;
mod speed;
mod spread;
mod steadiness;
mod sums;
mod tables;
mod under_load;

pub use choice::choose_ops;
pub use error::BenchError;
pub use line::{Line, Residual};
pub use load::{Pattern, keep_busy};
pub use part::Part;
pub use ratio::{Goal, Ratio, Unit};
pub use report::{Detail, Finding, Goals, Report, Settings};
pub use run::{Bench, Watcher};
pub use speed::{PartSpeed, SpeedRule};
pub use spread::{furthest_from_one, geometric_mean, mean, spread};
