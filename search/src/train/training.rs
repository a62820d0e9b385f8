use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

use datasets::images::{HoldOut, ImageDataset, ImageSet};
use profiler::record::write_architecture;
use profiler::spec::{Architecture, Precision};

use super::{Metrics, TrainSettings};
use crate::data::{Batches, ImagesIdentity, Normalization, check_images, whole_batches};
use crate::error::SearchError;
use crate::folder::RunFolder;
use crate::module::{GraphModule, Mode, insert_module, insert_weights, load_module};
use crate::seed::{Purpose, generator};
use crate::settings::keep_settings;
use crate::sgd::accuracy;
use crate::supernet::Supernet;
use crate::tensor_file::TensorFile;
use crate::watch::{Progress, Watcher};

/// Format of the trained weights.
pub(crate) const WEIGHTS: (&str, u32) = ("tailor-weights", 1);
/// Prefix of their names.
pub(crate) const PREFIX: &str = "network";
const CHECKPOINT: (&str, u32) = ("tailor-training-checkpoint", 1);
/// Pixels at a time when testing: 250 images of 64 × 64, fewer larger ones.
const TEST_PIXELS: usize = 250 * 64 * 64;
const LARGEST_TEST_BATCH: usize = 250;

/// What weights a training begins with.
#[derive(Clone, Copy, Debug)]
pub enum Begin<'a> {
    /// Random ones, by the settings' seed.
    AtRandom,
    /// Those that a supernet has for the path of these choices, which the network is.
    WithPath(&'a Supernet, &'a [usize]),
}

/// Trains a network, or resumes the training in a folder, and tests it once at the end: on the test images, or on
/// held-out training images where the settings keep some out.
///
/// # Errors
/// [`SearchError`], [`SearchError::Layer`] for int8 ops; [`SearchError::Stopped`] when the watcher asked for it, after a checkpoint.
pub fn train(
    network: &Architecture,
    begin: Begin<'_>,
    settings: &TrainSettings,
    images: &ImageDataset,
    folder: &RunFolder,
    checkpoint_every: Duration,
    watcher: &mut dyn Watcher,
) -> Result<Metrics, SearchError> {
    settings.check()?;
    let device = settings.device.open()?;
    if let Some(op) = network.ops().iter().find(|op| op.precision() != Precision::F32) {
        return Err(SearchError::Layer(op.key()));
    }
    let graph = network.graph();
    check_images(&images.train, graph.input(), graph.output().channels)?;
    let (train, tested) = parts(images, settings)?;
    let normalization = Normalization::of(&train);
    let purposes = [Purpose::Order, Purpose::Augmentation];
    let (size, seed, augmentation) = (settings.batch, settings.seed, settings.augmentation);
    let batches = Batches::new(&train, &normalization, size, seed, purposes, augmentation, device)?;
    tch::set_num_threads(i32::try_from(settings.threads).unwrap_or(i32::MAX));
    let mut rng = generator(settings.seed, Purpose::Weights, 0);
    let module = GraphModule::new(graph.clone(), &mut rng, device)?;
    if let Begin::WithPath(supernet, choices) = begin {
        supernet.copy_path_to(choices, &module)?;
    }
    // What is wrong was said before: settings that are kept stand in the way of better ones.
    keep_settings(&folder.settings(), TrainSettings::FORMAT, TrainSettings::VERSION, settings)?;
    let _lock = folder.lock()?;
    ImagesIdentity::of(images).keep(folder)?;
    if folder.metrics().exists() {
        // The test images are looked at once.
        return Metrics::read(folder);
    }
    let mut training = Training { settings, module, batches, step: 0, epoch_loss: (0.0, 0) };
    if folder.checkpoint().exists() {
        training.read(&folder.checkpoint())?;
    }
    training.all_steps(&folder.checkpoint(), checkpoint_every, watcher)?;

    let test_batch = (TEST_PIXELS / (tested.height * tested.width).max(1)).clamp(1, LARGEST_TEST_BATCH);
    let batches = whole_batches(&tested, &normalization, test_batch, device);
    let right = accuracy(&training.module, batches, Mode::Evaluate)?;
    let mut weights = TensorFile::new(WEIGHTS.0, WEIGHTS.1);
    insert_weights(&mut weights, PREFIX, &training.module)?;
    weights.write(&folder.weights())?;
    write_architecture(&folder.architecture(), network)?;
    let metrics = Metrics {
        network: network.key(),
        test_accuracy: (settings.held_out == 0).then_some(right),
        held_out_accuracy: (settings.held_out > 0).then_some(right),
        tested_images: tested.len(),
        train_images: train.len(),
        train_loss: training.epoch_loss.0 / training.epoch_loss.1.max(1) as f64,
        macs: network.macs().0,
        parameters: network.parameters(),
        normalization,
        settings: settings.clone(),
    };
    metrics.write(folder)?;
    Ok(metrics)
}

