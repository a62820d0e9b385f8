//! Networks of NAS-Bench-201: one cell, repeated, is all that tells them apart.
//!
//! Source: Dong and Yang, NAS-Bench-201, ICLR 2020, arXiv:2001.00326. A cell has nodes 0 (its input) to 3 (its output) and an
//! op on each of the six edges from a lower to a higher node; a node is the sum of what its edges give. The network: 32×32×3,
//! a 3×3 convolution to 16 channels, three stages of five cells with 16, 32 and 64 channels, global pooling, a classifier.
//!
//! Only whole networks are measured, so op coefficients are fitted through networks. What a runtime executes is one of two
//! graphs: the *written* one (PyTorch runs edges that lead nowhere), or the *live* one, of edges on a path from input to
//! output (converters to TFLite and ONNX prune the others). A model is given both and finds out.

mod features;
mod fit;
mod graph;
mod model;
mod model_file;
mod suggest;
mod transfer;

pub use features::{CELL_TERMS, cell_features};
pub use graph::{Cell, CellOp, NoCell};
pub use model::{CellModel, CellSample};
pub use model_file::{CellModelFile, cell_of, cell_samples};
pub use suggest::{Suggestion, suggest};
pub use transfer::{Prior, Transfer, transfer};
