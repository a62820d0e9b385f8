//! From an op or a network to the bytes of an ONNX model (opset 14, batch 1, f32 or int8 as QDQ), and back to its ops.

mod chain;
mod data_dependent_inputs;
mod declared;
mod export;
mod external;
mod fix_inputs;
mod input_shapes;
mod input_values;
mod integer_nodes;
mod layers;
mod macs;
mod model_graph;
mod moved_values;
mod name_nodes;
mod number_format;
mod outline;
mod parts;
mod proto;
mod quantization;
mod shape_inference;
mod shape_rules;
mod shape_values;
mod sketch;
mod spread;
pub mod steps;
mod subgraph_shapes;
mod weights;
mod wire;
mod work;
mod writer;

pub use chain::chain_model;
pub use data_dependent_inputs::DataDependentInput;
#[cfg(test)]
pub(crate) use declared::model_of_inputs;
pub use declared::{Declared, Side};
pub use export::{OnnxError, model, network_model, op_model, operators, read_ops, read_output_integers};
#[cfg(test)]
pub(crate) use external::outside_model;
pub use external::{ExternalData, ReadExternal, inline_external};
pub use fix_inputs::{fix_inputs, inputs_of};
pub(crate) use input_shapes::concerns;
pub use input_shapes::{InputShapes, read_input_shapes};
pub use input_values::{InputValues, give_values, given_values, read_tensor};
pub use integer_nodes::on_floats;
pub use macs::node_macs;
pub use model_graph::{AttributeValue, Constant, ModelGraph, ModelNode};
pub use name_nodes::name_nodes;
pub use number_format::{NumberFormat, number_format};
pub use outline::{Outline, OutlineNode};
pub use quantization::Quantization;
pub use shape_inference::{ShapeError, Tensor};
pub use sketch::{Curve, Filters, Operand, Recurrent, Shifted, Sketch, Sketched, Weights};
pub use weights::{NodeWeights, SeededWeights, WeightSource, WeightsError};
pub use wire::Malformed;
pub use work::{Work, work};
