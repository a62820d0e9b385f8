//! Photos in one folder per class: the layout of ImageNet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use profiler::spec::FeatureMap;

use super::{ImageDataset, ImageSet, Photos, Pixels, open::Reader};
use crate::error::DatasetsError;

/// `train/CLASS/*.jpg|png` and `val/CLASS/…`; classes are numbered by the order of their names.
pub(super) struct ClassFolders;

const TRAIN: &str = "train";
const TEST: &str = "val";
const EXTENSIONS: [&str; 3] = ["jpg", "jpeg", "png"];

impl Reader for ClassFolders {
    fn recognizes(&self, folder: &Path) -> bool {
        folder.join(TRAIN).is_dir()
    }

    fn read(&self, folder: &Path, input: FeatureMap) -> Result<ImageDataset, DatasetsError> {
        if !matches!(input.channels, 1 | 3) {
            return Err(DatasetsError::Channels { folder: folder.into(), channels: input.channels });
        }
        let classes = class_names(&folder.join(TRAIN))?;
        let tested = class_names(&folder.join(TEST))?;
        if let Some(unknown) = tested.iter().find(|name| !classes.contains(name)) {
            return Err(DatasetsError::UnknownClass { folder: folder.join(TEST).join(unknown) });
        }
        let set = |part: &str, names: &[String]| image_set(&folder.join(part), names, &classes, input);
        Ok(ImageDataset { train: set(TRAIN, &classes)?, test: set(TEST, &tested)? })
    }
}

/// The photos of the classes `names` in a folder; their numbers are those in `classes`.
fn image_set(
    folder: &Path,
    names: &[String],
    classes: &[String],
    input: FeatureMap,
) -> Result<ImageSet, DatasetsError> {
    let (mut files, mut labels) = (Vec::new(), Vec::new());
    for name in names {
        let class = folder.join(name);
        let inside = photos(&class)?;
        if inside.is_empty() {
            return Err(DatasetsError::EmptyClass { folder: class });
        }
        // There are at most 65,536 classes; see `class_names`.
        let label = classes.binary_search(name).unwrap_or_default() as u16;
        labels.extend(std::iter::repeat_n(label, inside.len()));
        files.extend(inside.into_iter().map(|file| Path::new(name).join(file)));
    }
    let (height, width, channels) = (input.height as usize, input.width as usize, input.channels as usize);
    let pixels = Pixels::Photos(Photos { root: folder.into(), files: Arc::from(files) });
    Ok(ImageSet { pixels, height, width, channels, labels, classes: classes.len() })
}

/// Names of the folders in a folder, sorted.
fn class_names(folder: &Path) -> Result<Vec<String>, DatasetsError> {
    let mut names = Vec::new();
    for path in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        match path.file_name().and_then(|name| name.to_str()) {
            Some(name) if name.starts_with('.') => {}
            Some(name) => names.push(name.to_owned()),
            None => return Err(DatasetsError::BadName { path }),
        }
    }
    names.sort();
    let (value, limit) = (names.len() as u64, 1 + u64::from(u16::MAX));
    if (1..=limit).contains(&value) {
        return Ok(names);
    }
    Err(DatasetsError::AbsurdSize { path: folder.into(), what: "class folders", value, limit })
}

/// Names of the photos in a folder, sorted.
fn photos(folder: &Path) -> Result<Vec<PathBuf>, DatasetsError> {
    let is_photo = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        extension.is_some_and(|found| EXTENSIONS.iter().any(|known| found.eq_ignore_ascii_case(known)))
    };
    let found = entries(folder)?.into_iter().filter(|path| is_photo(path));
    let mut names: Vec<PathBuf> = found.filter_map(|path| path.file_name().map(PathBuf::from)).collect();
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DatasetsError> {
    let unreadable = |reason| DatasetsError::Unreadable { path: folder.into(), reason };
    let entries = folder.read_dir().map_err(unreadable)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(unreadable)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn put(folder: &Path, files: &[&str]) {
        for file in files {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"not looked at yet").unwrap();
        }
    }

    fn read(folder: &Path) -> Result<ImageDataset, DatasetsError> {
        ClassFolders.read(folder, FeatureMap::new(8, 8, 3).unwrap())
    }

    #[test]
    fn classes_are_numbered_by_name_and_other_files_are_left_alone() {
        let folder = TempDir::new().unwrap();
        let files = [
            "train/b/2.JPEG",
            "train/b/1.png",
            "train/a/x.jpg",
            "train/c/y.jpg",
            "train/a/notes.txt",
            "val/c/z.png",
        ];
        put(folder.path(), &files);
        assert!(ClassFolders.recognizes(folder.path()));
        let ImageDataset { train, test } = read(folder.path()).unwrap();
        assert_eq!((train.labels.as_slice(), train.classes), ([0, 1, 1, 2].as_slice(), 3));
        let Pixels::Photos(photos) = &train.pixels else { unreachable!() };
        assert_eq!(*photos.files, ["a/x.jpg", "b/1.png", "b/2.JPEG", "c/y.jpg"].map(PathBuf::from));
        // Class c alone is tested, and keeps its number.
        assert_eq!((test.labels.as_slice(), test.classes), ([2].as_slice(), 3));
    }

    #[test]
    fn what_is_wrong_with_the_folders_is_named() {
        let folder = TempDir::new().unwrap();
        put(folder.path(), &["train/a/1.jpg", "train/b/readme.txt"]);
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read ") && error.contains("val"), "{error}");
        put(folder.path(), &["val/a/1.jpg"]);
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("train/b` has no"), "{error}");
        put(folder.path(), &["train/b/1.jpg", "val/d/1.jpg"]);
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("val/d"), "{error}");
        let five = ClassFolders.read(folder.path(), FeatureMap::new(8, 8, 5).unwrap());
        assert!(five.unwrap_err().to_string().contains("5 channels"));
    }
}
