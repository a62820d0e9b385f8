//! `search train`: train one network.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use datasets::images::open_images;

use super::{
    network::NetworkArgs,
    output::{self, percent},
    preset::Preset,
    progress::Bar,
    recipe::RecipeArgs,
};
use crate::{
    RunFolder,
    train::{TrainSettings, train},
};

/// Trains a network from scratch on all training images and tests it once at the end.
///
/// The recipe is the same for every network, searched or not. A stopped training goes on where it was when the same
/// command is given again, and ends as if it had not been stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds settings.json, checkpoint.safetensors and, when the training is done, \
                  weights.safetensors, architecture.json and metrics.json.\n\nExample:\n  search train \
                  run/search/architecture.json --data images -o run/searched"
)]
pub(super) struct Train {
    #[command(flatten)]
    network: NetworkArgs,
    /// Folder of the images: MNIST-style, CIFAR-10, or photos in train/CLASS and val/CLASS.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder of the training.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// How long to take.
    #[arg(long, value_enum, default_value = "quick")]
    preset: Preset,
    /// Times that every image is shown [default: by preset].
    #[arg(long)]
    epochs: Option<u64>,
    /// Keep this many training images out and test on these; the test images are then not looked at. For choosing
    /// settings: such a training has no place in a report.
    #[arg(long, value_name = "IMAGES", default_value_t = 0)]
    hold_out: usize,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Seconds between checkpoints.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    checkpoint_every: u64,
    /// A JSON object instead of a sentence.
    #[arg(long)]
    json: bool,
}

impl Train {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let network = self.network.read()?;
        // What is quickly said comes before what takes a while.
        self.recipe.device.open()?;
        let images = open_images(&self.data, network.graph().input())?;
        let settings = TrainSettings {
            network: network.key(),
            seed: self.recipe.seed,
            threads: self.recipe.step.threads(),
            device: self.recipe.device,
            held_out: self.hold_out,
            epochs: self.epochs.unwrap_or_else(|| self.preset.epochs()),
            batch: self.recipe.step.batch,
            augmentation: self.recipe.augmentation(self.preset),
            weights: self.recipe.weights(),
        };
        let mut bar = Bar::new()?;
        let (folder, every) = (RunFolder::new(&self.output), Duration::from_secs(self.checkpoint_every));
        let metrics = train(&network, &settings, &images, &folder, every, &mut bar);
        bar.finish();
        let metrics = metrics?;
        if self.json {
            return output::json(&metrics);
        }
        let (right, images) = match (metrics.test_accuracy, metrics.held_out_accuracy) {
            (Some(right), _) => (percent(right), "test"),
            (None, right) => (right.map_or_else(|| "unknown".to_owned(), percent), "held-out"),
        };
        let (name, key, count) = (network.name(), network.key(), metrics.tested_images);
        let (epochs, loss) = (settings.epochs, metrics.train_loss);
        Ok(format!(
            "{name} ({key}): {right} of {count} {images} images right after {epochs} epochs, training loss {loss:.3}"
        ))
    }
}
