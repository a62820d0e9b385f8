//! What of this machine would spoil measurements, and what to do about it.
//!
//! [`Facts`] are gathered once, the noise floor with them; each check turns them into a [`Finding`]. A check is a
//! function of the facts in `cores.rs`, `company.rs` or `floor.rs`, and a line in [`examine`].

mod company;
mod cores;
mod facts;
mod finding;
mod floor;
mod noise;

pub use facts::{Facts, FactsError, gather};
pub use finding::{Finding, State};
pub use noise::{Noise, measure_noise};

/// Every check's finding.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    const CHECKS: [fn(&Facts) -> Finding; 20] = [
        floor::speeds,
        floor::corrected,
        floor::raw,
        floor::preempted,
        floor::stall,
        floor::clock,
        cores::governor,
        cores::turbo,
        cores::kinds,
        cores::siblings,
        cores::offline,
        cores::heat,
        company::load,
        company::siblings_load,
        company::load_elsewhere,
        company::stolen,
        company::virtual_machine,
        company::quota,
        company::affinity,
        company::memory,
    ];
    CHECKS.iter().map(|check| check(facts)).collect()
}

#[cfg(test)]
mod tests;
