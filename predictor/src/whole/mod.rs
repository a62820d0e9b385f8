//! Latency of whole networks whose ops were never measured alone, in any space.
//!
//! A network is physical amounts (calls, multiply-accumulates, elements, weights, groups, by kind of layer and by resolution) and the
//! parts that were chosen for it: ops, or candidates of blocks. A known device, with hundreds of networks, has a coefficient
//! for each of both; a new one, with some twenty, is a sum of known devices and of amounts with shares that are not negative.

mod amounts;
mod choices;
mod fbnet;
mod fit;
mod model;
mod model_file;
mod network;
mod shares;
mod suggest;

pub use choices::NoChoices;
pub use fbnet::FbNet;
pub use model::{WholeModel, WholeSample};
pub use model_file::{NetworksFile, OfNetworks, WholeModelFile};
pub use network::{Space, WholeNetwork, space_of, whole_samples};
pub(crate) use shares::{Tier, shares};
pub use suggest::{WholeSuggestion, suggest_networks};

#[cfg(test)]
mod tests;
