//! Which commands a study gives, and where their files are.

use std::path::{Path, PathBuf};

use super::{StudyDevice, StudyPreset, stage::Stage};
use crate::{RunFolder, programs::CommandLine};

/// A study's preset, images and folder: everything that names files.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is compared.
    pub preset: StudyPreset,
    /// Folder of the images.
    pub data: PathBuf,
    /// Folder of the study.
    pub folder: PathBuf,
}

/// Where a trained network comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A MobileNetV2-style network of this width.
    Baseline(f64),
    /// Searched for this device, with the latency loss.
    Searched(String),
    /// Searched without a latency loss, then cut to this device's target.
    Blind(String),
}

/// One training.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Where the network comes from.
    pub origin: Origin,
    /// Seed of its search and training.
    pub seed: u64,
    /// Its architecture file.
    pub architecture: PathBuf,
    /// Its name; also that of its folder in `trained/`.
    pub name: String,
}

impl Plan {
    /// The latency model of a device.
    #[must_use]
    pub fn model(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("models").join(format!("{}.json", device.name))
    }

    /// The table that a device's model is fitted to.
    #[must_use]
    pub fn profile(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("profiles").join(format!("{}.csv", device.name))
    }

    /// The table with all networks on a device.
    #[must_use]
    pub fn measured(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("measured").join(format!("{}.csv", device.name))
    }

    /// The architecture of a baseline.
    #[must_use]
    pub fn baseline(&self, width: f64) -> PathBuf {
        self.folder.join("baselines").join(format!("{width}.json"))
    }

    /// The search for a device, or without latency loss.
    #[must_use]
    pub fn search(&self, device: Option<&StudyDevice>, seed: u64) -> RunFolder {
        let name = device.map_or("blind", |device| device.name.as_str());
        RunFolder::new(&self.folder.join("searches").join(format!("{name}-{seed}")))
    }

    /// The network that a search without latency loss gives within a device's target.
    #[must_use]
    pub fn cut(&self, device: &StudyDevice, seed: u64) -> PathBuf {
        self.search(None, seed).path().join(format!("within-{}.json", device.name))
    }

    /// The network of one of the targets of a device.
    #[must_use]
    pub fn target(&self, device: &StudyDevice, index: usize) -> PathBuf {
        self.folder.join("targets").join(format!("{}-{index}.json", device.name))
    }

    /// The folder of a training.
    #[must_use]
    pub fn training(&self, trained: &Trained) -> RunFolder {
        RunFolder::new(&self.folder.join("trained").join(&trained.name))
    }

    /// Everything that is trained.
    #[must_use]
    pub fn trained(&self) -> Vec<Trained> {
        let mut all = Vec::new();
        for &seed in &self.preset.seeds {
            let mut add = |origin: Origin, name: String, architecture: PathBuf| {
                all.push(Trained { origin, seed, architecture, name: format!("{name}-seed{seed}") });
            };
            for &width in &self.preset.widths {
                add(Origin::Baseline(width), format!("baseline-{width}"), self.baseline(width));
            }
            for device in &self.preset.devices {
                let name = &device.name;
                let found = self.search(Some(device), seed).architecture();
                add(Origin::Searched(name.clone()), format!("searched-{name}"), found);
                add(Origin::Blind(name.clone()), format!("blind-{name}"), self.cut(device, seed));
            }
        }
        all
    }

    /// Measures the space's ops and random networks, one device after the other.
    #[must_use]
    pub fn profiling(&self) -> Vec<Stage> {
        let preset = &self.preset;
        let stage = |device: &StudyDevice| {
            let output = self.profile(device);
            let words = format!(
                "run --networks {} --budget-s {} --backend {}",
                preset.profile_networks, preset.profile_budget_s, device.backend
            );
            let line = CommandLine::new("profiler", &words).with(["--space", &preset.space, "-o"]);
            Stage { name: format!("profile-{}", device.name), line: line.with([&output]), output }
        };
        preset.devices.iter().filter(|device| !self.model(device).exists()).map(stage).collect()
    }

