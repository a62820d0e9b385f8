use std::time::{Duration, Instant};

use datasets::images::{ImageSet, Pixels};
use profiler::{measure::upper_median, spec::SearchSpace};
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use tch::Device;

use crate::alpha::{Alphas, Pair};
use crate::data::{Augmentation, Batches, Flip, Normalization};
use crate::error::SearchError;
use crate::gates::gate_gradients;
use crate::module::GraphModule;
use crate::seed::{Purpose, generator};
use crate::sgd::Sgd;
use crate::supernet::Supernet;

/// Median times of the kinds of steps, in milliseconds, all in the same rounds; and medians over the rounds of what one took
/// over another right beside it, which a machine's slow minutes leave alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepTimes {
    /// A training step of the space's MobileNetV2-style network.
    pub(crate) plain_ms: f64,
    /// A weight step of the supernet on the same path.
    pub(crate) path_ms: f64,
    /// An architecture step: the same path with a graph, another one without.
    pub(crate) alpha_ms: f64,
    pub(crate) batch_ms: f64,
    pub(crate) path_over_plain: f64,
    pub(crate) alpha_over_plain: f64,
    pub(crate) batch_over_path: f64,
}

pub(crate) fn time_steps(
    space: &SearchSpace,
    sgd: &Sgd,
    batch: usize,
    threads: usize,
    rounds: usize,
) -> Result<StepTimes, SearchError> {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    let mut rng = generator(0, Purpose::Weights, 0);
    let (images, normalization) = random_batches(space, batch, &mut rng);
    let batches = batches(&images, &normalization, batch)?;
    let choices = baseline_choices(space)?;
    let mut plain = GraphModule::new(space.baseline()?.graph().clone(), &mut rng, Device::Cpu)?;
    let mut supernet = Supernet::new(space, &mut rng, Device::Cpu)?;
    let pairs = other_pairs(space, &choices, &mut rng);

    let mut times: [Vec<f64>; 4] = Default::default();
    // The first rounds make libtorch choose its kernels.
    for round in 0..rounds + 3 {
        let step = round as u64;
        let mut took = [Duration::ZERO; 4];
        let start = Instant::now();
        let batch = batches.batch(step)?;
        took[3] = start.elapsed();
        // In turns, so that a disturbance hits all kinds alike.
        for turn in 0..3 {
            let kind = (turn + round) % 3;
            let start = Instant::now();
            match kind {
                0 => sgd.step(&mut plain, &batch, 0.01).map(drop)?,
                1 => sgd.step(&mut supernet.path(&choices), &batch, 0.01).map(drop)?,
                _ => gate_gradients(&supernet, &pairs, &choices, &batch).map(drop)?,
            }
            took[kind] = start.elapsed();
        }
        if round >= 3 {
            times.iter_mut().zip(took).for_each(|(times, took)| times.push(took.as_secs_f64() * 1e3));
        }
    }
    let median = |times: &[f64]| upper_median(times).unwrap_or(f64::NAN);
    let over = |of: usize, over: usize| {
        median(&times[of].iter().zip(&times[over]).map(|(of, over)| of / over).collect::<Vec<_>>())
    };
    let (path_over_plain, alpha_over_plain, batch_over_path) = (over(1, 0), over(2, 0), over(3, 1));
    let [plain_ms, path_ms, alpha_ms, batch_ms] = [0, 1, 2, 3].map(|kind: usize| median(&times[kind]));
    Ok(StepTimes {
        plain_ms,
        path_ms,
        alpha_ms,
        batch_ms,
        path_over_plain,
        alpha_over_plain,
        batch_over_path,
    })
}

/// Random images for four steps.
pub(super) fn random_batches(
    space: &SearchSpace,
    batch: usize,
    rng: &mut Pcg64,
) -> (ImageSet, Normalization) {
    let (input, count) = (space.input(), 4 * batch);
    let pixels = Pixels::Bytes((0..count as u64 * input.elements()).map(|_| rng.random()).collect());
    let classes = space.classes().min(256) as usize;
    let labels = (0..count).map(|index| (index % classes) as u16).collect();
    let (height, width) = (input.height as usize, input.width as usize);
    let images = ImageSet { pixels, height, width, channels: input.channels as usize, labels, classes };
    let normalization = Normalization::of(&images);
    (images, normalization)
}

pub(super) fn batches<'a>(
    images: &'a ImageSet,
    normalization: &Normalization,
    batch: usize,
) -> Result<Batches<'a>, SearchError> {
    let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal, ..Augmentation::NONE };
    let purposes = [Purpose::Order, Purpose::Augmentation];
    Batches::new(images, normalization, batch, 0, purposes, augmentation, Device::Cpu)
}

/// The path of the space's MobileNetV2-style network.
pub(super) fn baseline_choices(space: &SearchSpace) -> Result<Vec<usize>, SearchError> {
    let network = space.baseline()?;
    let labels = network.path().map(|(_, labels)| labels.to_vec()).unwrap_or_default();
    Ok(space.choices(&labels)?)
}

/// That path against another, random one.
pub(super) fn other_pairs(space: &SearchSpace, choices: &[usize], rng: &mut Pcg64) -> Vec<Option<Pair>> {
    let counts: Vec<_> = space.blocks().iter().map(|block| block.candidates.len()).collect();
    let others = Alphas::new(&counts).sample_path(rng);
    let pair = |((&first, &other), &count): ((&usize, &usize), &usize)| {
        let second = if other == first { (other + 1) % count } else { other };
        (count > 1).then_some(Pair { first, second })
    };
    choices.iter().zip(&others).zip(&counts).map(pair).collect()
}
