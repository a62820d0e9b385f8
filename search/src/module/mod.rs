//! Trainable networks read off a [`Graph`](profiler::spec::Graph): candidates, fixed ops and whole networks alike.

mod graph_module;
mod layer_weights;
mod network;
mod parameter;
mod store;

pub(crate) use graph_module::EPSILON;
pub use graph_module::{GraphModule, Mode};
pub(crate) use layer_weights::LayerWeights;
pub use network::Network;
pub use parameter::{Decay, Parameter};
pub(crate) use store::{insert_module, insert_weights, load_module, load_weights};
