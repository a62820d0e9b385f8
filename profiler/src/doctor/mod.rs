//! What of this machine would spoil measurements, and what to do about it.
//!
//! [`Facts`] are gathered once, the noise floor with them; each check turns them into a [`Finding`]. A check is a
//! function of the facts and a line in `checks.rs`.

mod checks;
mod facts;
mod finding;
mod noise;

pub use checks::examine;
pub use facts::{Facts, FactsError, gather};
pub use finding::{Finding, State};
pub use noise::{Noise, measure_noise};

#[cfg(test)]
mod tests;
