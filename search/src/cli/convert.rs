use std::path::PathBuf;

use clap::Args;
use profiler::record::{check_apart, write_architecture};

use super::network::{NetworkArgs, is_config};
use crate::proxyless::write_config;

/// Turns a .config file of ProxylessNAS into an architecture file, or the other way round.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search convert proxyless_mobile.config -o mobile.json\n  search convert \
                        run/search/architecture.json -o searched.config"
)]
pub(super) struct Convert {
    #[command(flatten)]
    network: NetworkArgs,
    /// File to write; a name that ends in .config makes it one.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Convert {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        check_apart(&self.output, [self.network.path()])?;
        let network = self.network.read()?;
        if is_config(&self.output) {
            write_config(&self.output, &network)?;
        } else {
            write_architecture(&self.output, &network)?;
        }
        let (path, name, key) = (self.output.display(), network.name(), network.key());
        Ok(format!("{path}: {name} ({key}), {}, {} parameters", network.macs(), network.parameters()))
    }
}
