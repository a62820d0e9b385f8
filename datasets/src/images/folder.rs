use super::{ImageSet, read_idx_pair};
use crate::DatasetsError;
use std::path::{Path, PathBuf};

/// Training and test images of one data set.
#[derive(Clone, Debug)]
pub struct ImageDataset {
    /// Images to learn from; search holds some of them out.
    pub train: ImageSet,
    /// Images to look at once, at the end; same shape and classes as `train`.
    pub test: ImageSet,
}

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Reads the MNIST-style data set (MNIST, Fashion-MNIST, KMNIST) in `folder`, or in exactly one folder inside it.
///
/// Each of the four IDX files may be plain or `.gz`.
///
/// # Errors
/// [`DatasetsError`]: a file is missing (and how to get it), two folders could be meant, a file is damaged, or the
/// two parts differ in shape or classes.
pub fn open_images(folder: &Path) -> Result<ImageDataset, DatasetsError> {
    let folder = locate(folder)?;
    let read = |images, labels| read_idx_pair(&find(&folder, images)?, &find(&folder, labels)?);
    let train = read(TRAIN_IMAGES, TRAIN_LABELS)?;
    let mut test = read(TEST_IMAGES, TEST_LABELS)?;
    let shape = |set: &ImageSet| format!("{}x{}", set.height, set.width);
    if shape(&train) != shape(&test) {
        return Err(DatasetsError::ShapeMismatch { folder, train: shape(&train), test: shape(&test) });
    }
    if let Some(&label) = test.labels.iter().find(|&&label| usize::from(label) >= train.classes) {
        let largest = train.labels.iter().copied().max().unwrap_or_default();
        return Err(DatasetsError::UnknownLabel { folder, label, largest });
    }
    test.classes = train.classes;
    Ok(ImageDataset { train, test })
}

/// `folder` itself if it holds the training images, else the one folder in it that does.
fn locate(folder: &Path) -> Result<PathBuf, DatasetsError> {
    let unreadable = |reason| DatasetsError::Unreadable { path: folder.into(), reason };
    let mut inside = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() && find(&path, TRAIN_IMAGES).is_ok() {
            inside.push(path);
        }
    }
    inside.sort();
    if find(folder, TRAIN_IMAGES).is_ok() {
        return Ok(folder.into());
    }
    match inside.as_slice() {
        [] => Err(DatasetsError::MissingFile { folder: folder.into(), file: TRAIN_IMAGES }),
        [only] => Ok(only.clone()),
        [first, second, ..] => Err(DatasetsError::AmbiguousFolder {
            first: first.clone(),
            second: second.clone(),
            file: TRAIN_IMAGES,
        }),
    }
}

/// Path of `file` in `folder`, plain or compressed.
fn find(folder: &Path, file: &'static str) -> Result<PathBuf, DatasetsError> {
    [folder.join(file), folder.join(format!("{file}.gz"))]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| DatasetsError::MissingFile { folder: folder.into(), file })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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

    fn write_dataset(folder: &Path, test_width: u32, test_labels: &[u8]) {
        write_part(folder, [TRAIN_IMAGES, TRAIN_LABELS], 3, &[0, 1, 2]);
        write_part(folder, [TEST_IMAGES, TEST_LABELS], test_width, test_labels);
    }

    #[test]
    fn found_in_the_folder_and_one_deeper() {
        let outer = TempDir::new().unwrap();
        write_dataset(&outer.path().join("fashion"), 3, &[1]);
        let nested = open_images(outer.path()).unwrap();
        let direct = open_images(&outer.path().join("fashion")).unwrap();
        assert_eq!((nested.train.len(), nested.test.len()), (3, 1));
        // The test part alone would claim 2 classes.
        assert_eq!((nested.train.classes, nested.test.classes), (3, 3));
        assert_eq!(nested.train, direct.train);
    }

    #[test]
    fn the_missing_file_is_named() {
        let folder = TempDir::new().unwrap();
        let error = open_images(folder.path()).unwrap_err().to_string();
        assert!(error.contains("has no `train-images-idx3-ubyte`"), "{error}");
        write_dataset(folder.path(), 3, &[1]);
        std::fs::remove_file(folder.path().join(TEST_LABELS)).unwrap();
        let error = open_images(folder.path()).unwrap_err().to_string();
        assert!(error.contains("has no `t10k-labels-idx1-ubyte`"), "{error}");
        assert!(error.contains("tests/setup/images.sh"), "{error}");
    }

    #[test]
    fn two_data_sets_are_not_guessed_between() {
        let outer = TempDir::new().unwrap();
        write_dataset(&outer.path().join("a"), 3, &[1]);
        write_dataset(&outer.path().join("b"), 3, &[1]);
        assert!(matches!(open_images(outer.path()), Err(DatasetsError::AmbiguousFolder { .. })));
    }

    #[test]
    fn parts_must_fit_together() {
        let folder = TempDir::new().unwrap();
        write_dataset(folder.path(), 4, &[1]);
        let error = open_images(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("training images are 1x3 pixels, test images 1x4"), "{error}");
        write_dataset(folder.path(), 3, &[1, 7]);
        let error = open_images(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is 7, but training labels end at 2"), "{error}");
    }

    #[test]
    fn no_such_folder_says_so() {
        let error = open_images(Path::new("no-such-folder")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `no-such-folder`: "), "{error}");
    }
}