    /// Fits the latency models.
    #[must_use]
    pub fn fitting(&self) -> Vec<Stage> {
        let stage = |device: &StudyDevice| {
            let output = self.model(device);
            let emulated = if device.backend == "mock" { "fit --allow-emulated" } else { "fit" };
            let line = CommandLine::new("predictor", emulated).with([&self.profile(device)]);
            Stage {
                name: format!("fit-{}", device.name),
                line: line.with(["-o".as_ref(), output.as_path()]),
                output,
            }
        };
        self.preset.devices.iter().map(stage).collect()
    }

    /// Writes the baselines' architectures.
    #[must_use]
    pub fn baselines(&self) -> Vec<Stage> {
        let stage = |&width: &f64| {
            let output = self.baseline(width);
            let line = CommandLine::new("search", &format!("baseline --width {width}"));
            let line = line.with(["--space", &self.preset.space, "-o"]).with([&output]);
            Stage { name: format!("baseline-{width}"), line, output }
        };
        self.preset.widths.iter().map(stage).collect()
    }

    /// Searches: for each device with the latency loss, and once without, per seed.
    #[must_use]
    pub fn searches(&self) -> Vec<Stage> {
        let devices = || self.preset.devices.iter().map(Some).chain([None]);
        let stages = self.preset.seeds.iter().flat_map(|&seed| devices().map(move |device| (device, seed)));
        stages.map(|(device, seed)| self.search_stage(device, seed)).collect()
    }

    fn search_stage(&self, device: Option<&StudyDevice>, seed: u64) -> Stage {
        let folder = self.search(device, seed);
        let loss = if device.is_some() { "" } else { "--latency-loss none" };
        let told = device.unwrap_or(&self.preset.devices[0]);
        let words = format!(
            "run --seed {seed} --threads 1 --target-of-baseline {} {loss} {}",
            self.preset.target_of_baseline, self.preset.search
        );
        let line = CommandLine::new("search", &words)
            .with(["--space", &self.preset.space, "--model"])
            .with([&self.model(told)])
            .with(["--data".as_ref(), self.data.as_path(), "-o".as_ref(), folder.path()]);
        Stage { name: search_name(device, seed), line, output: folder.architecture() }
    }

    /// Trains every network by the same recipe.
    #[must_use]
    pub fn trainings(&self) -> Vec<Stage> {
        let stage = |trained: &Trained| {
            let folder = self.training(trained);
            let words = format!("train --seed {} --threads 1 {}", trained.seed, self.preset.train);
            let line = CommandLine::new("search", &words).with([&trained.architecture]);
            let line = line.with(["--data".as_ref(), self.data.as_path(), "-o".as_ref(), folder.path()]);
            Stage { name: training_name(trained), line, output: folder.metrics() }
        };
        self.trained().iter().map(stage).collect()
    }

    /// Measures all networks on every device, each in one session.
    #[must_use]
    pub fn measuring(&self, models: &[PathBuf]) -> Vec<Stage> {
        let preset = &self.preset;
        let stage = |device: &StudyDevice| {
            let output = self.measured(device);
            let words = format!(
                "run --no-ops --networks {} --seed 1 --budget-s {} --backend {}",
                preset.control_networks, preset.measure_budget_s, device.backend
            );
            let mut line = CommandLine::new("profiler", &words).with(["--space", &preset.space]);
            for model in models {
                line = line.with([Path::new("--onnx"), model]);
            }
            line = line.with([Path::new("-o"), &output]);
            Stage { name: format!("measure-{}", device.name), line, output }
        };
        preset.devices.iter().map(stage).collect()
    }
}

/// Name of a search's stage.
#[must_use]
pub(super) fn search_name(device: Option<&StudyDevice>, seed: u64) -> String {
    format!("search-{}-seed{seed}", device.map_or("blind", |device| device.name.as_str()))
}

/// Name of a training's stage.
#[must_use]
pub(super) fn training_name(trained: &Trained) -> String {
    format!("train-{}", trained.name)
}
