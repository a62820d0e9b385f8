//! One way in for all kinds of data sets.

use std::path::{Path, PathBuf};

use profiler::spec::FeatureMap;

use super::{ImageSet, cifar::Cifar10, class_folders::ClassFolders, mnist::Mnist};
use crate::error::DatasetsError;

/// Training and test images of one data set.
#[derive(Clone, Debug)]
pub struct ImageDataset {
    /// Images to learn from; search holds some of them out.
    pub train: ImageSet,
    /// Images to look at once, at the end; same shape and classes as `train`.
    pub test: ImageSet,
}

/// A kind of data set.
pub(super) trait Reader: Sync {
    /// Whether a folder is of this kind, by a look at its names alone.
    fn recognizes(&self, folder: &Path) -> bool;

    /// Reads the data set; photos are cut and scaled to the network's `input`, other images come as they are.
    fn read(&self, folder: &Path, input: FeatureMap) -> Result<ImageDataset, DatasetsError>;
}

/// All kinds. A new one is a file and a line here.
const READERS: [&dyn Reader; 3] = [&Mnist, &Cifar10, &ClassFolders];

/// Opens the data set in `folder`, or in exactly one folder inside it, for a network with this `input`.
///
/// Kinds: MNIST-style (four IDX files, plain or `.gz`), CIFAR-10's binary version, and photos in
/// `train/CLASS/` and `val/CLASS/` (JPEG, PNG), which are decoded when they are needed.
///
/// # Errors
/// [`DatasetsError`]: nothing of these kinds is there, two folders could be meant, a file is missing or damaged, or
/// training and test images differ in shape or classes.
pub fn open_images(folder: &Path, input: FeatureMap) -> Result<ImageDataset, DatasetsError> {
    let unreadable = |reason| DatasetsError::Unreadable { path: folder.into(), reason };
    let mut inside = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        inside.extend(path.is_dir().then_some(path));
    }
    inside.sort();
    let reader = |folder: &Path| READERS.into_iter().find(|reader| reader.recognizes(folder));
    let (folder, reader) = match reader(folder) {
        Some(reader) => (folder.to_owned(), reader),
        None => {
            let mut found: Vec<_> =
                inside.into_iter().filter_map(|path| reader(&path).map(|reader| (path, reader))).collect();
            match (found.pop(), found.pop()) {
                (None, _) => return Err(DatasetsError::NoDataSet { folder: folder.into() }),
                (Some(only), None) => only,
                (Some(second), Some(first)) => {
                    return Err(DatasetsError::AmbiguousFolder { first: first.0, second: second.0 });
                }
            }
        }
    };
    let dataset = reader.read(&folder, input)?;
    check(&folder, &dataset)?;
    Ok(dataset)
}

/// Checks that both parts have one shape, and that the test images have no class of their own.
fn check(folder: &Path, ImageDataset { train, test }: &ImageDataset) -> Result<(), DatasetsError> {
    let shape = |set: &ImageSet| format!("{}x{}", set.height, set.width);
    if shape(train) != shape(test) {
        let (train, test) = (shape(train), shape(test));
        return Err(DatasetsError::ShapeMismatch { folder: folder.into(), train, test });
    }
    match test.labels.iter().find(|&&label| usize::from(label) >= train.classes) {
        None => Ok(()),
        Some(&label) => {
            let largest = train.classes.saturating_sub(1);
            Err(DatasetsError::UnknownLabel { folder: folder.into(), label, largest })
        }
    }
}

/// Path of `file` in `folder`, plain or compressed.
pub(super) fn find(folder: &Path, file: &'static str) -> Result<PathBuf, DatasetsError> {
    [folder.join(file), folder.join(format!("{file}.gz"))]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| DatasetsError::MissingFile { folder: folder.into(), file })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::mnist::tests::write_dataset;
    use tempfile::TempDir;

    fn open(folder: &Path) -> Result<ImageDataset, DatasetsError> {
        open_images(folder, FeatureMap::new(1, 3, 1).unwrap())
    }

    #[test]
    fn found_in_the_folder_and_one_deeper() {
        let outer = TempDir::new().unwrap();
        write_dataset(&outer.path().join("fashion"), 3, &[1]);
        let nested = open(outer.path()).unwrap();
        let direct = open(&outer.path().join("fashion")).unwrap();
        assert_eq!((nested.train.len(), nested.test.len()), (3, 1));
        // The test part alone would claim 2 classes.
        assert_eq!((nested.train.classes, nested.test.classes), (3, 3));
        assert_eq!(nested.train, direct.train);
    }

    #[test]
    fn an_unknown_folder_says_what_is_read() {
        let folder = TempDir::new().unwrap();
        let error = open(folder.path()).unwrap_err().to_string();
        for layout in ["train-images-idx3-ubyte", "data_batch_1.bin", "train/CLASS", "tests/setup/images.sh"]
        {
            assert!(error.contains(layout), "{error}");
        }
    }

    #[test]
    fn two_data_sets_are_not_guessed_between() {
        let outer = TempDir::new().unwrap();
        write_dataset(&outer.path().join("a"), 3, &[1]);
        write_dataset(&outer.path().join("b"), 3, &[1]);
        let error = open(outer.path()).unwrap_err();
        assert!(
            matches!(&error, DatasetsError::AmbiguousFolder { first, .. } if first.ends_with("a")),
            "{error}"
        );
    }

    #[test]
    fn parts_must_fit_together() {
        let folder = TempDir::new().unwrap();
        write_dataset(folder.path(), 4, &[1]);
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("training images are 1x3 pixels, test images 1x4"), "{error}");
        write_dataset(folder.path(), 3, &[1, 7]);
        let error = open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is 7, but training labels end at 2"), "{error}");
    }

    #[test]
    fn no_such_folder_says_so() {
        let error = open(Path::new("no-such-folder")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `no-such-folder`: "), "{error}");
    }
}
