//! MNIST-style data sets: MNIST, Fashion-MNIST, KMNIST.

use std::path::Path;

use profiler::spec::FeatureMap;

use super::open::{Reader, find};
use super::{ImageDataset, read_idx_pair};
use crate::error::DatasetsError;

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Four IDX files, each plain or `.gz`.
pub(super) struct Mnist;

impl Reader for Mnist {
    fn recognizes(&self, folder: &Path) -> bool {
        find(folder, TRAIN_IMAGES).is_ok()
    }

    fn read(&self, folder: &Path, _: FeatureMap) -> Result<ImageDataset, DatasetsError> {
        let read = |images, labels| read_idx_pair(&find(folder, images)?, &find(folder, labels)?);
        let train = read(TRAIN_IMAGES, TRAIN_LABELS)?;
        let mut test = read(TEST_IMAGES, TEST_LABELS)?;
        // Some classes may have no test image.
        test.classes = test.classes.max(train.classes);
        Ok(ImageDataset { train, test })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use tempfile::TempDir;

    /// An IDX image file of `labels.len()` images of 1 row × `width` columns and its label file.
    fn write_part(folder: &Path, names: [&str; 2], width: u32, labels: &[u8]) {
        let count = (labels.len() as u32).to_be_bytes();
        let pixels = vec![9; labels.len() * width as usize];
        let images = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 1], &width.to_be_bytes(), &pixels].concat();
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(names[0]), images).unwrap();
        std::fs::write(folder.join(names[1]), [&[0, 0, 8, 1][..], &count, labels].concat()).unwrap();
    }

    /// Three training images of 1 × 3 pixels, labels 0 to 2, and test images.
    pub(crate) fn write_dataset(folder: &Path, test_width: u32, test_labels: &[u8]) {
        write_part(folder, [TRAIN_IMAGES, TRAIN_LABELS], 3, &[0, 1, 2]);
        write_part(folder, [TEST_IMAGES, TEST_LABELS], test_width, test_labels);
    }

    #[test]
    fn the_missing_file_is_named() {
        let folder = TempDir::new().unwrap();
        write_dataset(folder.path(), 3, &[1]);
        std::fs::remove_file(folder.path().join(TEST_LABELS)).unwrap();
        let error = Mnist.read(folder.path(), FeatureMap::new(1, 3, 1).unwrap()).unwrap_err().to_string();
        assert!(error.contains("has no `t10k-labels-idx1-ubyte`"), "{error}");
    }
}
