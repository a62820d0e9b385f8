//! Which search space: a built-in one or a file, scaled.

use std::path::Path;

use clap::Args;

use super::UsageError;
use crate::record::read_text;
use crate::spec::{SearchSpace, SpaceFile, SpecError};

/// Arguments that name a search space.
#[derive(Clone, Debug, Args)]
pub(super) struct SpaceArgs {
    /// Search space: proxylessnas-mobile, proxylessnas-small, proxylessnas-wide,
    /// proxylessnas-fine, or a .toml file.
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) space: Option<String>,
    /// Multiply all channel counts (rounded to multiples of 8).
    #[arg(long, value_name = "FACTOR", requires = "space")]
    width: Option<f64>,
    /// Side of the input images in pixels, if not the space's own.
    #[arg(long, value_name = "PIXELS", requires = "space")]
    resolution: Option<u32>,
}

impl SpaceArgs {
    /// The words that name it on a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let width = self.width.map(|width| ["--width".to_owned(), width.to_string()]);
        let resolution = self.resolution.map(|pixels| ["--resolution".to_owned(), pixels.to_string()]);
        let space = self.space.clone().map(|space| ["--space".to_owned(), space]);
        space.into_iter().chain(width).chain(resolution).flatten().collect()
    }

    /// The space, if one is named.
    pub(super) fn resolve(&self) -> anyhow::Result<Option<SearchSpace>> {
        let Some(name) = &self.space else { return Ok(None) };
        let mut file = read_space(name)?;
        if let Some(width) = self.width {
            if !(0.05..=20.0).contains(&width) {
                return Err(UsageError(format!("--width {width}: expected 0.05 to 20")).into());
            }
            file = file.with_width(width);
        }
        if let Some(resolution) = self.resolution {
            file = file.with_resolution(resolution);
        }
        Ok(Some(file.resolve()?))
    }
}

fn read_space(name: &str) -> anyhow::Result<SpaceFile> {
    match SpaceFile::built_in(name) {
        Err(SpecError::UnknownSpace(_)) if name.ends_with(".toml") => {
            let text = read_text(Path::new(name))?;
            SpaceFile::parse(&text).map_err(|e| anyhow::Error::new(e).context(name.to_owned()))
        }
        other => Ok(other?),
    }
}
