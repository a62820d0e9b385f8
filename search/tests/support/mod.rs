//! A small space, small images and a made-up latency table for tests.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::{path::Path, time::Duration};

use datasets::images::{ImageDataset, ImageSet, Pixels};
use profiler::spec::{Architecture, SearchSpace, SpaceFile};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use search::data::{Augmentation, Batches, ComputeDevice, Flip, Normalization};
use search::latency::ExpectedLatency;
use search::module::GraphModule;
use search::objective::LatencyLoss;
use search::run::{FINALISTS, Outcome, SearchSettings, search};
use search::seed::{Purpose, generator};
use search::sgd::Sgd;
use search::strategy::{StrategyKind, StrategySettings};
use search::supernet::Supernet;
use search::train::{Begin, Metrics, TrainSettings, train};
use search::watch::{Progress, Watcher};
use search::{RunFolder, SearchError};
use tch::Device;

/// Four blocks for 8×8 images of three classes: two that change the shape and two that may be skipped.
pub const SPACE: &str = r#"
format = "tailor-space"
version = 1
name = "tiny"
resolution = 8
input_channels = 1
classes = 3
activation = "relu6"
kernels = [3, 5]
expansions = [2, 3]
skip = true
stem = { channels = 8, kernel = 3, stride = 1 }
first = { channels = 8, kernel = 3 }
head = { channels = 16 }

[[stage]]
channels = 8
blocks = 2
stride = 2

[[stage]]
channels = 16
blocks = 2
stride = 1
"#;

/// The space as written.
pub fn space_file() -> SpaceFile {
    SpaceFile::parse(SPACE).unwrap()
}

/// The space.
pub fn space() -> SearchSpace {
    space_file().resolve().unwrap()
}

/// The network of these choices, and settings of a training of it.
pub fn network(choices: &[usize]) -> (Architecture, TrainSettings) {
    let network = space().network("net", choices).unwrap();
    let settings = train_settings(&network);
    (network, settings)
}

/// With random weights.
pub fn supernet(seed: u64) -> Supernet {
    Supernet::new(&space(), &mut generator(seed, Purpose::Weights, 0), Device::Cpu).unwrap()
}

/// With random weights.
pub fn module(graph: &profiler::spec::Graph, seed: u64) -> GraphModule {
    GraphModule::new(graph.clone(), &mut generator(seed, Purpose::Weights, 0), Device::Cpu).unwrap()
}

/// Batches of so many of these images, unchanged.
pub fn batches(images: &ImageSet, size: usize) -> Batches<'_> {
    let purposes = [Purpose::Order, Purpose::Augmentation];
    let normalization = Normalization::of(images);
    Batches::new(images, &normalization, size, 0, purposes, Augmentation::NONE, Device::Cpu).unwrap()
}

/// [`search`] with rare checkpoints.
pub fn run_search(
    settings: &SearchSettings,
    images: &ImageDataset,
    folder: &RunFolder,
    watcher: &mut dyn Watcher,
) -> Result<Outcome, SearchError> {
    search(settings, images, folder, Duration::from_secs(3600), watcher)
}

/// [`train`] from scratch with rare checkpoints.
pub fn run_training(
    network: &Architecture,
    settings: &TrainSettings,
    images: &ImageDataset,
    folder: &RunFolder,
    watcher: &mut dyn Watcher,
) -> Result<Metrics, SearchError> {
    train(network, Begin::AtRandom, settings, images, folder, Duration::from_secs(3600), watcher)
}

/// Stops after every `0`-th step.
pub struct StopEvery(pub u64, pub bool);

impl Watcher for StopEvery {
    fn progress(&mut self, progress: &Progress) {
        // The comparison of the finalists has no state: it would be stopped in the same place for ever.
        self.1 = progress.phase != FINALISTS
            && progress.step.is_multiple_of(self.0)
            && progress.step < progress.steps;
    }

    fn stop_requested(&self) -> bool {
        self.1
    }
}

