//! How a graphics processor's delegate cuts an op up: what sets the steps in such ops' latencies.

mod choice;
mod rule;
mod work_groups;

pub(crate) use choice::choose;
pub use rule::DelegateRule;
pub(crate) use rule::{INPUTS, inputs};
