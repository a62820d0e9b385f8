use super::HoldOut;
use crate::DatasetsError;

/// Labelled images of one size, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Pixels 0 to 255, row-major `[n, channels, height, width]`.
    pub images: Vec<u8>,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Channels of an image: 1 is grey.
    pub channels: usize,
    /// One class index per image, each below `classes`.
    pub labels: Vec<u8>,
    /// Number of classes: the largest label plus one.
    pub classes: usize,
}

impl ImageSet {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes of one image: `channels · height · width`.
    #[must_use]
    pub fn image_bytes(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of image `index`, `[channels, height, width]`; `None` past the end.
    #[must_use]
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let size = self.image_bytes();
        self.images.get(index.checked_mul(size)?..index.checked_add(1)?.checked_mul(size)?)
    }

    /// Copy of the images at `indices`, in that order; the number of classes stays. `None` if one is past the end.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Option<Self> {
        let mut images = Vec::with_capacity(indices.len() * self.image_bytes());
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            images.extend_from_slice(self.image(index)?);
            labels.push(*self.labels.get(index)?);
        }
        Some(Self { images, labels, ..*self })
    }

    /// The images to learn from, and those kept aside.
    ///
    /// # Errors
    /// [`DatasetsError::BadHoldOut`] if either part would be empty.
    pub fn hold_out(&self, hold_out: HoldOut) -> Result<(Self, Self), DatasetsError> {
        let split = hold_out.split(self.len())?;
        match (self.select(&split.train), self.select(&split.validation)) {
            (Some(train), Some(held_out)) => Ok((train, held_out)),
            _ => unreachable!("a split of as many images names only these"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn three_images() -> ImageSet {
        ImageSet {
            images: vec![0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23],
            height: 2,
            width: 2,
            channels: 1,
            labels: vec![0, 1, 2],
            classes: 3,
        }
    }

    #[test]
    fn select_keeps_order_pairing_and_classes() {
        let picked = three_images().select(&[2, 0]).unwrap();
        assert_eq!(picked.images, [20, 21, 22, 23, 0, 1, 2, 3]);
        assert_eq!(picked.labels, [2, 0]);
        assert_eq!(picked.classes, 3);
    }

    #[test]
    fn held_out_images_are_not_learned_from() {
        let (train, held_out) = three_images().hold_out(HoldOut { count: 1, seed: 3 }).unwrap();
        let mut labels = [train.labels, held_out.labels.clone()].concat();
        labels.sort_unstable();
        assert_eq!((labels, held_out.len()), (vec![0, 1, 2], 1));
        let image = usize::from(held_out.labels[0]);
        assert_eq!(held_out.images, three_images().image(image).unwrap());
        assert!(three_images().hold_out(HoldOut { count: 3, seed: 3 }).is_err());
    }

    #[test]
    fn an_index_past_the_end_is_none() {
        assert_eq!(three_images().image(3), None);
        assert_eq!(three_images().image(usize::MAX), None);
        assert_eq!(three_images().select(&[0, 3]), None);
    }
}
