use datasets::images::ImageSet;
use tch::Device;

use crate::alpha::{GateGradient, Pair};
use crate::data::{Augmentation, Batch, Batches, Normalization, whole_batches};
use crate::error::SearchError;
use crate::gates::gate_gradients;
use crate::module::{Mode, Network};
use crate::seed::Purpose;
use crate::sgd::accuracy;
use crate::strategy::Oracle;
use crate::supernet::Supernet;

/// Training images whose statistics normalize a path.
const CALIBRATION_IMAGES: usize = 1000;
/// Least number of them at a time.
const CALIBRATION_BATCH: usize = 100;

#[derive(Debug)]
pub(super) struct BatchOracle<'a> {
    pub(super) supernet: &'a mut Supernet,
    pub(super) batch: Batch,
}

impl Oracle for BatchOracle<'_> {
    fn gates(
        &mut self,
        pairs: &[Option<Pair>],
        rest: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
        gate_gradients(self.supernet, pairs, rest, &self.batch)
    }

    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        let batch =
            Batch { images: self.batch.images.shallow_clone(), labels: self.batch.labels.shallow_clone() };
        accuracy(&self.supernet.path(path), std::iter::once(Ok(batch)), Mode::Probe)
    }
}

/// A fixed set of held-out images, for weights that do not change any more.
#[derive(Debug)]
pub struct SetOracle<'a> {
    /// The weights.
    pub supernet: &'a mut Supernet,
    /// The images.
    pub images: &'a ImageSet,
    /// Where the weights are.
    pub device: Device,
    /// How many of them are looked at, from the first; a begun batch is looked at whole.
    pub count: usize,
    /// Of the training images.
    pub normalization: &'a Normalization,
    /// Images at a time.
    pub batch: usize,
    /// The training images.
    pub training: &'a ImageSet,
}

impl Oracle for SetOracle<'_> {
    fn gates(
        &mut self,
        pairs: &[Option<Pair>],
        rest: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
        let size = self.count.clamp(1, self.images.len().max(1));
        let mut batches = whole_batches(self.images, self.normalization, size, self.device);
        let none = || SearchError::BatchSize { size: self.batch, images: 0 };
        gate_gradients(self.supernet, pairs, rest, &batches.next().ok_or_else(none)??)
    }

    /// With statistics of its own: those that run during a search mix all paths that were trained, and are none's.
    /// Source: Cai et al., "Once-for-all", arXiv:1908.09791, whose code takes them anew of training images.
    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        let size = self.batch.max(CALIBRATION_BATCH).min(self.training.len());
        let (purposes, device) = ([Purpose::Order, Purpose::Augmentation], self.device);
        let known = Augmentation::NONE;
        let batches = Batches::new(self.training, self.normalization, size, 0, purposes, known, device)?;
        let count = (CALIBRATION_IMAGES.div_ceil(size) as u64).min(batches.per_epoch());
        let path = self.supernet.path(path);
        for index in 0..count {
            let (images, mode) = (batches.batch(index)?.images, Mode::Calibrate(index as u32));
            let _ = tch::no_grad(|| path.forward(&images, mode))?;
        }
        let batches = whole_batches(self.images, self.normalization, self.batch, self.device);
        accuracy(&path, batches.take(self.count.div_ceil(self.batch)), Mode::Evaluate)
    }
}
