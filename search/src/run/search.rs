//! The search loop.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use datasets::images::{HoldOut, ImageDataset, ImageSet};
use profiler::spec::Architecture;
use rand::RngExt;

use super::{Log, LogLine, Phase, SearchSettings, SearchState};
use crate::{
    SearchError,
    data::{Batches, Normalization, check_images, whole_batches},
    derive::finalists,
    folder::RunFolder,
    gates::gate_gradients,
    module::Mode,
    objective::{LatencyLoss, Observation},
    seed::{Purpose, generator},
    settings::keep_settings,
    sgd::accuracy,
    watch::{Progress, Watcher},
};

/// How a search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Among [`finalists`] within the target the best on held-out images with the supernet's weights; without a latency
    /// loss the most probable path of all.
    pub network: Architecture,
    /// E\[latency\] in milliseconds.
    pub expected_ms: f64,
    /// Its latency by the additive model, in milliseconds.
    pub path_ms: f64,
    /// Latency of the most probable path of all, in milliseconds.
    pub most_probable_ms: f64,
    /// Mean entropy of the blocks over that of equal probabilities.
    pub relative_entropy: f64,
    /// Share of held-out images that it gets right with the supernet's weights.
    pub held_out_accuracy: f64,
}

/// Searches, or goes on with the search in a folder; the folder's architecture file is written last.
///
/// # Errors
/// [`SearchError`]; [`SearchError::Stopped`] when the watcher asked for it, after a checkpoint.
pub fn search(
    settings: &SearchSettings,
    images: &ImageDataset,
    folder: &RunFolder,
    checkpoint_every: Duration,
    watcher: &mut dyn Watcher,
) -> Result<Outcome, SearchError> {
    settings.check()?;
    let device = settings.device.open()?;
    let space = settings.space.resolve()?;
    check_images(&images.train, space.input(), space.classes())?;
    if settings.latency_loss != LatencyLoss::None {
        settings.latency.check_target(settings.target_ms)?;
    }
    let (train, held_out) =
        images.train.hold_out(HoldOut { count: settings.held_out, seed: settings.seed })?;
    keep_settings(&folder.settings(), SearchSettings::FORMAT, SearchSettings::VERSION, settings)?;
    tch::set_num_threads(i32::try_from(settings.threads).unwrap_or(i32::MAX));
    let mut state = SearchState::new(settings, device)?;
    if folder.checkpoint().exists() {
        state.read(&folder.checkpoint())?;
    }
    let mut run = Run::new(settings, &train, &held_out, &folder.log(), state)?;
    run.all_steps(&folder.checkpoint(), checkpoint_every, watcher)?;
    run.state.write(&folder.checkpoint())?;

    let probabilities = run.state.alphas.probabilities();
    let paths = match settings.latency_loss {
        LatencyLoss::None => vec![run.state.alphas.most_probable()],
        // Sums in another order may come out a rounding error larger.
        _ => finalists(&probabilities, &settings.latency, settings.target_ms * (1.0 - 1e-9))?,
    };
    let normalization = Normalization::of(&train);
    let (mut choices, mut held_out_accuracy) = (Vec::new(), f64::NEG_INFINITY);
    for path in paths {
        let batches = whole_batches(&held_out, &normalization, settings.batch.max(100), device);
        // Statistics of the batch: the running ones mix all paths that were trained.
        let accuracy = accuracy(&run.state.supernet.path(&path), batches, Mode::Probe)?;
        if accuracy > held_out_accuracy {
            (choices, held_out_accuracy) = (path, accuracy);
        }
    }
    let network = space.network("searched", &choices)?;
    profiler::record::write_architecture(&folder.architecture(), &network)?;
    Ok(Outcome {
        network,
        expected_ms: settings.latency.expected_ms(&probabilities),
        path_ms: settings.latency.path_ms(&choices),
        most_probable_ms: settings.latency.path_ms(&run.state.alphas.most_probable()),
        relative_entropy: run.state.alphas.relative_entropy(),
        held_out_accuracy,
    })
}

struct Run<'a> {
    settings: &'a SearchSettings,
    state: SearchState,
    train: Batches<'a>,
    held_out: Batches<'a>,
    log: Log,
    group_started: Instant,
}

impl<'a> Run<'a> {
    fn new(
        settings: &'a SearchSettings,
        train: &'a ImageSet,
        held_out: &'a ImageSet,
        log: &Path,
        state: SearchState,
    ) -> Result<Self, SearchError> {
        let normalization = Normalization::of(train);
        let batches = |images, purposes| {
            let device = settings.device.open()?;
            let (size, seed, augmentation) = (settings.batch, settings.seed, settings.augmentation);
            Batches::new(images, &normalization, size, seed, purposes, augmentation, device)
        };
        Ok(Self {
            settings,
            train: batches(train, [Purpose::Order, Purpose::Augmentation])?,
            held_out: batches(held_out, [Purpose::HeldOutOrder, Purpose::HeldOutAugmentation])?,
            log: Log::open(log, state.step)?,
            state,
            group_started: Instant::now(),
        })
    }

