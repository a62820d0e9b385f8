//! The network level: a constant and a number per op.

mod form;
mod layout;
mod model;
mod most;
mod own_deviation;
mod predict;
mod share;

pub(crate) use form::{Coefficients, Form};
pub(crate) use layout::Layout;
pub use model::NetworkModel;
pub(crate) use model::NetworkSample;
pub(crate) use predict::network_prediction;
pub use share::Share;
