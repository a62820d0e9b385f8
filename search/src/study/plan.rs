use std::path::{Path, PathBuf};

use super::{StudyDevice, StudyPreset, stage::Stage};
use crate::{folder::RunFolder, programs::CommandLine};

/// A study's preset, images and folder: everything that names files.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) preset: StudyPreset,
    pub(crate) data: PathBuf,
    pub(crate) folder: PathBuf,
}

/// Where a trained network comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// A MobileNetV2-style network of this width.
    Baseline(f64),
    /// Searched for this device, with the latency loss.
    Searched(String),
    /// Searched without a latency loss, and of the width with which it is within this device's target.
    Rescaled(String),
    /// The best path within this device's target by what the same search without a latency loss has learned.
    Cut(String),
}

/// Whether a search's loss has a term for latency. One without it does not look at the target in any way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LatencyTerm {
    With,
    Without,
}

impl LatencyTerm {
    pub(crate) const EACH: [Self; 2] = [Self::With, Self::Without];

    /// What searches without it begin with in the names of files and stages.
    fn prefix(self) -> &'static str {
        match self {
            Self::With => "",
            Self::Without => "blind-",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trained {
    pub(crate) origin: Origin,
    pub(crate) seed: u64,
    pub(crate) architecture: PathBuf,
    /// Its name; also that of its folder in `trained/`.
    pub(crate) name: String,
}

impl Plan {
    pub(crate) fn model(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("models").join(format!("{}.json", device.name))
    }

    /// The table that a device's model is fitted to.
    pub(crate) fn profile(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("profiles").join(format!("{}.csv", device.name))
    }

    /// The table with all networks on a device.
    pub(crate) fn measured(&self, device: &StudyDevice) -> PathBuf {
        self.folder.join("measured").join(format!("{}.csv", device.name))
    }

    pub(crate) fn baseline(&self, width: f64) -> PathBuf {
        self.folder.join("baselines").join(format!("{width}.json"))
    }

    pub(crate) fn baseline_ops(&self) -> PathBuf {
        self.folder.join("baselines").join("ops.txt")
    }

    pub(crate) fn search(&self, device: &StudyDevice, term: LatencyTerm, seed: u64) -> RunFolder {
        let searched = self.searched(device, term);
        let name = format!("{}{}-{seed}", term.prefix(), searched.name);
        RunFolder::new(&self.folder.join("searches").join(name))
    }

    /// The device whose searches serve this one. A search without latency loss looks at no device, so that the first one's
    /// serve all; but the best paths within a target are taken with the run's own latencies.
    fn searched<'a>(&'a self, device: &'a StudyDevice, term: LatencyTerm) -> &'a StudyDevice {
        match (term, self.preset.devices.first()) {
            (LatencyTerm::Without, Some(first)) if !self.preset.train_cut => first,
            _ => device,
        }
    }

    /// The most probable network of the search without latency loss, of the width that is within a device's target.
    pub(crate) fn rescaled(&self, device: &StudyDevice, seed: u64) -> PathBuf {
        self.folder.join("rescaled").join(format!("{}-{seed}.json", device.name))
    }

    /// The best path of the search without latency loss that is within a device's target.
    pub(crate) fn cut(&self, device: &StudyDevice, seed: u64) -> PathBuf {
        self.folder.join("cut").join(format!("{}-{seed}.json", device.name))
    }

    pub(crate) fn target(&self, device: &StudyDevice, index: usize) -> PathBuf {
        self.folder.join("targets").join(format!("{}-{index}.json", device.name))
    }

    pub(crate) fn training(&self, trained: &Trained) -> RunFolder {
        RunFolder::new(&self.folder.join("trained").join(&trained.name))
    }

    pub(crate) fn trained(&self) -> Vec<Trained> {
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
                let found = self.search(device, LatencyTerm::With, seed).architecture();
                add(Origin::Searched(name.clone()), format!("searched-{name}"), found);
                let rescaled = self.rescaled(device, seed);
                add(Origin::Rescaled(name.clone()), format!("rescaled-{name}"), rescaled);
                if self.preset.train_cut {
                    add(Origin::Cut(name.clone()), format!("cut-{name}"), self.cut(device, seed));
                }
            }
        }
        all
    }

    /// Measures the ops of the space and of the baselines, and networks, one device after the other.
    pub(crate) fn profiling(&self, networks: &[PathBuf]) -> Vec<Stage> {
        let preset = &self.preset;
        let stage = |device: &StudyDevice| {
            let output = self.profile(device);
            let words = format!("run --budget-s {} --backend {}", preset.profile_budget_s, device.backend);
            let line = CommandLine::new("profiler", &words).with(["--space", &preset.space, "--ops"]);
            let line = with_models(line.with([&self.baseline_ops()]), networks).with(["-o"]).with([&output]);
            Stage { name: format!("profile-{}", device.name), line, output }
        };
        preset.devices.iter().filter(|device| !self.model(device).exists()).map(stage).collect()
    }

