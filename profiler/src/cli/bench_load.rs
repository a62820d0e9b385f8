//! `profiler bench-load`: the load that `profiler bench` puts on the machine.

use std::process::ExitCode;

use clap::Args;

use crate::bench::keep_busy;

/// Keeps processors busy in bursts, until standard input is closed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sleep 10 | profiler bench-load --cpus 0,1")]
pub(super) struct BenchLoad {
    /// Processors, one thread each.
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true)]
    cpus: Vec<usize>,
    /// Seed of the bursts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl BenchLoad {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        keep_busy(&self.cpus, self.seed, std::io::stdin().lock())?;
        Ok(ExitCode::SUCCESS)
    }
}
