//! Learners on plain numbers: they know nothing of ops or networks.

mod bayes;
mod boosted_trees;
mod cholesky;
mod design;
mod gaussian_process;
mod kernel;
mod metrics;
mod nnls;
mod ridge;
mod rprop;
mod scaling;

pub(crate) use bayes::{Posterior, posterior};
pub(crate) use boosted_trees::{BoostedTrees, Growth};
pub(crate) use cholesky::{Cholesky, dot as linear};
pub(crate) use design::{Choice, choose, condition};
pub(crate) use gaussian_process::GaussianProcess;
pub(crate) use kernel::Kernel;
pub(crate) use metrics::{Scored, Scores, rank_correlation, rms};
pub(crate) use nnls::solve_nnls;
pub(crate) use ridge::RidgeSystem;
pub(crate) use scaling::Scaling;
