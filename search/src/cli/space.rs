use clap::Args;
use profiler::spec::SpaceFile;

use super::UsageError;
use crate::named_space::named_space;

#[derive(Clone, Debug, Args)]
pub(super) struct SpaceArgs {
    /// Search space: proxylessnas-mobile, proxylessnas-small, proxylessnas-wide,
    /// proxylessnas-fine, or a .toml file.
    #[arg(long = "space", value_name = "NAME|FILE")]
    pub(super) name: String,
    /// Multiply all channel counts (rounded to multiples of 8).
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub(super) width: f64,
    /// Side of the input images in pixels, if not the space's own.
    #[arg(long, value_name = "PIXELS")]
    pub(super) resolution: Option<u32>,
    /// Classes to distinguish, if not as many as the space says.
    #[arg(long, value_name = "N")]
    pub(super) classes: Option<u32>,
}

impl SpaceArgs {
    /// As arguments for another of our programs.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--space".to_owned(), self.name.clone(), format!("--width={}", self.width)];
        arguments.extend(self.resolution.map(|side| format!("--resolution={side}")));
        arguments.extend(self.classes.map(|classes| format!("--classes={classes}")));
        arguments
    }

    /// The space of this name, or in this `.toml` file, changed as asked.
    pub(super) fn read(&self) -> anyhow::Result<SpaceFile> {
        if !(0.05..=20.0).contains(&self.width) {
            return Err(UsageError(format!("--width {}: expected 0.05 to 20", self.width)).into());
        }
        let mut file = named_space(&self.name)?;
        if self.width != 1.0 {
            file = file.with_width(self.width);
        }
        if let Some(resolution) = self.resolution {
            file = file.with_resolution(resolution);
        }
        if let Some(classes) = self.classes {
            file.classes = classes;
        }
        Ok(file)
    }
}
