//! A network's time layer by layer, measured in place: inside the running network.
//!
//! [`trace`] runs a network plain and traced in turns, so that the machine's drift is in both alike, and gives each
//! runtime node a time per round, over as many loads of the model as it takes. [`attribute`] says which of the model's own nodes each runtime node computes, and what
//! multiply-accumulates they have; [`LayerTable`] puts both together, with a row for what no node accounts for;
//! [`StepTable`] has the same times by keys that can be told from the model alone.

mod adopt;
mod attribute;
mod error;
mod follow;
mod in_place;
mod names;
mod neighbours;
mod plan;
mod steps;
mod stretch;
mod stretches;
mod table;
mod trace;

pub use attribute::{Layer, attribute, macs_by_node};
pub use error::LayersError;
pub use in_place::{InPlace, NodeRounds};
pub use plan::{TracePlan, TraceProgress};
pub use steps::{StepRow, StepTable};
pub use stretch::{Round, Stretch, TimedRun};
pub use table::{Estimate, LayerRow, LayerTable, OpRow};
pub use trace::{TraceEnd, TraceObserver, finished, trace};

#[cfg(test)]
mod tests;
