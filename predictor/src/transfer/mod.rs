//! A new device's op model from a few measurements and the models of known devices.
//!
//! What known devices agree on is kept: their mean, op by op, with all that their models have learnt of shapes. What they
//! may differ in is a prior around it: the speed of the whole, how much slower the new device is at each work term, and
//! how much it resembles one known device more than the others. A few measurements update it (Bayesian linear regression on
//! measured over mean, where the scale is one of the coefficients: scale-free). How much devices differ, and the noise, are
//! not known either: every choice on a grid is weighed by how likely it makes the measurements (empirical Bayes).
//! Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press 2006, §2.1 and §5.2.

mod fit;
mod model;
mod suggest;

pub(crate) use fit::OpPrior;
pub(crate) use suggest::{OpSuggestion, suggest_ops};