/// What comes of a run that is stopped after every so many steps and resumed, and how often it was.
pub fn until_done<T>(
    every: u64,
    mut run: impl FnMut(&mut dyn Watcher) -> Result<T, SearchError>,
) -> (T, u32) {
    let mut stops = 0;
    loop {
        match run(&mut StopEvery(every, false)) {
            Err(SearchError::Stopped) => stops += 1,
            other => return (other.unwrap(), stops),
        }
    }
}

/// A latency that grows with the work: 1 ms per 100,000 multiply-accumulates.
pub fn latency() -> ExpectedLatency {
    let ms = |macs: u64| macs as f64 / 1e5;
    let space = space();
    let fixed = space.before().iter().chain(space.after());
    let block = |block: &profiler::spec::Block| {
        block.candidates.iter().map(|c| c.op().map_or(0.0, |op| ms(op.macs().0))).collect()
    };
    ExpectedLatency {
        constant_ms: fixed.map(|op| ms(op.macs().0)).sum(),
        blocks_ms: space.blocks().iter().map(block).collect(),
    }
}

/// Noisy images whose class is the place of a bright bar.
pub fn image_set(count: usize, seed: u64) -> ImageSet {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for index in 0..count {
        let class = index % 3;
        for row in 0..8 {
            for _ in 0..8 {
                let bright = row / 2 == class + 1;
                images.push(rng.random_range(0..100) + if bright { 120 } else { 0 });
            }
        }
        labels.push(class as u16);
    }
    ImageSet { pixels: Pixels::Bytes(images), height: 8, width: 8, channels: 1, labels, classes: 3 }
}

/// 120 training and 30 test images.
pub fn images() -> ImageDataset {
    ImageDataset { train: image_set(120, 1), test: image_set(30, 2) }
}

/// The images as the four IDX files of an MNIST-style data set.
pub fn write_images(folder: &Path) {
    let images = images();
    for (set, part) in [(&images.train, "train"), (&images.test, "t10k")] {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        let count = set.len() as u32;
        let Pixels::Bytes(bytes) = &set.pixels else { unreachable!() };
        let pixels = [words(&[0x803, count, 8, 8]), bytes.clone()].concat();
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), pixels).unwrap();
        let labels = set.labels.iter().map(|&label| label as u8).collect();
        let labels = [words(&[0x801, count]), labels].concat();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

/// How weights learn in tests.
pub const WEIGHTS: Sgd =
    Sgd { learning_rate: 0.05, warm_up: 0.1, momentum: 0.9, weight_decay: 1e-4, label_smoothing: 0.1 };

/// A strategy that looks at few networks.
pub fn strategy(kind: StrategyKind) -> StrategySettings {
    let given = r#"{"prune_below": 0.1, "prune_from": 0.5, "networks_per_step": 3, "networks": 20, "scored_images": 40}"#;
    kind.with(&serde_json::from_str(given).unwrap()).unwrap()
}

/// A search of twenty steps, half of them warm-up.
pub fn search_settings() -> SearchSettings {
    let (fastest, slowest) = latency().range_ms();
    SearchSettings {
        space: space_file(),
        latency: latency(),
        emulated: false,
        intervals: None,
        risk: None,
        strategy: strategy(StrategyKind::Gradient),
        target_ms: 0.5 * (fastest + slowest),
        latency_loss: LatencyLoss::Target,
        seed: 7,
        threads: 2,
        device: ComputeDevice::Cpu,
        batch: 16,
        held_out: 40,
        augmentation: Augmentation { shift: 1, flip: Flip::Horizontal, ..Augmentation::NONE },
        weights: WEIGHTS,
        warm_up_steps: 6,
        search_steps: 14,
        weight_steps_per_alpha_step: 2,
        log_every: 3,
    }
}

/// A training of twenty epochs.
pub fn train_settings(network: &Architecture) -> TrainSettings {
    TrainSettings {
        from: None,
        network: network.key(),
        seed: 7,
        threads: 2,
        device: ComputeDevice::Cpu,
        held_out: 0,
        epochs: 20,
        batch: 24,
        augmentation: Augmentation::NONE,
        weights: WEIGHTS,
    }
}
