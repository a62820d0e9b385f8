//! Batches of a set of images, each a function of its step alone.

use std::cell::RefCell;

use datasets::images::ImageSet;
use rand::seq::SliceRandom;
use tch::{Device, Tensor};

use super::{Augmentation, Normalization, Placement};
use crate::{
    SearchError,
    seed::{Purpose, generator},
};

/// Images and labels of one step.
#[derive(Debug)]
pub struct Batch {
    /// `[n, c, h, w]`, normalized; channels last in memory, which is faster on CPUs.
    pub images: Tensor,
    /// `[n]`.
    pub labels: Tensor,
}

/// Batches in shuffled order, a new one every epoch; what is left over at an epoch's end waits for another epoch.
#[derive(Debug)]
pub struct Batches<'a> {
    images: &'a ImageSet,
    tables: Vec<[f32; 256]>,
    size: usize,
    seed: u64,
    purposes: [Purpose; 2],
    augmentation: Augmentation,
    device: Device,
    order: RefCell<(u64, Vec<usize>)>,
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
        let (tables, order) = (normalization.tables(), RefCell::new((u64::MAX, Vec::new())));
        Ok(Self { images, tables, size, seed, purposes, augmentation, device, order })
    }

    /// Batches in an epoch.
    #[must_use]
    pub fn per_epoch(&self) -> u64 {
        (self.images.len() / self.size) as u64
    }

    /// The batch of a step, from 0.
    ///
    /// # Errors
    /// [`SearchError::Torch`].
    pub fn batch(&self, step: u64) -> Result<Batch, SearchError> {
        let (epoch, position) = (step / self.per_epoch(), (step % self.per_epoch()) as usize);
        let mut order = self.order.borrow_mut();
        if order.0 != epoch {
            let mut indices: Vec<usize> = (0..self.images.len()).collect();
            indices.shuffle(&mut generator(self.seed, self.purposes[0], epoch));
            *order = (epoch, indices);
        }
        let indices = &order.1[position * self.size..(position + 1) * self.size];
        let mut rng = generator(self.seed, self.purposes[1], step);
        let place = || self.augmentation.place(&mut rng);
        assemble(self.images, &self.tables, indices, place, self.device)
    }
}

/// All images in their order, unchanged, in batches of `size` and a smaller last one.
pub fn whole_batches<'a>(
    images: &'a ImageSet,
    normalization: &Normalization,
    size: usize,
    device: Device,
) -> impl Iterator<Item = Result<Batch, SearchError>> + 'a {
    let tables = normalization.tables();
    let indices: Vec<usize> = (0..images.len()).collect();
    let starts = (0..images.len()).step_by(size.max(1));
    starts.map(move |start| {
        let end = (start + size.max(1)).min(indices.len());
        assemble(images, &tables, &indices[start..end], Placement::default, device)
    })
}

fn assemble(
    images: &ImageSet,
    tables: &[[f32; 256]],
    indices: &[usize],
    mut place: impl FnMut() -> Placement,
    device: Device,
) -> Result<Batch, SearchError> {
    let (channels, plane) = (images.channels, images.height * images.width);
    let mut pixels = vec![0.0_f32; indices.len() * images.image_bytes()];
    let mut labels = Vec::with_capacity(indices.len());
    for (&index, output) in indices.iter().zip(pixels.chunks_exact_mut(images.image_bytes())) {
        let placement = place();
        let start = index * images.image_bytes();
        let source = &images.images[start..start + images.image_bytes()];
        for (channel, table) in tables.iter().enumerate() {
            let plane = &source[channel * plane..(channel + 1) * plane];
            placement.write(plane, images.width, table, &mut output[channel..], channels);
        }
        labels.push(i64::from(images.labels[index]));
    }
    let [n, c] = [indices.len() as i64, channels as i64];
    let rows_first = [n, images.height as i64, images.width as i64, c];
    let images = Tensor::f_from_slice(&pixels)?.f_view(rows_first)?.f_permute([0, 3, 1, 2])?;
    let labels = Tensor::f_from_slice(&labels)?;
    Ok(Batch { images: images.f_to_device(device)?, labels: labels.f_to_device(device)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::data::Flip;

    /// Ten images of 2 × 2 pixels and two channels; all pixels of image i are i, its label is i.
    fn ten() -> ImageSet {
        let images = (0..10).flat_map(|i| [i; 8]).collect();
        ImageSet { images, height: 2, width: 2, channels: 2, labels: (0..10).collect(), classes: 10 }
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
        let augmentation = Augmentation { shift: 1, flip: Flip::Horizontal };
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
