use std::path::PathBuf;

use clap::Args;
use profiler::record::{write_architecture, write_document};
use serde::{Deserialize, Serialize};

use super::UsageError;
use super::effort::EffortArgs;
use super::finished_run::FinishedRun;
use super::output::{self, percent, table};
use crate::front::FrontPoint;

/// Finds networks for many targets with the weights of one finished search, without training.
///
/// Paths within each target evolve by their accuracy on held-out images with the shared weights. A stopped command
/// resumes when it is given again: paths that were scored are not scored again. A search by `--strategy
/// evolution` or `random` trains all paths alike, which suits a front better than one that has decided.
#[derive(Debug, Args)]
#[command(
    after_help = "RUN/front then holds front.json, scores.jsonl and an architecture file per target.\n\n\
                        Example:\n  search front run/search --targets 0.2,0.3,0.4,0.5"
)]
pub(super) struct Front {
    /// Folder of a finished search.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Latencies that the networks may have, in milliseconds.
    #[arg(long, value_name = "MS,MS,...", value_delimiter = ',', required = true)]
    targets: Vec<f64>,
    /// Largest probability of being slower than the target [default: as in the search].
    #[arg(long, value_name = "PROBABILITY")]
    risk: Option<f64>,
    #[command(flatten)]
    effort: EffortArgs,
    /// Folder of the images [default: as in the search].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize, Deserialize)]
struct FrontFile {
    /// Whether the latencies are of emulated figures, which are no timings.
    #[serde(default)]
    emulated: bool,
    networks: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    target_ms: f64,
    limit_ms: f64,
    predicted_ms: f64,
    held_out_accuracy: f64,
    network: String,
    choices: Vec<String>,
    macs: u64,
    file: String,
}

impl Front {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        if let Some(wrong) = self.targets.iter().find(|ms| !(ms.is_finite() && **ms > 0.0)) {
            return Err(UsageError(format!("--targets {wrong}: expected above 0")).into());
        }
        self.effort.check()?;
        let mut run = FinishedRun::read(&self.run)?.with_risk(self.risk)?;
        let held_out = run.held_out(self.data.clone())?;
        let points = self.effort.points(&mut run, &held_out, &self.targets)?;
        self.show(&run, &points)
    }

    fn show(&self, run: &FinishedRun, points: &[FrontPoint]) -> anyhow::Result<String> {
        let space = run.settings.space.resolve()?;
        let mut networks = Vec::new();
        for point in points {
            let network = space.network(&format!("front-{}ms", point.target_ms), &point.path)?;
            let file = format!("target-{}ms.json", point.target_ms);
            write_architecture(&run.folder.front().join(&file), &network)?;
            networks.push(Entry {
                target_ms: point.target_ms,
                limit_ms: point.limit_ms,
                predicted_ms: point.predicted_ms,
                held_out_accuracy: point.held_out_accuracy,
                network: network.key(),
                choices: network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default(),
                macs: network.macs().0,
                file,
            });
        }
        let front = FrontFile { emulated: run.settings.emulated, networks };
        write_document(&run.folder.front().join("front.json"), "tailor-front", 1, &front)?;
        if self.json {
            return output::json(&front);
        }
        let mut lines =
            table(["target ms", "predicted ms", "of the target", "held-out", "M MACs", "network"]);
        for entry in &front.networks {
            lines.add_row([
                format!("{}", entry.target_ms),
                format!("{:.4}", entry.predicted_ms),
                format!("{:+.1} %", 100.0 * (entry.predicted_ms / entry.target_ms - 1.0)),
                percent(entry.held_out_accuracy),
                format!("{:.2}", entry.macs as f64 / 1e6),
                entry.choices.join(" "),
            ]);
        }
        Ok(lines.to_string())
    }
}
