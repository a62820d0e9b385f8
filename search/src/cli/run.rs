//! `search run`: search a space.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use datasets::images::open_images;
use predictor::LatencyModel;
use serde::Serialize;

use super::{
    UsageError,
    output::{self, percent, table},
    preset::Preset,
    progress::Bar,
    recipe::RecipeArgs,
    space::SpaceArgs,
};
use crate::{
    RunFolder,
    latency::LatencyTable,
    objective::LatencyLoss,
    run::{Outcome, SearchSettings, search},
};

/// Searches a space for the network of the target latency.
///
/// Trains the weights of a supernet one sampled path at a time and, on held-out images, learns which candidate of each
/// block is worth its latency. The result is the most probable path within
/// the target. A stopped run goes on where it was when the same
/// command is given again, and ends as if it had not been stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds settings.json, log.jsonl (losses, E[latency], probabilities), \
                  checkpoint.safetensors and, when the search is done, architecture.json.\n\nExample:\n  search run \
                  --space proxylessnas-small --model run/model.json --data images --target-ms 0.4 -o run/search"
)]
pub(super) struct Run {
    #[command(flatten)]
    space: SpaceArgs,
    /// Latency model of the device, from `predictor fit`.
    #[arg(long, value_name = "MODEL.json")]
    model: PathBuf,
    /// Folder of the images: MNIST-style, CIFAR-10, or photos in train/CLASS and val/CLASS.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Latency to aim at, in milliseconds.
    #[arg(long, value_name = "MS", required_unless_present = "target_of_baseline")]
    target_ms: Option<f64>,
    /// Latency to aim at, as a fraction of that predicted for the space's MobileNetV2-style network.
    #[arg(long, value_name = "FRACTION", conflicts_with = "target_ms")]
    target_of_baseline: Option<f64>,
    /// Folder of the run.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How long to take.
    #[arg(long, value_enum, default_value = "quick")]
    preset: Preset,
    /// How latency enters the loss.
    #[arg(long, value_enum, default_value = "target")]
    latency_loss: LatencyLoss,
    /// Training images held out for the architecture parameters.
    #[arg(long, value_name = "IMAGES", default_value_t = 10_000)]
    held_out: usize,
    /// Weight steps on random paths before the search [default: by preset].
    #[arg(long, value_name = "STEPS")]
    warm_up_steps: Option<u64>,
    /// Weight steps of the search [default: by preset].
    #[arg(long, value_name = "STEPS")]
    steps: Option<u64>,
    /// Weight steps per architecture step [default: by preset].
    #[arg(long, value_name = "STEPS")]
    alpha_every: Option<u64>,
    /// Learning rate of the architecture parameters [default: by preset].
    #[arg(long, value_name = "RATE")]
    alpha_learning_rate: Option<f64>,
    /// How strongly the search is made to decide towards its end [default: by preset].
    #[arg(long, value_name = "STRENGTH")]
    sharpness: Option<f64>,
    #[command(flatten)]
    recipe: RecipeArgs,
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
    most_probable_ms: f64,
    relative_entropy: f64,
    held_out_accuracy: f64,
}

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let settings = self.settings()?;
        let images = open_images(&self.data, settings.space.resolve()?.input())?;
        let mut bar = Bar::new()?;
        let every = Duration::from_secs(self.checkpoint_every);
        let outcome = search(&settings, &images, &RunFolder::new(&self.output), every, &mut bar);
        bar.finish();
        self.show(&settings, &outcome?)
    }

    fn settings(&self) -> anyhow::Result<SearchSettings> {
        let file = self.space.read()?;
        let space = file.resolve()?;
        let model = LatencyModel::read(&self.model)?;
        if model.conditions().runtime.emulated {
            eprintln!("note: {} is fitted to emulated figures, which are no timings", self.model.display());
        }
        let length = self.preset.search();
        Ok(SearchSettings {
            latency: LatencyTable::new(&space, &model.additive())?,
            target_ms: match (self.target_ms, self.target_of_baseline) {
                (Some(ms), _) => ms,
                (None, Some(fraction)) if fraction > 0.0 => {
                    fraction * model.predict_architecture(&space.baseline()?)?.latency.ms()
                }
                (None, fraction) => {
                    let fraction = fraction.unwrap_or_default();
                    return Err(
                        UsageError(format!("--target-of-baseline {fraction}: expected above 0")).into()
                    );
                }
            },
            space: file,
            latency_loss: self.latency_loss,
            seed: self.recipe.seed,
            threads: self.recipe.threads(),
            device: self.recipe.device,
            batch: self.recipe.batch,
            held_out: self.held_out,
            augmentation: self.recipe.augmentation(self.preset),
            weights: self.recipe.weights(),
            warm_up_steps: self.warm_up_steps.unwrap_or(length.warm_up_steps),
            search_steps: self.steps.unwrap_or(length.search_steps),
            weight_steps_per_alpha_step: self.alpha_every.unwrap_or(length.weight_steps_per_alpha_step),
            alpha_learning_rate: self.alpha_learning_rate.unwrap_or(length.alpha_learning_rate),
            sharpness: self.sharpness.unwrap_or(length.sharpness),
            log_every: 10,
        })
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
                most_probable_ms: outcome.most_probable_ms,
                relative_entropy: outcome.relative_entropy,
                held_out_accuracy: outcome.held_out_accuracy,
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
