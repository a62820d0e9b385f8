//! The op level: a measured op and a regressor of its kind meet by their noise.

mod delegate_choice;
mod extrapolation;
mod fit;
mod guess_interval;
mod kind;
mod left_out;
mod less_known;
mod model;
mod repeatability;

pub(crate) use guess_interval::GuessInterval;
pub(crate) use kind::{KindModel, Scope};
pub(crate) use left_out::LeftOut;
pub(crate) use model::{FallbackModel, Measured, OpEstimate, OpModel, precision_of};
