//! Steps of every kind at full size, on photos from files, with the memory they take.

use std::time::{Duration, Instant};

use datasets::images::ImageDataset;
use profiler::{device::peak_memory_kib, spec::SearchSpace};
use serde::Serialize;

use crate::alpha::Alphas;
use crate::data::{Augmentation, Batches, ComputeDevice, Flip, Normalization, check_images};
use crate::error::SearchError;
use crate::gates::gate_gradients;
use crate::module::GraphModule;
use crate::seed::{Purpose, generator};
use crate::sgd::Sgd;
use crate::supernet::Supernet;
use crate::watch::{Progress, Watcher};

#[derive(Clone, Copy, Debug)]
pub(crate) struct FullSizeOptions {
    pub(crate) sgd: Sgd,
    pub(crate) batch: usize,
    pub(crate) steps: u64,
    pub(crate) threads: usize,
    pub(crate) device: ComputeDevice,
}

/// One kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct StepKind {
    pub(crate) name: &'static str,
    pub(crate) steps: u64,
    /// Mean time of a step without its data, in milliseconds.
    pub(crate) step_ms: f64,
    /// Mean time for which a step waited for its data, in milliseconds.
    pub(crate) data_ms: f64,
    pub(crate) last_loss: f64,
    /// Most memory that this process had in use so far, in MiB; `None` where the system does not say.
    pub(crate) peak_mib: Option<f64>,
}

/// Runs weight steps on random paths of a space's supernet, architecture steps, then training steps of its MobileNetV2-style
/// network.
pub(crate) fn run_steps(
    space: &SearchSpace,
    images: &ImageDataset,
    options: &FullSizeOptions,
    watcher: &mut dyn Watcher,
) -> Result<Vec<StepKind>, SearchError> {
    check_images(&images.train, space.input(), space.classes())?;
    tch::set_num_threads(i32::try_from(options.threads).unwrap_or(i32::MAX));
    let device = options.device.open()?;
    let mut rng = generator(0, Purpose::Weights, 0);
    let augmentation = Augmentation { shift: 0, flip: Flip::Horizontal, smallest_area: 0.35 };
    let normalization = Normalization::of(&images.train);
    let purposes = [Purpose::Order, Purpose::Augmentation];
    let batches =
        Batches::new(&images.train, &normalization, options.batch, 0, purposes, augmentation, device)?;
    let mut supernet = Supernet::new(space, &mut rng, device)?;
    let counts: Vec<_> = space.blocks().iter().map(|block| block.candidates.len()).collect();
    let alphas = Alphas::new(&counts);
    let mut plain = GraphModule::new(space.baseline()?.graph().clone(), &mut rng, device)?;

    let names = ["weight step, one path", "architecture step, two paths", "training the plain network"];
    let (mut kinds, all) = (Vec::new(), options.steps * names.len() as u64);
    for (kind, name) in names.into_iter().enumerate() {
        let (mut waited, mut worked, mut last_loss) = (Duration::ZERO, Duration::ZERO, f64::NAN);
        for index in 0..options.steps {
            let step = kind as u64 * options.steps + index;
            let start = Instant::now();
            let batch = batches.batch(step)?;
            waited += start.elapsed();
            let start = Instant::now();
            last_loss = match kind {
                0 => {
                    let path = alphas.sample_path(&mut generator(0, Purpose::Path, step));
                    options.sgd.step(&mut supernet.path(&path), &batch, 1e-3)?
                }
                1 => {
                    let pairs = alphas.sample_pairs(&mut generator(0, Purpose::Pairs, step));
                    let rest = vec![0; pairs.len()];
                    gate_gradients(&supernet, &pairs, &rest, &batch)?.0
                }
                _ => options.sgd.step(&mut plain, &batch, 1e-3)?,
            };
            worked += start.elapsed();
            if !last_loss.is_finite() {
                return Err(SearchError::Diverged { step, loss: last_loss });
            }
            let (step, loss) = (step + 1, last_loss);
            watcher.progress(&Progress { phase: name, step, steps: all, loss, expected_ms: None });
            if watcher.stop_requested() {
                return Err(SearchError::Stopped);
            }
        }
        let mean_ms = |time: Duration| time.as_secs_f64() * 1e3 / options.steps.max(1) as f64;
        kinds.push(StepKind {
            name,
            steps: options.steps,
            step_ms: mean_ms(worked),
            data_ms: mean_ms(waited),
            last_loss,
            peak_mib: peak_memory_kib().map(|kib| kib as f64 / 1024.0),
        });
    }
    Ok(kinds)
}
