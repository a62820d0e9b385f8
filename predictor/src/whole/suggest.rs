//! Which networks to measure on a new device.

use super::model::Columns;
use super::shares::{Tier, unknown};
use super::{WholeModel, WholeNetwork};
use crate::error::FitError;
use crate::learn::{Choice, choose};

/// Relative noise of a measurement that is reckoned with, what columns miss of a network counted in.
const NOISE: f64 = 0.1;

/// A network worth measuring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WholeSuggestion {
    /// Its place in the pool.
    pub index: usize,
    /// Share of what is not known of all networks, as variance, that is left once it and those before it are measured.
    pub left: f64,
    /// Its latency by the mean of the known devices, where the mean over networks is 1.
    pub relative_latency: f64,
}

/// Chooses `count` networks of `pool` one by one, each the one that leaves least unknown of all of them for what it costs:
/// `fixed_cost` and its own latency, both in mean latencies of a network.
///
/// # Errors
/// [`FitError`] if no device is known, or devices are of several spaces.
pub fn suggest_networks(
    known: &[&WholeModel],
    pool: &[WholeNetwork],
    count: usize,
    fixed_cost: f64,
) -> Result<Vec<WholeSuggestion>, FitError> {
    let columns = Columns::new(known)?;
    let rows: Vec<Vec<f64>> = pool.iter().map(|network| columns.of(network)).collect();
    let latency = |row: &Vec<f64>| {
        let of_known = row.iter().zip(&columns.tiers).filter(|(_, tier)| **tier == Tier::Known);
        of_known.map(|(value, _)| value).sum::<f64>() / known.len() as f64
    };
    let latencies: Vec<f64> = rows.iter().map(latency).collect();
    let costs: Vec<f64> = latencies.iter().map(|latency| fixed_cost + latency).collect();
    // What networks differ by is what shares decide.
    let mean = |j: usize| rows.iter().map(|row| row[j]).sum::<f64>() / rows.len() as f64;
    let means: Vec<f64> = (0..columns.tiers.len()).map(mean).collect();
    let embed = |row: &Vec<f64>| {
        let columns = row.iter().zip(&means).zip(&columns.tiers);
        columns.map(|((value, mean), tier)| (value - mean) * unknown(*tier)).collect()
    };
    let embedded = rows.iter().map(embed).collect();
    let suggestion =
        |Choice { index, left }| WholeSuggestion { index, left, relative_latency: latencies[index] };
    Ok(choose(embedded, &costs, NOISE, count).into_iter().map(suggestion).collect())
}
