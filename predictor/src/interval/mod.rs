//! How far off a prediction may be.

mod conformal;
mod prediction;
mod training_range;

pub(crate) use conformal::{Band, Basis, COVERAGE, NORMAL_90, WIDEST_LOG_HALF_WIDTH, clustered_quantile};
pub use prediction::{Flag, Prediction};
pub(crate) use prediction::{GuessBasis, LogNormal};
pub(crate) use training_range::{Excess, TrainingRange, WIDER_PER_FOLD};
