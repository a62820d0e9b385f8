//! Fits a latency model of one device to measurements, and predicts ops and networks.
//!
//! From a table that `profiler` measured to predictions (`cargo run --release --example fit_and_predict`):
//!
#![doc = "```no_run"]
#![doc = include_str!("../examples/fit_and_predict.rs")]
#![doc = "```"]
//!
//! Any ONNX network, layer by layer (`--example predict_onnx`):
//!
#![doc = "```no_run"]
#![doc = include_str!("../examples/predict_onnx.rs")]
#![doc = "```"]
//!
//! The expected latency of networks that are drawn by chance, and its gradient (`--example expected_latency`):
//!
#![doc = "```no_run"]
#![doc = include_str!("../examples/expected_latency.rs")]
#![doc = "```"]
//!
//! [`Measurements`] (tables with their sessions) → [`LatencyModel::fit`] → a model with two levels: ops, where a
//! measured op and a regressor of its kind meet by their noise, and networks ([`NetworkModel`]), a constant and a number per
//! op. What nothing measured says anything of is an error, never 0.

pub mod audit;
pub mod bench;
pub mod cli;
mod device;
mod error;
pub mod import;
mod interval;
mod learn;
pub mod nasbench201;
mod network;
mod onnx;
mod op;
mod regressor;
mod rows;
mod transfer;
pub mod whole;
mod work;

pub use device::{
    AdditiveLatency, Batch, Evaluation, ExpectedLatency, FitOptions, Gradient, LatencyModel, Scoring,
};
pub use error::{FitError, NoAnswer, PredictorError};
pub use interval::{Flag, Prediction};
pub use network::{NetworkModel, Share};
pub use onnx::{OnnxNetwork, Unknown, Width};
pub use rows::{Emulation, Measurements, Mixing};
