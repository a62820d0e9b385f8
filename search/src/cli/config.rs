//! The settings of a search: by flags, by a file, by a preset; flags win over the file, the file over the preset.

use std::path::{Path, PathBuf};

use clap::Args;
use profiler::record::{ReadError, read_text};
use serde::{Deserialize, Serialize};

use super::UsageError;
use crate::data::ComputeDevice;
use crate::objective::LatencyLoss;
use crate::strategy::{GivenSettings, Preset, StrategyKind};

const VERSION: u32 = 1;

/// Settings of a search; what is not given comes from the file or the preset.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SearchConfig {
    #[arg(skip)]
    pub(super) version: Option<u32>,
    /// Search space: proxylessnas-mobile, proxylessnas-small, proxylessnas-wide,
    /// proxylessnas-fine, or a .toml file.
    #[arg(long, value_name = "NAME|FILE")]
    pub(super) space: Option<String>,
    /// Multiply all channel counts (rounded to multiples of 8).
    #[arg(long, value_name = "FACTOR")]
    pub(super) width: Option<f64>,
    /// Side of the input images in pixels, if not the space's own.
    #[arg(long, value_name = "PIXELS")]
    pub(super) resolution: Option<u32>,
    /// Classes to distinguish, if not as many as the space says.
    #[arg(long, value_name = "N")]
    pub(super) classes: Option<u32>,
    /// Latency model of the device, from `predictor fit`.
    #[arg(long, value_name = "MODEL.json")]
    pub(super) model: Option<PathBuf>,
    /// Folder of the images: MNIST-style, CIFAR-10, or photos in train/CLASS and val/CLASS.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Latency that the network may have, in milliseconds.
    #[arg(long, value_name = "MS")]
    pub(super) target_ms: Option<f64>,
    /// That latency as a fraction of what is predicted for the space's MobileNetV2-style network, or for --baseline.
    #[arg(long, value_name = "FRACTION", conflicts_with = "target_ms")]
    pub(super) target_of_baseline: Option<f64>,
    /// Another network for --target-of-baseline, such as `search baseline` writes.
    #[arg(long, value_name = "ARCHITECTURE.json", conflicts_with = "target_ms")]
    pub(super) baseline: Option<PathBuf>,
    /// Largest probability of being slower than the target, from the model's intervals; without it the predicted latency is
    /// at most the target.
    #[arg(long, value_name = "PROBABILITY")]
    pub(super) risk: Option<f64>,
    /// How long to take [default: quick].
    #[arg(long, value_enum)]
    pub(super) preset: Option<Preset>,
    /// How architectures are learned [default: gradient].
    #[arg(long, value_enum)]
    pub(super) strategy: Option<StrategyKind>,
    /// How latency enters the loss [default: target].
    #[arg(long, value_enum)]
    pub(super) latency_loss: Option<LatencyLoss>,
    /// Training images held out for learning architectures.
    #[arg(long, value_name = "IMAGES")]
    pub(super) held_out: Option<usize>,
    /// Weight steps on random paths before the search.
    #[arg(long, value_name = "STEPS")]
    pub(super) warm_up_steps: Option<u64>,
    /// Weight steps of the search.
    #[arg(long, value_name = "STEPS")]
    pub(super) steps: Option<u64>,
    /// Weight steps per architecture step (gradient, reinforce).
    #[arg(long, value_name = "STEPS")]
    pub(super) alpha_every: Option<u64>,
    /// What strategies can be told; it refuses what is no setting at all.
    #[command(flatten)]
    #[serde(flatten)]
    pub(super) learning: GivenSettings,
    /// Images of a step.
    #[arg(long, value_name = "IMAGES")]
    pub(super) batch: Option<usize>,
    /// Largest learning rate of the weights, reached after a tenth of the steps; a cosine to 0 follows.
    #[arg(long, value_name = "RATE")]
    pub(super) learning_rate: Option<f64>,
    /// Weight decay.
    #[arg(long, value_name = "RATE")]
    pub(super) weight_decay: Option<f64>,
    /// Share of the target probability that is spread over all classes.
    #[arg(long, value_name = "SHARE")]
    pub(super) label_smoothing: Option<f64>,
    /// Largest random shift of training images, in either direction; they are mirrored at random, too.
    #[arg(long, value_name = "PIXELS")]
    pub(super) shift: Option<u32>,
    /// Smallest share of a photo's area that a training image shows; 1 for its middle, always.
    #[arg(long, value_name = "SHARE")]
    pub(super) smallest_area: Option<f64>,
    /// Where networks are trained: cpu, or cuda:N.
    #[arg(long)]
    pub(super) device: Option<ComputeDevice>,
    /// Threads of libtorch [default: all].
    #[arg(long)]
    pub(super) threads: Option<usize>,
    /// Random seed.
    #[arg(long)]
    pub(super) seed: Option<u64>,
}

