use std::path::PathBuf;

use clap::Args;
use predictor::LatencyModel;

use super::{UsageError, progress::Bar, report::ReportArgs};
use crate::folder::RunFolder;
use crate::programs::Programs;
use crate::verify::{VerifyOptions, verify};

/// Measures trained networks with the profiler on this machine and compares predicted with measured.
///
/// Exports them first; the runtime, threads and processors are those of the model. A stopped measurement resumes when the
/// same command is given again.
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
    #[command(flatten)]
    how: ReportArgs,
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
        let (emulation, normalization) = (self.how.emulation(), self.how.normalization());
        let (space, networks, budget_s) = (self.space, self.networks, self.budget_s);
        let options = VerifyOptions { space, networks, budget_s, emulation, normalization };
        let (programs, bar) = (Programs::beside_this_one()?, Bar::new()?);
        self.how.print(&verify(&model, &self.model, &folders, &self.output, &options, &programs, &bar)?)
    }
}
