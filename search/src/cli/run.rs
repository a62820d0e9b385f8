use std::{path::PathBuf, time::Duration};

use clap::Args;
use datasets::images::open_images;
use profiler::record::write_atomic;
use serde::Serialize;

use super::config::SearchConfig;
use super::output::{self, percent, table};
use super::progress::Bar;
use super::settings::{given, search_settings};
use crate::error::SearchError;
use crate::folder::RunFolder;
use crate::run::{Outcome, SearchSettings, search};

/// Searches a space for the network of the target latency.
///
/// Trains the weights of a supernet one sampled path at a time and, on held-out images, learns which candidate of each
/// block is worth its latency. The result is the best found within the target, and never above it. A stopped run
/// resumes when the same command is given again, and ends as if it had not been stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds config.toml and settings.json, log.jsonl (losses, E[latency], probabilities), \
                  checkpoint.safetensors and, when the search is done, architecture.json.\n\nExample:\n  search run \
                  --space proxylessnas-small --model run/model.json --data images --target-ms 0.4 -o run/search"
)]
pub(super) struct Run {
    #[command(flatten)]
    config: SearchConfig,
    /// File with what is not given here, as `search config` prints it (.toml or .json).
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Folder of the run.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Seconds between checkpoints.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    checkpoint_every: u64,
    /// A JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Result {
    network: String,
    choices: Vec<String>,
    macs: u64,
    parameters: u64,
    target_ms: f64,
    expected_ms: f64,
    predicted_ms: f64,
    limit_ms: f64,
    most_probable_ms: f64,
    relative_entropy: f64,
    held_out_accuracy: f64,
    emulated: bool,
}

impl Run {
    pub(super) fn execute(mut self) -> anyhow::Result<String> {
        let config = std::mem::take(&mut self.config).effective(self.file.as_deref())?;
        let settings = search_settings(&config)?;
        let images = open_images(&given(config.data.as_ref(), "--data")?, settings.space.resolve()?.input())?;
        let mut bar = Bar::new()?;
        let folder = RunFolder::new(&self.output);
        let every = Duration::from_secs(self.checkpoint_every);
        let text = config.to_toml()?;
        let outcome = search(&settings, &images, &folder, every, &mut bar);
        bar.finish();
        // A command that is refused changes nothing.
        let refused = outcome.as_ref().is_err_and(SearchError::is_input);
        if folder.settings().exists() && !refused {
            write_atomic(&folder.config(), |writer| writer.write_all(text.as_bytes()))?;
        }
        self.show(&settings, &outcome?)
    }

    fn show(&self, settings: &SearchSettings, outcome: &Outcome) -> anyhow::Result<String> {
        let network = &outcome.network;
        let choices = network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default();
        if self.json {
            return output::json(&Result {
                network: network.key(),
                choices,
                macs: network.macs().0,
                parameters: network.parameters(),
                target_ms: settings.target_ms,
                expected_ms: outcome.expected_ms,
                predicted_ms: outcome.path_ms,
                limit_ms: outcome.limit_ms,
                most_probable_ms: outcome.most_probable_ms,
                relative_entropy: outcome.relative_entropy,
                held_out_accuracy: outcome.held_out_accuracy,
                emulated: settings.emulated,
            });
        }
        let mut lines = table(["", ""]);
        let off =
            |ms: f64| format!("{ms:.4} ms ({:+.1} % of the target)", 100.0 * (ms / settings.target_ms - 1.0));
        let rows = [
            ("network", choices.join(" ")),
            ("target", format!("{:.4} ms", settings.target_ms)),
            ("E[latency]", off(outcome.expected_ms)),
            ("predicted latency", off(outcome.path_ms)),
            ("most probable path", off(outcome.most_probable_ms)),
            ("work", format!("{}, {} parameters", network.macs(), network.parameters())),
            ("decided", percent(1.0 - outcome.relative_entropy)),
            ("held-out accuracy", format!("{} with shared weights", percent(outcome.held_out_accuracy))),
        ];
        for (name, value) in rows {
            lines.add_row([name.to_owned(), value]);
        }
        Ok(lines.to_string())
    }
}
