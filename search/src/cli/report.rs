use std::path::PathBuf;

use clap::Args;
use predictor::{Emulation, LatencyModel};
use profiler::record::Status;

use super::output::{self, percent, table};
use crate::folder::RunFolder;
use crate::report::{self, Normalization};

/// Compares predicted and measured latencies of trained networks.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  search report --model run/model.json --measured run/verify.csv run/searched run/baseline"
)]
pub(super) struct Report {
    /// Latency model of the device, from `predictor fit`.
    #[arg(long, value_name = "MODEL.json")]
    model: PathBuf,
    /// Table with the networks' measurements, from `profiler run --onnx`.
    #[arg(long, value_name = "TABLE.csv")]
    measured: PathBuf,
    /// Folders of finished trainings.
    #[arg(value_name = "DIR", required = true)]
    trainings: Vec<PathBuf>,
    #[command(flatten)]
    how: ReportArgs,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ReportArgs {
    /// Divide measured latencies by how much slower the machine was than when the model's table was measured, as the session's anchors
    /// say.
    #[arg(long)]
    normalize: bool,
    /// Take emulated figures, which are no timings.
    #[arg(long)]
    allow_emulated: bool,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl ReportArgs {
    pub(super) fn emulation(self) -> Emulation {
        if self.allow_emulated { Emulation::Allow } else { Emulation::Refuse }
    }

    pub(super) fn normalization(self) -> Normalization {
        if self.normalize { Normalization::ByAnchors } else { Normalization::AsMeasured }
    }

    pub(super) fn print(self, report: &report::Report) -> anyhow::Result<String> {
        if self.json { output::json(report) } else { Ok(show(report)) }
    }
}

impl Report {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let model = LatencyModel::read(&self.model)?;
        let folders: Vec<_> = self.trainings.iter().map(|path| RunFolder::new(path)).collect();
        let (emulation, normalization) = (self.how.emulation(), self.how.normalization());
        self.how.print(&report::Report::new(&model, &self.measured, &folders, emulation, normalization)?)
    }
}

fn show(report: &report::Report) -> String {
    let measured = if report.emulated { "emulated ms (no timing)" } else { "measured ms (95 % interval)" };
    let mut lines = table([
        "network",
        "test accuracy",
        "M MACs",
        "k parameters",
        "predicted ms (90 % interval)",
        measured,
        "interval",
        "error",
    ]);
    for row in &report.networks {
        let range = |ms: f64, [low, high]: [f64; 2]| format!("{ms:.4} ({low:.4} to {high:.4})");
        lines.add_row([
            row.name.clone(),
            percent(row.test_accuracy),
            format!("{:.2}", row.macs as f64 / 1e6),
            format!("{:.1}", row.parameters as f64 / 1e3),
            range(row.predicted_ms, row.predicted_interval_ms),
            range(row.measured_ms, row.measured_interval_ms),
            if row.inside_interval { "inside" } else { "outside" }.to_owned(),
            format!("{:+.1} %", 100.0 * row.relative_error),
        ]);
    }
    let controls = report.controls.as_ref().map_or_else(String::new, |controls| {
        format!(
            "\n{} random networks in the same session: mean error {:.1} %, {} within ±10 %, measured/predicted {:.3}",
            controls.networks,
            100.0 * controls.mape,
            percent(controls.within_10),
            controls.median_ratio
        )
    });
    let doubtful: Vec<String> = report
        .networks
        .iter()
        .filter_map(|row| Some(format!("\n{}: its measurement is {}", row.name, doubt(row.status)?)))
        .collect();
    let divided = if report.divided_by == 1.0 {
        String::new()
    } else {
        format!("\nmeasured latencies are divided by {:.4}", report.divided_by)
    };
    let machine = &report.machine_words;
    format!(
        "{lines}\n{}, {}{controls}{}\n{machine}{divided}",
        report.device,
        report.runtime,
        doubtful.concat()
    )
}

/// Why a measurement is not to be trusted, if it is not.
fn doubt(status: Status) -> Option<&'static str> {
    match status {
        Status::Ok | Status::Wide => None,
        Status::Preempted => Some("of pre-empted runs: the machine was too busy"),
        Status::Scaled => Some("scaled from another speed of the machine: it may be 10 % off; measure again"),
        Status::Slow => Some("of a machine slower than it is known to be: measure again when less runs"),
        Status::Contended => Some("of a time when others used the same cores: measure again when less runs"),
    }
}
