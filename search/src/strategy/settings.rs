use std::fmt::Debug;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{error::SearchError, settings::check_count};

/// How long to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Minutes: shows the whole pipeline.
    Quick,
    /// About an hour for everything: results to rely on.
    Thorough,
}

/// How networks are compared when all weights are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) steps: u64,
    pub(crate) images: usize,
}

/// Settings of a strategy. Each field is an option of its name; several strategies may have the same one.
pub(crate) trait Settings: Args + Copy + Debug + PartialEq + Serialize + DeserializeOwned {
    /// What one of its steps of learning costs, in those that presets' weight steps per such step are made for.
    const COST: u64 = 1;

    fn preset(preset: Preset) -> Self;

    fn check(&self) -> Result<(), SearchError>;

    /// How networks are compared, if it learns about architectures when all weights are trained and not in turn with them.
    fn after_training(&self) -> Option<Comparison> {
        None
    }
}

/// Between two of its steps a search can be stopped.
const MOST_PER_STEP: usize = 1000;

/// Checks how many networks are looked at per step.
pub(super) fn check_networks_per_step(networks: usize) -> Result<(), SearchError> {
    let name = "networks per step";
    check_count(name, networks as u64, 1)?;
    if networks > MOST_PER_STEP {
        return Err(SearchError::Setting { name, value: networks.to_string(), expected: "at most 1000" });
    }
    Ok(())
}
