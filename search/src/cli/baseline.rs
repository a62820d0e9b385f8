use std::path::PathBuf;

use clap::Args;
use profiler::record::write_architecture;

use super::space::SpaceArgs;

/// Writes a MobileNetV2-style network of a space: the same expansion and kernel in every block.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search baseline --space proxylessnas-small --width 0.75 -o run/baseline-0.75.json"
)]
pub(super) struct Baseline {
    #[command(flatten)]
    space: SpaceArgs,
    /// Expansion of every block (the closest one that the space has).
    #[arg(long, value_name = "RATIO", default_value_t = 6)]
    expansion: u32,
    /// Kernel side of every block (the closest one that the space has).
    #[arg(long, value_name = "PIXELS", default_value_t = 3)]
    kernel: u32,
    /// Architecture file to write.
    #[arg(short, long, value_name = "FILE.json")]
    output: PathBuf,
}

impl Baseline {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let mut network = self.space.read()?.resolve()?.uniform(self.expansion, self.kernel)?;
        let mut name = network.name().to_owned();
        if self.space.width != 1.0 {
            name += &format!("-{}", self.space.width);
        }
        if let Some(resolution) = self.space.resolution {
            name += &format!("-{resolution}px");
        }
        if (self.expansion, self.kernel) != (6, 3) {
            name += &format!("-e{}k{}", self.expansion, self.kernel);
        }
        network = network.renamed(&name);
        write_architecture(&self.output, &network)?;
        let (path, key, macs) = (self.output.display(), network.key(), network.macs());
        Ok(format!("{path}: {name} ({key}), {macs}, {} parameters", network.parameters()))
    }
}
