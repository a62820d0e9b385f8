//! `search verify`: measure trained networks.

use std::path::PathBuf;

use clap::Args;
use predictor::{Emulation, LatencyModel};

use super::{
    UsageError, output,
    progress::Bar,
    report::{normalization, show},
};
use crate::{
    folder::RunFolder,
    programs::Programs,
    verify::{VerifyOptions, verify},
};

/// Measures trained networks with the profiler on this machine and compares predicted with measured.
///
/// Exports them first; the runtime, threads and processors are those of the model. A stopped measurement goes on where
/// it was when the same command is given again.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  search verify run/searched run/baseline --model run/model.json --space \
                  proxylessnas-small -o run/verify.csv")]
pub(super) struct Verify {
    /// Folders of finished trainings.
    #[arg(value_name = "DIR", required = true)]
    trainings: Vec<PathBuf>,
    /// Latency model of this machine, from `predictor fit`.
    #[arg(long, value_name = "MODEL.json")]
    model: PathBuf,
    /// Measurement table to write; a finished one is not measured again.
    #[arg(short, long, value_name = "TABLE.csv")]
    output: PathBuf,
    /// Measure random networks of this space in the same session, to read the errors against.
    #[arg(long, value_name = "NAME|FILE")]
    space: Option<String>,
    /// How many random networks.
    #[arg(long, value_name = "N", default_value_t = 20)]
    networks: usize,
    /// Seconds that measuring may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    budget_s: u64,
    /// Divide measured latencies by how much slower the machine is than when the model's table was measured, as its anchors say.
    #[arg(long)]
    normalize: bool,
    /// Take emulated figures, which are no timings.
    #[arg(long)]
    allow_emulated: bool,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        if self.output.extension().is_none_or(|extension| extension != "csv") {
            return Err(
                UsageError(format!("--output {}: expected a .csv file", self.output.display())).into()
            );
        }
        let model = LatencyModel::read(&self.model)?;
        let folders: Vec<_> = self.trainings.iter().map(|path| RunFolder::new(path)).collect();
        let emulation = if self.allow_emulated { Emulation::Allow } else { Emulation::Refuse };
        let normalization = normalization(self.normalize);
        let (space, networks, budget_s) = (self.space, self.networks, self.budget_s);
        let options = VerifyOptions { space, networks, budget_s, emulation, normalization };
        let (programs, bar) = (Programs::beside_this_one()?, Bar::new()?);
        let report = verify(&model, &self.model, &folders, &self.output, &options, &programs, &bar)?;
        if self.json { output::json(&report) } else { Ok(show(&report)) }
    }
}
