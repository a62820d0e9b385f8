//! Everything that is checked, gathered once.

use super::{Noise, measure_noise};
use crate::device::{
    AffinityError, Device, Others, OthersWatch, Place, Sensors, Surroundings, allowed_cpus, pin,
};
use crate::measure::{Instruments, MeasureError};
use crate::sweep::SweepError;
#[cfg(feature = "tract")]
use crate::{backend::Tract, sweep::load_references};

/// What is known of the machine, and for how long it was watched.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What stays.
    pub device: Device,
    /// Limits and contention, at the start.
    pub surroundings: Surroundings,
    /// Cores this process may run on.
    pub allowed: Vec<usize>,
    /// Cores the noise was measured on.
    pub measured_on: Vec<usize>,
    /// What others had of the processor while the noise was measured.
    pub others: Option<Others>,
    /// Pages swapped meanwhile.
    pub swapped_pages: Option<u64>,
    /// The hottest sensor of the case or battery, at the end.
    pub skin_celsius: Option<f64>,
    /// The hottest sensor of the processor, at the end.
    pub soc_celsius: Option<f64>,
    /// What the machine makes of work that is always the same.
    pub noise: Noise,
}

/// By small models of tract, which feel what ops feel; without it by the reference block.
fn noise(watch_ns: u64) -> Result<Noise, FactsError> {
    let mut instruments = Instruments::of_this_machine(1);
    #[cfg(feature = "tract")]
    {
        instruments.references = load_references(&Tract, 1)?;
        Ok(measure_noise(&mut load_references(&Tract, 1)?, &mut instruments, watch_ns)?)
    }
    #[cfg(not(feature = "tract"))]
    Ok(measure_noise(&mut [crate::measure::ReferenceBlock::new()], &mut instruments, watch_ns)?)
}

/// Why the machine could not be examined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// The thread could not be pinned.
    #[error(transparent)]
    Affinity(#[from] AffinityError),
    /// A reference could not be loaded.
    #[error(transparent)]
    References(#[from] SweepError),
    /// The noise could not be measured.
    #[error(transparent)]
    Measure(#[from] MeasureError),
}

/// Pins this thread as a measurement would, to `cpus` or the strongest core, and watches for about `watch_ns`.
///
/// # Errors
/// [`FactsError`] if the cores cannot be had or the noise cannot be measured.
pub fn gather(cpus: Option<&str>, watch_ns: u64) -> Result<Facts, FactsError> {
    let allowed = allowed_cpus()?.into_iter().collect();
    let measured_on = pin(cpus, 1)?;
    let surroundings = Surroundings::of_this_machine();
    let mut others = OthersWatch::of_this_machine();
    others.read();
    let noise = noise(watch_ns)?;
    let others = others.read();
    let after = Surroundings::of_this_machine();
    let sensors = Sensors::of_this_machine();
    Ok(Facts {
        device: Device::of_this_machine(),
        allowed,
        measured_on,
        others,
        swapped_pages: after.swapped_pages.zip(surroundings.swapped_pages).map(|(a, b)| a.saturating_sub(b)),
        skin_celsius: sensors.hottest_celsius(Place::Skin),
        soc_celsius: sensors.hottest_celsius(Place::Soc),
        surroundings,
        noise,
    })
}
