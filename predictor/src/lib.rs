//! Fits a latency model of one device to measurements, and predicts ops and networks.
//!
//! [`Measurements`] (tables with their sessions) → [`LatencyModel::fit`] → a model with two levels: ops, where a
//! measured op and a regressor of its kind meet by their noise, and networks ([`NetworkModel`]), a constant and a number per op. What nothing measured says anything of is an error, never 0.
//!
//! ```no_run
//! use predictor::{Emulation, FitOptions, Gradient, LatencyModel, Measurements, Mixing};
//!
//! # fn main() -> Result<(), predictor::PredictorError> {
//! let measurements = Measurements::read(&["run/table.csv".into()], Mixing::Refuse, Emulation::Refuse)?;
//! let model = LatencyModel::fit(&measurements, &FitOptions::default())?;
//! let op = "mbconv-14x14x16-o32-e6-k5-s2-relu6".parse()?;
//! let prediction = model.predict(&op)?;
//! println!("{} ({} to {})", prediction.latency, prediction.low, prediction.high);
//! # Ok(()) }
//! ```

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
mod work;

pub use device::{
    AdditiveLatency, Batch, Evaluation, ExpectedLatency, FitOptions, Gradient, LatencyModel, Scoring,
};
pub use error::PredictorError;
pub use interval::{Flag, Prediction};
pub use network::{NetworkModel, Share};
pub use onnx::{OnnxNetwork, Unknown};
pub use rows::{Emulation, Measurements, Mixing};
