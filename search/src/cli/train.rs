use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use datasets::images::open_images;
use profiler::{record::ReadError, spec::Architecture};
use sha2::{Digest, Sha256};

use super::UsageError;
use super::finished_run::FinishedRun;
use super::network::NetworkArgs;
use super::output::{self, percent};
use super::progress::Bar;
use super::recipe::RecipeArgs;
use crate::folder::RunFolder;
use crate::strategy::Preset;
use crate::train::{Begin, TrainSettings, train};

/// Trains a network from scratch on all training images and tests it once at the end.
///
/// With --from it begins with what a finished search has learned of it (fine-tuning) instead of random weights.
///
/// The recipe is the same for every network, searched or not. A stopped training resumes when the same command
/// is given again, and ends as if it had not been stopped.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds settings.json, checkpoint.safetensors and, when the training is done, \
                  weights.safetensors, architecture.json and metrics.json.\n\nExample:\n  search train \
                  run/search/architecture.json --data images -o run/searched\n  search train \
                  run/search/front/target-0.3ms.json --from run/search --epochs 1 --data images -o run/tuned"
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
    /// Folder of a finished search of which the network is a path: begin with its weights.
    #[arg(long, value_name = "RUN")]
    from: Option<PathBuf>,
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

/// A finished search, and which of its paths a network is.
fn path_of(run: &Path, network: &Architecture) -> anyhow::Result<(FinishedRun, Vec<usize>)> {
    let finished = FinishedRun::read(run)?;
    let space = finished.settings.space.resolve()?;
    let labels = network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default();
    let choices = space.choices(&labels).ok().filter(|choices| {
        space.network(network.name(), choices).is_ok_and(|path| path.ops() == network.ops())
    });
    let choices = choices.ok_or_else(|| {
        let (name, run) = (network.name(), run.display());
        UsageError(format!("--from {run}: `{name}` is no path of its space `{}`", space.name()))
    })?;
    Ok((finished, choices))
}

fn digest(path: &Path) -> Result<String, ReadError> {
    let bytes = std::fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    Ok(Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Train {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let network = self.network.read()?;
        let start = self.from.as_ref().map(|run| path_of(run, &network)).transpose()?;
        // What is quickly said comes before what takes a while.
        self.recipe.device.open()?;
        let images = open_images(&self.data, network.graph().input())?;
        let settings = TrainSettings {
            network: network.key(),
            from: self.from.as_ref().map(|run| digest(&RunFolder::new(run).checkpoint())).transpose()?,
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
        let begin = start
            .as_ref()
            .map_or(Begin::AtRandom, |(run, choices)| Begin::WithPath(&run.state.supernet, choices));
        let metrics = train(&network, begin, &settings, &images, &folder, every, &mut bar);
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
