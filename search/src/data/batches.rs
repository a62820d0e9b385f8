use std::cell::RefCell;

use datasets::images::{Framing, ImageSet};
use rand::seq::SliceRandom;
use tch::{Device, Tensor};

use super::feeder::{Feeder, Pick};
use super::{Augmentation, Normalization, Placement};
use crate::error::SearchError;
use crate::seed::{Purpose, generator};

/// Images and labels of one step.
#[derive(Debug)]
pub struct Batch {
    /// `[n, c, h, w]`, normalized; channels last in memory, which is faster on CPUs.
    pub images: Tensor,
    /// `[n]`.
    pub labels: Tensor,
}

/// Batches in shuffled order, a new one every epoch; what is left over at an epoch's end waits for another epoch.
///
/// Photos of the batches that come next are decoded while a step runs.
#[derive(Debug)]
pub struct Batches<'a> {
    feeder: Feeder<'a>,
    size: usize,
    seed: u64,
    purposes: [Purpose; 2],
    augmentation: Augmentation,
    /// The order of the last two epochs that were asked for.
    orders: RefCell<Vec<(u64, Vec<usize>)>>,
}

impl<'a> Batches<'a> {
    /// Batches of `size` images; `purposes` are what order and augmentation are drawn for.
    ///
    /// # Errors
    /// [`SearchError::BatchSize`] when there are fewer images than that, or none are asked for.
    pub fn new(
        images: &'a ImageSet,
        normalization: &Normalization,
        size: usize,
        seed: u64,
        purposes: [Purpose; 2],
        augmentation: Augmentation,
        device: Device,
    ) -> Result<Self, SearchError> {
        if size == 0 || size > images.len() {
            return Err(SearchError::BatchSize { size, images: images.len() });
        }
        augmentation.check()?;
        let (feeder, orders) = (Feeder::new(images, normalization, device), RefCell::new(Vec::new()));
        Ok(Self { feeder, size, seed, purposes, augmentation, orders })
    }

    pub(crate) fn per_epoch(&self) -> u64 {
        (self.feeder.images().len() / self.size) as u64
    }

    /// The batch of a step, from 0.
    ///
    /// # Errors
    /// [`SearchError::Torch`]; [`SearchError::Images`] naming a photo that cannot be used.
    pub fn batch(&self, step: u64) -> Result<Batch, SearchError> {
        self.feeder.batch(step, |step| Some(self.picks(step)))
    }

    fn picks(&self, step: u64) -> Vec<Pick> {
        let (epoch, position) = (step / self.per_epoch(), (step % self.per_epoch()) as usize);
        let mut orders = self.orders.borrow_mut();
        if orders.iter().all(|(there, _)| *there != epoch) {
            let mut indices: Vec<usize> = (0..self.feeder.images().len()).collect();
            indices.shuffle(&mut generator(self.seed, self.purposes[0], epoch));
            // Two, because photos are decoded ahead into the next epoch.
            orders.truncate(1);
            orders.insert(0, (epoch, indices));
        }
        let order = orders.iter().find(|(there, _)| *there == epoch).map_or(&[][..], |(_, order)| order);
        let mut rng = generator(self.seed, self.purposes[1], step);
        // Numbers of their own: other images are not changed by what photos need.
        let mut framing_rng = generator(self.seed ^ self.purposes[1] as u64, Purpose::Framing, step);
        let mut pick = |&index: &usize| {
            let framing = if self.feeder.has_photos() {
                self.augmentation.frame(&mut framing_rng)
            } else {
                Framing::Middle
            };
            Pick { index, placement: self.augmentation.place(&mut rng), framing }
        };
        order[position * self.size..(position + 1) * self.size].iter().map(&mut pick).collect()
    }
}

/// All images in their order, unchanged (of photos the middle), in batches of `size` and a smaller last one.
pub fn whole_batches<'a>(
    images: &'a ImageSet,
    normalization: &Normalization,
    size: usize,
    device: Device,
) -> impl Iterator<Item = Result<Batch, SearchError>> + 'a {
    let (feeder, size) = (Feeder::new(images, normalization, device), size.max(1));
    let plan = move |number: u64| {
        let start = number as usize * size;
        let end = (start + size).min(images.len());
        let pick = |index| Pick { index, placement: Placement::default(), framing: Framing::Middle };
        (start < end).then(|| (start..end).map(pick).collect())
    };
    (0..images.len().div_ceil(size) as u64).map(move |number| feeder.batch(number, plan))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Flip;
    use datasets::images::Pixels;

    /// Ten images of 2 × 2 pixels and two channels; all pixels of image i are i, its label is i.
    fn ten() -> ImageSet {
        let pixels = Pixels::Bytes((0..10).flat_map(|i| [i; 8]).collect());
        ImageSet { pixels, height: 2, width: 2, channels: 2, labels: (0..10).collect(), classes: 10 }
    }

    fn plain() -> Normalization {
        Normalization { mean: vec![0.0, 0.0], deviation: vec![1.0, 1.0] }
    }

    fn batches(
        images: &ImageSet,
        size: usize,
        augmentation: Augmentation,
    ) -> Result<Batches<'_>, SearchError> {
        let purposes = [Purpose::Order, Purpose::Augmentation];
        Batches::new(images, &plain(), size, 1, purposes, augmentation, Device::Cpu)
    }

    fn labels(batch: &Batch) -> Vec<i64> {
        Vec::try_from(&batch.labels).unwrap()
    }

    #[test]
    fn an_epoch_shows_every_image_once_and_pairs_it_with_its_label() {
        let images = ten();
        let batches = batches(&images, 5, Augmentation::NONE).unwrap();
        assert_eq!(batches.per_epoch(), 2);
        let mut seen = Vec::new();
        for step in 0..2 {
            let batch = batches.batch(step).unwrap();
            assert_eq!(batch.images.size(), [5, 2, 2, 2]);
            let first_pixels: Vec<f32> =
                Vec::try_from(batch.images.select(1, 1).select(1, 0).select(1, 1).contiguous()).unwrap();
            let found = labels(&batch);
            assert_eq!(first_pixels, found.iter().map(|&label| label as f32).collect::<Vec<_>>());
            seen.extend(found);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_batch_depends_on_its_step_alone() {
        let images = ten();
        let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal, ..Augmentation::NONE };
        let (forward, backward) =
            (batches(&images, 4, augmentation).unwrap(), batches(&images, 4, augmentation).unwrap());
        let first: Vec<_> = (0..6).map(|step| forward.batch(step).unwrap()).collect();
        for step in (0..6).rev() {
            let again = backward.batch(step).unwrap();
            assert_eq!(again.images, first[step as usize].images);
            assert_eq!(labels(&again), labels(&first[step as usize]));
        }
        assert_ne!(labels(&first[0]), labels(&first[2]), "a new order every epoch");
    }

    #[test]
    fn whole_batches_keep_the_order_and_the_rest() {
        let images = ten();
        let all: Vec<_> = whole_batches(&images, &plain(), 4, Device::Cpu).map(Result::unwrap).collect();
        assert_eq!(all.iter().map(|batch| labels(batch).len()).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(all.iter().flat_map(labels).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn more_than_there_are_is_refused() {
        let images = ten();
        let error = batches(&images, 11, Augmentation::NONE).unwrap_err().to_string();
        assert!(error.contains("11") && error.contains("10"), "{error}");
        assert!(batches(&images, 0, Augmentation::NONE).is_err());
    }
}
