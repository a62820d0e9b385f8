//! From an op or a network to the bytes of an ONNX model (opset 14, batch 1, f32 or int8 as QDQ), and back to its ops.

mod chain;
mod export;
mod layers;
mod layout_shapes;
mod macs;
mod model_graph;
mod outline;
mod parts;
mod proto;
mod quantization;
mod shape_inference;
mod shape_rules;
mod shape_values;
mod spread;
mod weights;
mod window_shapes;
mod writer;

pub use chain::chain_model;
pub use export::{OnnxError, model, network_model, op_model, operators, read_ops, read_output_integers};
pub use macs::macs_by_shape;
pub use model_graph::{AttributeValue, Constant, Declared, ModelGraph, ModelNode};
pub use outline::{Outline, OutlineNode};
pub use quantization::Quantization;
pub use shape_inference::{InputShapes, ShapeError, Tensor};
pub use weights::{NodeWeights, SeededWeights, WeightSource};
