use sha2::{Digest, Sha256};

use super::{HoldOut, Photos};
use crate::error::DatasetsError;

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// All in memory: pixels 0 to 255, row-major `[n, channels, height, width]`.
    Bytes(Vec<u8>),
    /// In files, to be decoded one by one.
    Photos(Photos),
}

/// Labelled images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// The images.
    pub pixels: Pixels,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Channels of an image: 1 is grey.
    pub channels: usize,
    /// One class index per image, each below `classes`.
    pub labels: Vec<u16>,
    /// Number of classes.
    pub classes: usize,
}

impl ImageSet {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes of one image: `channels · height · width`.
    pub fn image_bytes(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of image `index`, `[channels, height, width]`; `None` past the end and for photos.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let Pixels::Bytes(bytes) = &self.pixels else { return None };
        let size = self.image_bytes();
        bytes.get(index.checked_mul(size)?..index.checked_add(1)?.checked_mul(size)?)
    }

    /// 16 hexadecimal digits that other images or labels do not share: a checksum of all pixels and labels, of photos of
    /// the files' names in place of the pixels.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        match &self.pixels {
            Pixels::Bytes(bytes) => hash.update(bytes),
            Pixels::Photos(photos) => photos.files.iter().for_each(|file| {
                hash.update(file.as_os_str().as_encoded_bytes());
                hash.update([0]);
            }),
        }
        self.labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Copy of the images at `indices`, in that order; the number of classes stays. `None` if one is past the end.
    pub fn select(&self, indices: &[usize]) -> Option<Self> {
        let labels = indices.iter().map(|&index| self.labels.get(index).copied()).collect::<Option<_>>()?;
        let pixels = match &self.pixels {
            Pixels::Photos(photos) => Pixels::Photos(photos.select(indices)?),
            Pixels::Bytes(_) => {
                let mut bytes = Vec::with_capacity(indices.len() * self.image_bytes());
                for &index in indices {
                    bytes.extend_from_slice(self.image(index)?);
                }
                Pixels::Bytes(bytes)
            }
        };
        Some(Self { pixels, labels, ..*self })
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
    use super::*;

    fn three_images() -> ImageSet {
        ImageSet {
            pixels: Pixels::Bytes(vec![0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]),
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
        assert_eq!(picked.pixels, Pixels::Bytes(vec![20, 21, 22, 23, 0, 1, 2, 3]));
        assert_eq!(picked.labels, [2, 0]);
        assert_eq!(picked.classes, 3);
    }

    #[test]
    fn a_fingerprint_is_of_pixels_and_labels() {
        let images = three_images();
        // SHA-256 of the bytes 0 1 2 3 10 11 12 13 20 21 22 23, then 0 0 1 0 2 0, by sha256sum.
        assert_eq!(images.fingerprint(), "2ad413b4f976857a");
        let mut other = images.clone();
        other.labels[1] = 0;
        assert_ne!(images.fingerprint(), other.fingerprint());
        let photos = |names: &[&str]| ImageSet {
            pixels: Pixels::Photos(Photos {
                root: "x".into(),
                files: names.iter().map(Into::into).collect(),
            }),
            ..images.clone()
        };
        assert_ne!(photos(&["a", "bc"]).fingerprint(), photos(&["ab", "c"]).fingerprint());
    }

    #[test]
    fn held_out_images_are_not_learned_from() {
        let (train, held_out) = three_images().hold_out(HoldOut { count: 1, seed: 3 }).unwrap();
        let mut labels = [train.labels, held_out.labels.clone()].concat();
        labels.sort_unstable();
        assert_eq!((labels, held_out.len()), (vec![0, 1, 2], 1));
        let image = usize::from(held_out.labels[0]);
        assert_eq!(held_out.image(0).unwrap(), three_images().image(image).unwrap());
        assert!(three_images().hold_out(HoldOut { count: 3, seed: 3 }).is_err());
    }

    #[test]
    fn an_index_past_the_end_is_none() {
        assert_eq!(three_images().image(3), None);
        assert_eq!(three_images().image(usize::MAX), None);
        assert_eq!(three_images().select(&[0, 3]), None);
    }
}