    fn all_steps(
        &mut self,
        checkpoint: &Path,
        every: Duration,
        watcher: &mut dyn Watcher,
    ) -> Result<(), SearchError> {
        let mut saved = Instant::now();
        while self.state.step < self.settings.steps() {
            let step = self.state.step;
            let loss = self.weight_step(step)?;
            if self.settings.alpha_step_follows(step) {
                self.alpha_step(step)?;
            }
            self.state.step += 1;
            self.write_log()?;
            let phase = if self.phase(step) == Phase::WarmUp { "warm-up" } else { "search" };
            let expected_ms = self.settings.latency.expected_ms(&self.state.alphas.probabilities());
            watcher.progress(&Progress {
                phase,
                step: self.state.step,
                steps: self.settings.steps(),
                loss,
                expected_ms: Some((expected_ms, self.settings.target_ms)),
            });
            let stop = watcher.stop_requested();
            if stop || saved.elapsed() >= every {
                self.state.write(checkpoint)?;
                saved = Instant::now();
            }
            if stop {
                return Err(SearchError::Stopped);
            }
        }
        Ok(())
    }

    fn phase(&self, step: u64) -> Phase {
        if step < self.settings.warm_up_steps { Phase::WarmUp } else { Phase::Search }
    }

    /// Trains one path on one batch.
    fn weight_step(&mut self, step: u64) -> Result<f64, SearchError> {
        let mut rng = generator(self.settings.seed, Purpose::Path, step);
        let choices = match self.phase(step) {
            Phase::Search => self.state.alphas.sample_path(&mut rng),
            Phase::WarmUp => {
                let blocks = self.state.alphas.blocks().iter();
                blocks.map(|block| rng.random_range(0..block.len())).collect()
            }
        };
        let batch = self.train.batch(step)?;
        let sgd = &self.settings.weights;
        let rate = sgd.rate(step, self.settings.steps());
        let loss = sgd.step(&mut self.state.supernet.path(&choices), &batch, rate)?;
        if !loss.is_finite() {
            return Err(SearchError::Diverged { step, loss });
        }
        self.state.loss.add(loss);
        Ok(loss)
    }

    /// Compares two candidates per block on held-out images and moves their α.
    fn alpha_step(&mut self, step: u64) -> Result<(), SearchError> {
        let Self { settings, state, .. } = self;
        let pairs = state.alphas.sample_pairs(&mut generator(settings.seed, Purpose::Pairs, step));
        let batch = self.held_out.batch(step / settings.weight_steps_per_alpha_step)?;
        let (loss, gates) = gate_gradients(&state.supernet, &pairs, &batch)?;
        if !loss.is_finite() {
            return Err(SearchError::Diverged { step, loss });
        }
        state.held_out_loss.add(loss);
        let expected_ms = settings.latency.expected_ms(&state.alphas.probabilities());
        let progress = settings.progress(step + 1);
        let seen = Observation::new(progress, &gates, loss, expected_ms, &settings.latency);
        let mut gates = state.objective.slopes(&seen).combine(&gates, &settings.latency);
        state.sharpener.observe(seen.cross_entropy_gap);
        state.sharpener.add(progress, state.alphas.blocks(), &mut gates);
        state.alphas.descend(&gates, &mut state.adam);
        Ok(())
    }

    fn write_log(&mut self) -> Result<(), SearchError> {
        let Self { settings, state, .. } = self;
        let done = state.step;
        if !done.is_multiple_of(settings.log_every) && done != settings.steps() {
            return Ok(());
        }
        let (loss, held_out) = (std::mem::take(&mut state.loss), std::mem::take(&mut state.held_out_loss));
        let probabilities = state.alphas.probabilities();
        let elapsed = self.group_started.elapsed().as_secs_f64();
        self.group_started = Instant::now();
        let line = LogLine {
            step: done,
            phase: self.phase(done - 1),
            loss: loss.value().unwrap_or_default(),
            held_out_loss: held_out.value(),
            expected_ms: self.settings.latency.expected_ms(&probabilities),
            target_ms: self.settings.target_ms,
            lambda: self.state.objective.lambda(),
            relative_entropy: self.state.alphas.relative_entropy(),
            learning_rate: self.settings.weights.rate(done - 1, self.settings.steps()),
            step_ms: elapsed * 1e3 / loss.count.max(1.0),
            probabilities,
        };
        self.log.append(&line)
    }
}
