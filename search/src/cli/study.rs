use std::path::PathBuf;

use clap::Args;

use super::{UsageError, progress::Bar};
use crate::programs::Programs;
use crate::study::{Plan, StudyPreset, study};

/// Compares searched networks with baselines, measured on this machine's runtimes, over several seeds, and checks the goals.
///
/// Measures the space, fits, searches with and without the latency loss, rescales networks that were searched without it
/// to the same target, trains everything alike, and measures every network on every device. Given again it resumes.
#[derive(Debug, Args)]
#[command(
    after_help = "The folder then holds report.md and report.json, and everything they come from; every command that \
                  was given stands in logs/.\n\nExample:\n  search study --data images -o run/study"
)]
pub(super) struct Study {
    /// Folder of the images: MNIST-style, CIFAR-10, or photos in train/CLASS and val/CLASS.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// What is compared: full (at most 150 minutes on 2 cores), smoke (minutes, emulated), or a .toml file.
    #[arg(long, value_name = "NAME|FILE", default_value = "full")]
    preset: String,
    /// Latency model of a device of the preset, which is then not measured anew (repeatable).
    #[arg(long, value_name = "NAME=FILE")]
    model: Vec<String>,
    /// Folder of the study.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl Study {
    pub(super) fn execute(self) -> anyhow::Result<String> {
        let named = |text: &String| {
            let (name, path) = text.split_once('=').ok_or_else(|| {
                UsageError(format!("--model {text}: expected NAME=FILE, such as tract=run/model.json"))
            })?;
            Ok::<_, UsageError>((name.to_owned(), PathBuf::from(path)))
        };
        let models = self.model.iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let preset = StudyPreset::read(&self.preset)?;
        let plan = Plan { preset, data: self.data, folder: self.output };
        let (programs, bar) = (Programs::beside_this_one()?, Bar::new()?);
        Ok(study(&plan, &models, &programs, &bar)?)
    }
}
