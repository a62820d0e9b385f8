use profiler::{record::read_text, spec::SearchSpace};
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use super::kept::{all_paths_mib, network_mib};
use super::steps::{baseline_choices, other_pairs, random_batches};
use crate::alpha::Alphas;
use crate::error::SearchError;
use crate::gates::gate_gradients;
use crate::module::{GraphModule, Mode, Network, Parameter};
use crate::seed::{Purpose, generator};
use crate::sgd::Sgd;
use crate::supernet::Supernet;

/// Kinds of steps whose memory is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Training the space's MobileNetV2-style network.
    Plain,
    /// A weight step of the supernet on the same path.
    Path,
    /// An architecture step: the plain network's path with a graph, another one without.
    Pair,
    /// A weight step on a path drawn with equal chances, as in a warm-up. The plain network's path has the larger
    /// expansion everywhere and skips nothing.
    Sampled,
    /// A weight step of the supernet with all candidates at once.
    All,
}

impl Kind {
    pub(crate) const EACH: [Self; 5] = [Self::Plain, Self::Path, Self::Pair, Self::Sampled, Self::All];

    /// How many steps of this kind are measured, each in its own process.
    pub(crate) fn draws(self) -> u64 {
        if self == Self::Sampled { 6 } else { 1 }
    }

    /// What a step of this kind keeps of a batch for the way back, counted from shapes, in MiB; `None` where it is no
    /// weight step. Of sampled paths the mean.
    pub(crate) fn kept_mib(self, space: &SearchSpace, batch: usize) -> Result<Option<f64>, SearchError> {
        match self {
            Self::Plain | Self::Path => Ok(Some(network_mib(&space.baseline()?, batch))),
            Self::Pair => Ok(None),
            Self::All => Ok(Some(all_paths_mib(space, batch)?)),
            Self::Sampled => {
                let mut sum = 0.0;
                for draw in 0..self.draws() {
                    sum += network_mib(&space.network("sampled", &sampled(space, draw))?, batch);
                }
                Ok(Some(sum / self.draws() as f64))
            }
        }
    }
}

/// A path drawn with equal chances.
fn sampled(space: &SearchSpace, draw: u64) -> Vec<usize> {
    let counts: Vec<_> = space.blocks().iter().map(|block| block.candidates.len()).collect();
    Alphas::new(&counts).sample_path(&mut generator(0, Purpose::Path, draw))
}

/// Resident memory of a process, in MiB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    /// The process's own with the weights, before the first step: without what is mapped from files.
    pub(crate) before_mib: f64,
    /// The largest of everything, after three steps.
    pub(crate) peak_mib: f64,
    /// Of that, pages of the program and of libtorch's libraries, which are read in as they are used: after three steps.
    pub(crate) program_mib: f64,
}

impl Memory {
    /// What the steps needed beyond the weights and the program itself.
    pub(crate) fn step_mib(&self) -> f64 {
        self.peak_mib - self.program_mib - self.before_mib
    }
}

/// All candidates of every block at once, mixed with equal weights.
struct AllPaths<'a>(&'a mut Supernet);

impl Network for AllPaths<'_> {
    fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, SearchError> {
        let mut x = self.0.stem(images, mode)?;
        for (block, count) in self.0.counts().into_iter().enumerate() {
            let mut sum = self.0.candidate(block, 0, &x, mode)?.f_mul_scalar(1.0 / count as f64)?;
            for candidate in 1..count {
                let output = self.0.candidate(block, candidate, &x, mode)?;
                sum = sum.f_add(&output.f_mul_scalar(1.0 / count as f64)?)?;
            }
            x = sum;
        }
        self.0.head(&x, mode)
    }

    fn parameters_mut(&mut self) -> Vec<&mut Parameter> {
        self.0.parameters_mut()
    }
}

/// Memory of this process before and during three steps of a kind, on random images; call it once per process.
/// `draw` says which path where one is drawn.
pub(crate) fn measure_memory(
    kind: Kind,
    draw: u64,
    space: &SearchSpace,
    sgd: &Sgd,
    batch: usize,
    threads: usize,
) -> Result<Memory, SearchError> {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    let mut rng = generator(0, Purpose::Weights, 0);
    let (images, normalization) = random_batches(space, batch, &mut rng);
    let batches = super::steps::batches(&images, &normalization, batch)?;
    let choices = baseline_choices(space)?;
    if kind == Kind::Plain {
        let mut plain = GraphModule::new(space.baseline()?.graph().clone(), &mut rng, Device::Cpu)?;
        return during(|step| sgd.step(&mut plain, &batches.batch(step)?, 0.01).map(drop));
    }
    let mut supernet = Supernet::new(space, &mut rng, Device::Cpu)?;
    let pairs = other_pairs(space, &choices, &mut rng);
    let drawn = sampled(space, draw);
    during(|step| {
        let batch = batches.batch(step)?;
        match kind {
            Kind::Pair => gate_gradients(&supernet, &pairs, &choices, &batch).map(drop),
            Kind::All => sgd.step(&mut AllPaths(&mut supernet), &batch, 0.01).map(drop),
            Kind::Sampled => sgd.step(&mut supernet.path(&drawn), &batch, 0.01).map(drop),
            Kind::Plain | Kind::Path => sgd.step(&mut supernet.path(&choices), &batch, 0.01).map(drop),
        }
    })
}

fn during(mut step: impl FnMut(u64) -> Result<(), SearchError>) -> Result<Memory, SearchError> {
    let before_mib = resident_mib("RssAnon:")?;
    (0..3).try_for_each(&mut step)?;
    Ok(Memory { before_mib, peak_mib: resident_mib("VmHWM:")?, program_mib: resident_mib("RssFile:")? })
}

/// A field of `/proc/self/status`, which is in KiB.
fn resident_mib(field: &str) -> Result<f64, SearchError> {
    let path = std::path::Path::new("/proc/self/status");
    let text = read_text(path)?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse::<f64>().ok());
    let missing =
        || profiler::record::ReadError::Content { path: path.to_owned(), reason: format!("no {field}") };
    Ok(value.ok_or_else(missing)? / 1024.0)
}
