//! Training of one network from scratch, the same for every network.

mod metrics;
mod settings;
mod training;

pub use metrics::{Metrics, read_trained};
pub use settings::TrainSettings;
pub use training::train;
pub(crate) use training::{PREFIX, WEIGHTS};
