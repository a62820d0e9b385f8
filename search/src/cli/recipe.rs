use clap::Args;

use crate::data::{Augmentation, ComputeDevice, Flip};
use crate::error::SearchError;
use crate::settings::{all_threads, check_count, check_threads};
use crate::sgd::Sgd;
use crate::strategy::Preset;

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct StepArgs {
    /// Images of a step.
    #[arg(long, value_name = "IMAGES", default_value_t = Sgd::BATCH)]
    pub(super) batch: usize,
    /// Threads of libtorch [default: all].
    #[arg(long)]
    threads: Option<usize>,
}

impl StepArgs {
    /// Threads of libtorch.
    pub(super) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(all_threads)
    }

    pub(super) fn check(&self) -> Result<(), SearchError> {
        check_threads(self.threads())?;
        check_count("batch", self.batch as u64, 1)
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct RecipeArgs {
    #[command(flatten)]
    pub(super) step: StepArgs,
    /// Largest learning rate of the weights, reached after a tenth of the steps; a cosine to 0 follows.
    #[arg(long, value_name = "RATE", default_value_t = Sgd::RECIPE.learning_rate)]
    learning_rate: f64,
    /// Weight decay.
    #[arg(long, value_name = "RATE", default_value_t = Sgd::RECIPE.weight_decay)]
    weight_decay: f64,
    /// Share of the target probability that is spread over all classes.
    #[arg(long, value_name = "SHARE", default_value_t = Sgd::RECIPE.label_smoothing)]
    label_smoothing: f64,
    /// Largest random shift of training images, in either direction; they are mirrored at random, too [default: by
    /// preset].
    #[arg(long, value_name = "PIXELS")]
    shift: Option<u32>,
    /// Smallest share of a photo's area that a training image shows; 1 for its middle, always.
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::SMALLEST_AREA)]
    smallest_area: f64,
    /// Where networks are trained: cpu, or cuda:N.
    #[arg(long, default_value = "cpu")]
    pub(super) device: ComputeDevice,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    pub(super) seed: u64,
}

impl RecipeArgs {
    pub(super) fn weights(&self) -> Sgd {
        let Self { learning_rate, weight_decay, label_smoothing, .. } = *self;
        Sgd { learning_rate, weight_decay, label_smoothing, ..Sgd::RECIPE }
    }

    pub(super) fn augmentation(&self, preset: Preset) -> Augmentation {
        let shift = self.shift.unwrap_or_else(|| preset.shift());
        Augmentation { shift, flip: Flip::Horizontal, smallest_area: self.smallest_area }
    }
}