    pub(crate) fn fitting(&self) -> Vec<Stage> {
        let stage = |device: &StudyDevice| {
            let output = self.model(device);
            let fit = if device.is_emulated() { "fit --allow-emulated" } else { "fit" };
            let line = CommandLine::new("predictor", fit).with([&self.profile(device)]);
            Stage {
                name: format!("fit-{}", device.name),
                line: line.with(["-o".as_ref(), output.as_path()]),
                output,
            }
        };
        self.preset.devices.iter().map(stage).collect()
    }

    pub(crate) fn baselines(&self) -> Vec<Stage> {
        let stage = |&width: &f64| {
            let output = self.baseline(width);
            let line = CommandLine::new("search", &format!("baseline --width {width}"));
            let line = line.with(["--space", self.preset.baseline_space(), "-o"]).with([&output]);
            Stage { name: format!("baseline-{width}"), line, output }
        };
        self.preset.widths.iter().map(stage).collect()
    }

    /// Searches: for each device with the latency loss, and without it as often as needed, per seed.
    pub(crate) fn searches(&self) -> Vec<Stage> {
        let mut stages = Vec::new();
        for &seed in &self.preset.seeds {
            for device in &self.preset.devices {
                let own = LatencyTerm::EACH.into_iter().filter(|term| self.searched(device, *term) == device);
                stages.extend(own.map(|term| self.search_stage(device, term, seed)));
            }
        }
        stages
    }

    fn search_stage(&self, device: &StudyDevice, term: LatencyTerm, seed: u64) -> Stage {
        let folder = self.search(device, term, seed);
        let loss = match term {
            LatencyTerm::With => "",
            LatencyTerm::Without => "--latency-loss none",
        };
        let words = format!(
            "run --seed {seed} --threads 1 --target-of-baseline {} {loss} {}",
            self.preset.target_of_baseline(device),
            self.preset.search
        );
        let line = CommandLine::new("search", &words)
            .with(["--space", &self.preset.space, "--model"])
            .with([&self.model(device)])
            .with([Path::new("--baseline"), &self.baseline(1.0)])
            .with(["--data".as_ref(), self.data.as_path(), "-o".as_ref(), folder.path()]);
        Stage { name: search_name(device, term, seed), line, output: folder.architecture() }
    }

    /// Trains the baselines, which need no search.
    pub(crate) fn baseline_trainings(&self) -> Vec<Stage> {
        self.trainings_of(|trained| matches!(trained.origin, Origin::Baseline(_)))
    }

    /// Trains every network by the same recipe.
    pub(crate) fn trainings(&self) -> Vec<Stage> {
        self.trainings_of(|_| true)
    }

    fn trainings_of(&self, chosen: impl Fn(&Trained) -> bool) -> Vec<Stage> {
        let stage = |trained: &Trained| {
            let folder = self.training(trained);
            let words = format!("train --seed {} --threads 1 {}", trained.seed, self.preset.train);
            let line = CommandLine::new("search", &words).with([&trained.architecture]);
            let line = line.with(["--data".as_ref(), self.data.as_path(), "-o".as_ref(), folder.path()]);
            Stage { name: training_name(trained), line, output: folder.metrics() }
        };
        self.trained().iter().filter(|trained| chosen(trained)).map(stage).collect()
    }

    /// Measures all networks on every device, each in one session.
    pub(crate) fn measuring(&self, models: &[PathBuf]) -> Vec<Stage> {
        let preset = &self.preset;
        let stage = |device: &StudyDevice| {
            let output = self.measured(device);
            let words = format!(
                "run --no-ops --networks {} --seed 1 --budget-s {} --backend {}",
                preset.control_networks, preset.measure_budget_s, device.backend
            );
            let line = CommandLine::new("profiler", &words).with(["--space", &preset.space]);
            let line = line.with([Path::new("--anchors"), &self.model(device)]);
            let line = with_models(line, models).with([Path::new("-o"), &output]);
            Stage { name: format!("measure-{}", device.name), line, output }
        };
        preset.devices.iter().map(stage).collect()
    }
}

fn with_models(line: CommandLine, models: &[PathBuf]) -> CommandLine {
    models.iter().fold(line, |line, model| line.with([Path::new("--onnx"), model]))
}

pub(super) fn search_name(device: &StudyDevice, term: LatencyTerm, seed: u64) -> String {
    format!("search-{}{}-seed{seed}", term.prefix(), device.name)
}

pub(super) fn training_name(trained: &Trained) -> String {
    format!("train-{}", trained.name)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
