//! The vocabulary: feature maps, layers, ops, networks, search spaces, and the units that go with them.
//!
//! An op says once, as a small [`Graph`] of primitive [`Layer`]s, what it computes. Everything else (shapes,
//! multiply-accumulates, parameters, the ONNX model, a predictor's work terms, the trainable module) is read off
//! that graph.

mod activation;
mod architecture;
mod conv;
mod error;
mod feature_map;
mod graph;
mod layer;
mod named;
mod op;
mod placed_layer;
mod pool;
mod precision;
mod sampler;
mod space;
mod space_file;
mod traced_layer;
mod traced_op;
mod units;

pub use activation::Activation;
pub use architecture::Architecture;
pub use conv::Conv;
pub use error::SpecError;
pub use feature_map::FeatureMap;
pub use graph::{Graph, GraphBuilder, Node, Value};
pub use layer::{Interpolation, Layer};
pub(crate) use named::named;
pub use op::*;
pub use placed_layer::PlacedLayer;
pub use pool::{Padding, Pool};
pub use precision::Precision;
pub use sampler::{LARGEST_SAMPLED, sample};
pub use space::{Block, Candidate, SearchSpace};
pub use space_file::{BUILT_IN, First, Head, SpaceFile, Stage, Stem};
pub use traced_layer::{OtherWork, TracedLayer};
pub use traced_op::TracedOp;
pub use units::{InvalidLatency, Latency, Macs};