/// The images to train on, and those to test on.
fn parts<'a>(
    images: &'a ImageDataset,
    settings: &TrainSettings,
) -> Result<(Cow<'a, ImageSet>, Cow<'a, ImageSet>), SearchError> {
    if settings.held_out == 0 {
        return Ok((Cow::Borrowed(&images.train), Cow::Borrowed(&images.test)));
    }
    let hold_out = HoldOut { count: settings.held_out, seed: settings.seed };
    let (train, held_out) = images.train.hold_out(hold_out)?;
    Ok((Cow::Owned(train), Cow::Owned(held_out)))
}

struct Training<'a> {
    settings: &'a TrainSettings,
    module: GraphModule,
    batches: Batches<'a>,
    step: u64,
    /// Sum of the losses of this epoch's steps, and their number.
    epoch_loss: (f64, u64),
}

impl Training<'_> {
    fn all_steps(
        &mut self,
        checkpoint: &Path,
        every: Duration,
        watcher: &mut dyn Watcher,
    ) -> Result<(), SearchError> {
        let steps = self.settings.epochs * self.batches.per_epoch();
        let mut saved = Instant::now();
        while self.step < steps {
            if self.step.is_multiple_of(self.batches.per_epoch()) {
                self.epoch_loss = (0.0, 0);
            }
            let batch = self.batches.batch(self.step)?;
            let sgd = &self.settings.weights;
            let loss = sgd.step(&mut self.module, &batch, sgd.rate(self.step, steps))?;
            if !loss.is_finite() {
                return Err(SearchError::Diverged { step: self.step, loss });
            }
            self.epoch_loss = (self.epoch_loss.0 + loss, self.epoch_loss.1 + 1);
            self.step += 1;
            watcher.progress(&Progress {
                phase: "training",
                step: self.step,
                steps,
                loss,
                expected_ms: None,
            });
            let stop = watcher.stop_requested();
            if stop || saved.elapsed() >= every {
                self.write(checkpoint)?;
                saved = Instant::now();
            }
            if stop {
                return Err(SearchError::Stopped);
            }
        }
        self.write(checkpoint)
    }

    fn write(&self, path: &Path) -> Result<(), SearchError> {
        let mut file = TensorFile::new(CHECKPOINT.0, CHECKPOINT.1);
        insert_module(&mut file, PREFIX, &self.module)?;
        file.insert_counts("step", &[self.step, self.epoch_loss.1]);
        file.insert_numbers("loss", &[self.epoch_loss.0]);
        file.write(path)
    }

    fn read(&mut self, path: &Path) -> Result<(), SearchError> {
        let file = TensorFile::read(path, CHECKPOINT.0, CHECKPOINT.1)?;
        self.take(&file).map_err(|error| error.in_file(path))
    }

    fn take(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        load_module(file, PREFIX, &self.module)?;
        let (step, loss) = (file.counts("step")?, file.numbers("loss")?);
        let (&[step, count], &[sum]) = (step.as_slice(), loss.as_slice()) else {
            return Err(SearchError::Checkpoint("`step` or `loss` is of another length".to_owned()));
        };
        (self.step, self.epoch_loss) = (step, (sum, count));
        Ok(())
    }
}
