//! `search baseline`: the MobileNetV2-style network of a space.

use std::path::PathBuf;

use clap::Args;
use profiler::record::write_architecture;

use super::space::read_space;

/// Writes the MobileNetV2-style network of a space: expansion 6 and kernel 3 in every block.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search baseline --space proxylessnas-small --width 0.75 -o run/baseline-0.75.json"
)]
pub(super) struct Baseline {
    /// Search space: proxylessnas-mobile, proxylessnas-small, or a .toml file.
    #[arg(long, value_name = "NAME|FILE")]
    space: String,
    /// Multiply all channel counts (rounded to multiples of 8).
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    width: f64,
    /// Architecture file to write.
    #[arg(short, long, value_name = "FILE.json")]
    output: PathBuf,
}

impl Baseline {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let mut network = read_space(&self.space, self.width)?.resolve()?.baseline()?;
        if self.width != 1.0 {
            let name = format!("{}-{}", network.name(), self.width);
            network = network.renamed(&name);
        }
        write_architecture(&self.output, &network)?;
        let (key, name) = (network.key(), network.name());
        Ok(format!(
            "{}: {name} ({key}), {}, {} parameters",
            self.output.display(),
            network.macs(),
            network.parameters()
        ))
    }
}