impl SearchConfig {
    /// That of a `.toml` or `.json` file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = read_text(path)?;
        let parsed = if path.extension().is_some_and(|extension| extension == "json") {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| error.to_string())
        };
        let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
        let config: Self = parsed.map_err(content)?;
        match config.version {
            None | Some(VERSION) => Ok(config),
            Some(found) => Err(content(format!("version {found} is not known, expected {VERSION}")).into()),
        }
    }

    /// What holds in the end: this, where it says nothing the file, and the preset where neither does.
    pub(super) fn effective(self, file: Option<&Path>) -> anyhow::Result<Self> {
        let mut file = file.map(Self::read).transpose()?.unwrap_or_default();
        if file.target_ms.is_some() && file.target_of_baseline.is_some() {
            return Err(UsageError("target_ms and target_of_baseline: give one of them".to_owned()).into());
        }
        if self.target_ms.is_some() || self.target_of_baseline.is_some() {
            (file.target_ms, file.target_of_baseline) = (None, None);
        }
        if self.target_ms.is_some() {
            file.baseline = None;
        }
        let given = self.over(&file)?;
        let preset = given.preset.unwrap_or(Preset::Quick);
        let strategy = given.strategy.unwrap_or(StrategyKind::Gradient);
        Ok(Self { version: Some(VERSION), ..given.over(&preset.config(strategy)?)? })
    }

    /// This, and `below` where this says nothing.
    fn over(&self, below: &Self) -> anyhow::Result<Self> {
        // TOML leaves out what is not given, and keeps a NaN for the checks that name it.
        let mut merged = below.to_table()?;
        merged.extend(self.to_table()?);
        Ok(merged.try_into()?)
    }

    fn to_table(&self) -> Result<toml::Table, UsageError> {
        // All that a table of these fields cannot hold.
        let too_large = |_| UsageError(format!("a number is larger than {}, the largest in TOML", i64::MAX));
        toml::Table::try_from(self).map_err(too_large)
    }

    /// As a file that [`SearchConfig::read`] reads.
    pub(super) fn to_toml(&self) -> anyhow::Result<String> {
        Ok(toml::to_string(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_preset() {
        let text = "preset = \"thorough\"\nsteps = 7\nseed = 3\ntarget_of_baseline = 0.5\n";
        let (_folder, path) = written("search.toml", text);
        let flags = SearchConfig { seed: Some(4), target_ms: Some(2.0), ..SearchConfig::default() };
        let found = flags.effective(Some(&path)).unwrap();
        let preset = Preset::Thorough.config(StrategyKind::Gradient).unwrap();
        assert_eq!((found.seed, found.steps, found.warm_up_steps), (Some(4), Some(7), preset.warm_up_steps));
        assert_eq!((found.target_ms, found.target_of_baseline), (Some(2.0), None));
        // What is printed can be given again, as either kind of file.
        let (_folder, toml) = written("again.toml", &found.to_toml().unwrap());
        assert_eq!(SearchConfig::default().effective(Some(&toml)).unwrap(), found);
        let (_folder, json) = written("again.json", &serde_json::to_string(&found).unwrap());
        assert_eq!(SearchConfig::default().effective(Some(&json)).unwrap(), found);
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        let wrong = |text: &str, part: &str| {
            let (_folder, path) = written("search.toml", text);
            let error = SearchConfig::default().effective(Some(&path)).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        wrong("stepz = 3", "stepz");
        wrong("steps = \"many\"", "steps");
        wrong("version = 2", "version 2 is not known");
        wrong("target_ms = 1.0\ntarget_of_baseline = 0.5", "give one of them");
        wrong("strategy = \"luck\"", "luck");
        let large = SearchConfig { seed: Some(u64::MAX), ..SearchConfig::default() };
        assert!(large.effective(None).unwrap_err().to_string().contains("larger than 9223372036854775807"));
        assert!(SearchConfig::default().effective(Some(Path::new("missing.toml"))).is_err());
    }
}
