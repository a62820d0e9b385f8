use std::path::{Path, PathBuf};

use clap::Args;
use profiler::{record::read_architecture, spec::Architecture};

use crate::proxyless::read_config;

#[derive(Clone, Debug, Args)]
pub(super) struct NetworkArgs {
    /// The network: an architecture file, or a .config file of ProxylessNAS.
    #[arg(value_name = "ARCHITECTURE.json|FILE.config")]
    network: PathBuf,
    /// Side of the images that a .config file's network takes, which the file does not say.
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    config_resolution: u32,
}

impl NetworkArgs {
    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.network
    }

    pub(super) fn read(&self) -> anyhow::Result<Architecture> {
        if is_config(&self.network) {
            return Ok(read_config(&self.network, self.config_resolution)?);
        }
        Ok(read_architecture(&self.network)?)
    }
}

pub(super) fn is_config(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "config")
}
