//! A supernet and held-out images: what a strategy asks in a search.

use datasets::images::ImageSet;
use tch::Device;

use crate::{
    SearchError,
    alpha::{GateGradient, Pair},
    data::{Batch, Normalization, whole_batches},
    gates::gate_gradients,
    module::Mode,
    sgd::accuracy,
    strategy::Oracle,
    supernet::Supernet,
};

/// Least number of images whose statistics stand for those of all.
const STATISTICS_BATCH: usize = 100;

/// One batch of held-out images.
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
    /// Images at a time; at least 100 are taken, because their statistics normalize.
    pub batch: usize,
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

    /// With the batch's statistics: the running ones mix all paths that were trained.
    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        let size = self.batch.max(STATISTICS_BATCH);
        let batches = whole_batches(self.images, self.normalization, size, self.device);
        let batches = batches.take(self.count.div_ceil(size));
        accuracy(&self.supernet.path(path), batches, Mode::Probe)
    }
}
