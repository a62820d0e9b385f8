use std::path::Path;
use std::time::{Duration, Instant};

use datasets::images::{HoldOut, ImageDataset, ImageSet};
use rand::RngExt;

use super::oracle::BatchOracle;
use super::outcome::compare;
use super::{Log, LogLine, Outcome, Phase, SearchSettings, SearchState, SetOracle};
use crate::alpha::relative_entropy;
use crate::data::{Batches, ImagesIdentity, Normalization, check_images};
use crate::error::SearchError;
use crate::folder::RunFolder;
use crate::seed::{Purpose, generator};
use crate::settings::keep_settings;
use crate::strategy::Moment;
use crate::watch::{Progress, Watcher};

/// Searches, or resumes the search in a folder; the folder's architecture file is written last.
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
    settings.check_space(&space)?;
    if let Some(budget) = settings.hard_budget() {
        budget.check()?;
    }
    let (train, held_out) =
        images.train.hold_out(HoldOut { count: settings.held_out, seed: settings.seed })?;
    let normalization = Normalization::of(&train);
    let batches = |images, purposes| {
        let (size, seed, augmentation) = (settings.batch, settings.seed, settings.augmentation);
        Batches::new(images, &normalization, size, seed, purposes, augmentation, device)
    };
    let learned_from = [
        batches(&train, [Purpose::Order, Purpose::Augmentation])?,
        batches(&held_out, [Purpose::HeldOutOrder, Purpose::HeldOutAugmentation])?,
    ];
    tch::set_num_threads(i32::try_from(settings.threads).unwrap_or(i32::MAX));
    let mut state = SearchState::new(settings, device)?;
    // What is wrong was said before: settings that are kept stand in the way of better ones.
    keep_settings(&folder.settings(), SearchSettings::FORMAT, SearchSettings::VERSION, settings)?;
    let _lock = folder.lock()?;
    ImagesIdentity::of(images).keep(folder)?;
    if folder.checkpoint().exists() {
        state.read(&folder.checkpoint())?;
    }
    let (log, group_started, [train_batches, held_out_batches]) =
        (Log::open(&folder.log(), state.step)?, Instant::now(), learned_from);
    let mut run = Run {
        settings,
        state,
        train: train_batches,
        held_out: held_out_batches,
        whole: [&train, &held_out],
        normalization: &normalization,
        log,
        group_started,
    };
    run.all_steps(&folder.checkpoint(), checkpoint_every, watcher)?;
    run.state.write(&folder.checkpoint())?;

    let finalists = run.state.strategy.finalists(settings.hard_budget().as_ref())?;
    let (supernet, images, count) = (&mut run.state.supernet, &held_out, held_out.len());
    let (normalization, training, batch) = (&normalization, &train, settings.batch);
    let mut oracle = SetOracle { supernet, images, device, count, normalization, batch, training };
    let none = || SearchError::Checkpoint("the search has looked at no network".to_owned());
    let compared = compare(finalists, &mut oracle, watcher)?;
    let outcome = Outcome::new(settings, &run.state, compared.best(1, |_| true).pop().ok_or_else(none)?)?;
    profiler::record::write_architecture(&folder.architecture(), &outcome.network)?;
    Ok(outcome)
}

struct Run<'a> {
    settings: &'a SearchSettings,
    state: SearchState,
    train: Batches<'a>,
    held_out: Batches<'a>,
    /// What networks are compared with when the weights are trained: training images and held-out ones.
    whole: [&'a ImageSet; 2],
    normalization: &'a Normalization,
    log: Log,
    group_started: Instant,
}

impl Run<'_> {
    fn all_steps(
        &mut self,
        checkpoint: &Path,
        every: Duration,
        watcher: &mut dyn Watcher,
    ) -> Result<(), SearchError> {
        let mut saved = Instant::now();
        while self.state.step < self.settings.steps() {
            let step = self.state.step;
            let loss = if step < self.settings.weight_steps() { self.weight_step(step)? } else { f64::NAN };
            if self.settings.learns_at(step) {
                self.learn(step)?;
            }
            self.state.step += 1;
            self.write_log()?;
            let expected_ms = self.settings.latency.expected_ms(&self.state.strategy.probabilities())?;
            watcher.progress(&Progress {
                phase: self.phase(step).word(),
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
        match step {
            step if step < self.settings.warm_up_steps => Phase::WarmUp,
            step if step < self.settings.weight_steps() => Phase::Search,
            _ => Phase::Compare,
        }
    }

    /// Trains one path on one batch.
    fn weight_step(&mut self, step: u64) -> Result<f64, SearchError> {
        let mut rng = generator(self.settings.seed, Purpose::Path, step);
        let choices = match self.phase(step) {
            Phase::WarmUp => {
                let blocks = self.settings.latency.blocks_ms.iter();
                blocks.map(|block| rng.random_range(0..block.len())).collect()
            }
            _ => self.state.strategy.sample(&mut rng),
        };
        let batch = self.train.batch(step)?;
        let sgd = &self.settings.weights;
        let rate = sgd.rate(step, self.settings.weight_steps());
        let loss = sgd.step(&mut self.state.supernet.path(&choices), &batch, rate)?;
        if !loss.is_finite() {
            return Err(SearchError::Diverged { step, loss });
        }
        self.state.loss.add(loss);
        Ok(loss)
    }

    /// Has the strategy learn from held-out images.
    fn learn(&mut self, step: u64) -> Result<(), SearchError> {
        let Self { settings, state, .. } = self;
        let moment = Moment { seed: settings.seed, step, progress: settings.progress(step + 1) };
        let SearchState { supernet, strategy, .. } = state;
        let seen = if let Some(comparison) = settings.strategy.after_training() {
            let ([training, images], normalization, batch) = (self.whole, self.normalization, settings.batch);
            let (count, device) = (comparison.images, settings.device.open()?);
            let mut oracle = SetOracle { supernet, images, device, count, normalization, batch, training };
            strategy.learn(moment, &mut oracle)?
        } else {
            let batch = self.held_out.batch(step / settings.weight_steps_per_alpha_step)?;
            strategy.learn(moment, &mut BatchOracle { supernet, batch })?
        };
        seen.cross_entropy.into_iter().for_each(|value| state.held_out_loss.add(value));
        seen.accuracy.into_iter().for_each(|value| state.accuracy.add(value));
        Ok(())
    }

    fn write_log(&mut self) -> Result<(), SearchError> {
        let Self { settings, state, .. } = self;
        let done = state.step;
        if !done.is_multiple_of(settings.log_every) && done != settings.steps() {
            return Ok(());
        }
        let [loss, held_out, accuracy] =
            [&mut state.loss, &mut state.held_out_loss, &mut state.accuracy].map(std::mem::take);
        let probabilities = state.strategy.probabilities();
        let elapsed = self.group_started.elapsed().as_secs_f64();
        self.group_started = Instant::now();
        let last = settings.weight_steps().min(done) - 1;
        let line = LogLine {
            step: done,
            phase: self.phase(done - 1),
            loss: loss.value(),
            held_out_loss: held_out.value(),
            held_out_accuracy: accuracy.value(),
            expected_ms: self.settings.latency.expected_ms(&probabilities)?,
            target_ms: self.settings.target_ms,
            lambda: self.state.strategy.lambda(),
            relative_entropy: relative_entropy(&probabilities),
            learning_rate: self.settings.weights.rate(last, self.settings.weight_steps()),
            step_ms: elapsed * 1e3 / self.settings.steps_in_group(done) as f64,
            probabilities,
        };
        self.log.append(&line)
    }
}
