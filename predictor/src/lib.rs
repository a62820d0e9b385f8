//! Fits a latency model of one device to measurements, and predicts ops and networks.
//!
//! [`Measurements`] (tables with their sessions) → [`LatencyModel::fit`] → a model with two levels: [`OpModel`], where a
//! measured op and a regressor of its kind meet by their noise, and [`NetworkModel`], a constant and a number per op. What nothing measured says anything of is an error, never 0.
//!
//! ```no_run
//! use predictor::{Emulation, FitOptions, LatencyModel, Measurements, Mixing};
//!
//! # fn main() -> Result<(), predictor::PredictorError> {
//! let measurements = Measurements::read(&["run/table.csv".into()], Mixing::Refuse, Emulation::Refuse)?;
//! let model = LatencyModel::fit(&measurements, &FitOptions::default())?;
//! let op = "mbconv-14x14x16-o32-e6-k5-s2-relu6".parse()?;
//! let prediction = model.predict(&op)?;
//! println!("{} ({} to {})", prediction.latency, prediction.low, prediction.high);
//! # Ok(()) }
//! ```

#[cfg(test)]
mod test_rows;

pub mod audit;
mod batch;
pub mod bench;
pub mod cell;
pub mod cli;
mod cross_validation;
mod delegate;
mod descriptors;
mod error;
mod evaluate;
mod expected_latency;
mod features;
mod gradient;
mod growth;
mod guess_band;
mod hold_out;
mod hull;
pub mod import;
pub mod interval;
mod keyed_op;
mod kind_model;
mod known_ops;
mod latency_model;
mod learn;
mod measurements;
pub mod metrics;
mod model_file;
mod network;
mod network_form;
mod network_model;
mod nnls;
mod op_model;
mod pool;
mod pooled_errors;
mod prediction;
mod primitive;
mod provenance;
pub mod regressor;
mod repeat;
mod sample;
mod share;
mod terms;
pub mod transfer;
mod window_walk;

pub use batch::Batch;
pub use delegate::DelegateRule;
pub use error::PredictorError;
pub use evaluate::{Evaluation, Scoring, Unanswered};
pub use expected_latency::ExpectedLatency;
pub use features::{OpFeatures, SIZES};
pub use gradient::Gradient;
pub use growth::{Dimension, FeatureSlope};
pub use hold_out::{Subjects, draw_hold_out};
pub use hull::{Excess, Hull};
pub use keyed_op::KeyedOp;
pub use kind_model::{CandidateReport, KindModel, Scope};
pub use latency_model::{AdditiveLatency, FitOptions, LatencyModel};
pub use measurements::{Emulation, Measurements, Mixing, TableFacts};
pub use network::{FreeNode, LayerPrediction, NetworkReport, OnnxNetwork, Unknown};
pub use network_form::{Coefficients, Form};
pub use network_model::{NetworkModel, NetworkSample};
pub use nnls::solve_nnls;
pub use op_model::{Measured, OpEstimate, OpModel};
pub use prediction::{Flag, GuessBasis, LogNormal, Prediction};
pub use primitive::{Elementwise, Primitive, Window};
pub use provenance::{CacheReport, Provenance};
pub use repeat::{OpRepeats, Repeat, Repeats};
pub use sample::{Sample, op_samples};
pub use share::Share;
pub use terms::{N_TERMS, TERMS};
