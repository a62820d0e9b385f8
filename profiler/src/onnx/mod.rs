//! From an op or a network to the bytes of an ONNX model (opset 14, f32, batch 1), and back to its ops.

mod chain;
mod export;
mod outline;
mod proto;
mod weights;

pub use chain::chain_model;
pub use export::{OnnxError, model, network_model, op_model, read_ops};
pub use outline::{Outline, OutlineNode};
pub use weights::{NodeWeights, SeededWeights, WeightSource};
