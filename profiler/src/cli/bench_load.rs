//! `profiler bench-load`: the load that `profiler bench` puts on the machine.

use std::process::ExitCode;

use clap::Args;

use super::UsageError;
use crate::bench::{Pattern, keep_busy};

/// Keeps processors busy in bursts, until standard input is closed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sleep 10 | profiler bench-load --cpus 0,1")]
pub(super) struct BenchLoad {
    /// Processors, one thread each.
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
    cpus: Vec<usize>,
    /// Spin for this share of the time, in stretches of 0.2 to 5 s, instead of bursts: above 0 and at most 1.
    #[arg(long, value_name = "SHARE")]
    share: Option<f64>,
    /// Random seed of the bursts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl BenchLoad {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        if let Some(share) = self.share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
            return Err(UsageError(format!("--share {share}: expected above 0 and at most 1")).into());
        }
        let pattern = self.share.map_or(Pattern::Bursts, Pattern::Stretches);
        keep_busy(&self.cpus, self.seed, pattern, std::io::stdin().lock())?;
        Ok(ExitCode::SUCCESS)
    }
}
