//! A device's latency model.

mod batch;
mod evaluate;
mod expected_latency;
mod file;
mod gradient;
mod leave_out;
mod level;
mod model;
mod provenance;
#[cfg(test)]
pub(crate) mod test_rows;

pub use batch::Batch;
pub(crate) use evaluate::Unanswered;
pub use evaluate::{Evaluation, Scoring};
pub use expected_latency::ExpectedLatency;
pub use gradient::Gradient;
pub(crate) use leave_out::leave_networks_out;
pub(crate) use model::network_samples;
pub use model::{AdditiveLatency, FitOptions, LatencyModel};
pub(crate) use provenance::{CacheReport, Provenance};
