//! Training of one network, from scratch or with a search's weights, the same for every network.

mod metrics;
mod settings;
mod training;

pub use metrics::Metrics;
pub(crate) use metrics::read_trained;
pub use settings::TrainSettings;
pub use training::{Begin, train};
pub(crate) use training::{PREFIX, WEIGHTS};
