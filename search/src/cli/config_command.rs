use std::path::PathBuf;

use clap::Args;

use super::{config::SearchConfig, output};

/// Prints the settings that a search would use: flags, else the file, else the preset.
#[derive(Debug, Args)]
#[command(
    after_help = "The result is a file for --config.\n\nExample:\n  search config --preset thorough --strategy \
                  evolution > search.toml\n  search run --config search.toml --space proxylessnas-small --model \
                  run/model.json --data images --target-ms 0.4 -o run/search"
)]
pub(super) struct Config {
    #[command(flatten)]
    config: SearchConfig,
    /// File with what is not given here (.toml or .json).
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// A JSON object instead of TOML.
    #[arg(long)]
    json: bool,
}

impl Config {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let config = self.config.effective(self.file.as_deref())?;
        if self.json { output::json(&config) } else { Ok(config.to_toml()?.trim_end().to_owned()) }
    }
}
