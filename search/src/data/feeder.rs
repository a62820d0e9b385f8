use std::cell::RefCell;

use datasets::images::{Framing, ImageSet, PhotoRequest, Pixels, ReadAhead};
use tch::{Device, Tensor};

use super::{Batch, Normalization, Placement};
use crate::error::SearchError;

/// Most threads that decode photos: they take their share of the processors that train.
const MOST_DECODERS: usize = 8;

#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub(super) index: usize,
    pub(super) placement: Placement,
    pub(super) framing: Framing,
}

#[derive(Debug)]
pub(super) struct Feeder<'a> {
    images: &'a ImageSet,
    tables: Vec<[f32; 256]>,
    device: Device,
    photos: Option<RefCell<ReadAhead>>,
}

impl<'a> Feeder<'a> {
    pub(super) fn new(images: &'a ImageSet, normalization: &Normalization, device: Device) -> Self {
        let photos = match &images.pixels {
            Pixels::Bytes(_) => None,
            Pixels::Photos(photos) => {
                // On a GPU the processors have nothing better to do.
                let all = std::thread::available_parallelism().map_or(1, usize::from);
                let threads = if device == Device::Cpu { all.div_ceil(2) } else { all };
                let shape = [images.channels, images.height, images.width];
                Some(RefCell::new(ReadAhead::new(photos, shape, threads.min(MOST_DECODERS))))
            }
        };
        Self { images, tables: normalization.tables(), device, photos }
    }

    pub(super) fn images(&self) -> &'a ImageSet {
        self.images
    }

    /// Whether images are photos, which are shown in parts.
    pub(super) fn has_photos(&self) -> bool {
        self.photos.is_some()
    }

    /// Batch `number`; `plan` says what a batch is made of.
    pub(super) fn batch(
        &self,
        number: u64,
        plan: impl Fn(u64) -> Option<Vec<Pick>>,
    ) -> Result<Batch, SearchError> {
        let missing = datasets::DatasetsError::NoSuchBatch { number };
        let picks = plan(number).ok_or(missing)?;
        let decoded = match &self.photos {
            None => None,
            Some(ahead) => {
                let request = |pick: Pick| PhotoRequest { index: pick.index, framing: pick.framing };
                let requests =
                    |number| plan(number).map(|picks| picks.into_iter().map(request).collect::<Vec<_>>());
                Some(ahead.borrow_mut().take(number, requests)?)
            }
        };
        self.assemble(&picks, decoded.as_deref())
    }

    /// Translates bytes into numbers, channels last in memory; `decoded` holds the picked images, `[n, c, h, w]`.
    fn assemble(&self, picks: &[Pick], decoded: Option<&[u8]>) -> Result<Batch, SearchError> {
        let images = self.images;
        let (channels, plane, size) = (images.channels, images.height * images.width, images.image_bytes());
        let mut pixels = vec![0.0_f32; picks.len() * size];
        let mut labels = Vec::with_capacity(picks.len());
        for (position, (pick, output)) in picks.iter().zip(pixels.chunks_exact_mut(size)).enumerate() {
            let source = match decoded {
                Some(decoded) => decoded.get(position * size..(position + 1) * size),
                None => images.image(pick.index),
            };
            let (Some(source), Some(label)) = (source, images.labels.get(pick.index)) else {
                let (index, available) = (pick.index, images.len());
                return Err(datasets::DatasetsError::NoSuchImage { index, available }.into());
            };
            for (channel, table) in self.tables.iter().enumerate() {
                let plane = &source[channel * plane..(channel + 1) * plane];
                pick.placement.write(plane, images.width, table, &mut output[channel..], channels);
            }
            labels.push(i64::from(*label));
        }
        let [n, c] = [picks.len() as i64, channels as i64];
        let rows_first = [n, images.height as i64, images.width as i64, c];
        let images = Tensor::f_from_slice(&pixels)?.f_view(rows_first)?.f_permute([0, 3, 1, 2])?;
        let labels = Tensor::f_from_slice(&labels)?;
        Ok(Batch { images: images.f_to_device(self.device)?, labels: labels.f_to_device(self.device)? })
    }
}
