//! CIFAR-10's binary version.
//!
//! Every record is a label (0 to 9) and 32 × 32 pixels, all red ones first, then green, then blue, row by row.
//! Source: A. Krizhevsky, "The CIFAR-10 dataset", section "Binary version".

use std::{fs::File, io::Read, path::Path};

use profiler::spec::FeatureMap;

use super::open::{Reader, find};
use super::{ImageDataset, ImageSet, Pixels};
use crate::error::DatasetsError;

const TRAIN: [&str; 5] =
    ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"];
const TEST: [&str; 1] = ["test_batch.bin"];
const SIDE: usize = 32;
const PIXELS: usize = 3 * SIDE * SIDE;
const RECORD: usize = 1 + PIXELS;
const CLASSES: u8 = 10;
/// Ten times what a file of the original holds.
const MOST_RECORDS: u64 = 100_000;

/// Five training files and one test file, uncompressed.
pub(super) struct Cifar10;

impl Reader for Cifar10 {
    fn recognizes(&self, folder: &Path) -> bool {
        find(folder, TRAIN[0]).is_ok()
    }

    fn read(&self, folder: &Path, _: FeatureMap) -> Result<ImageDataset, DatasetsError> {
        Ok(ImageDataset { train: read_files(folder, &TRAIN)?, test: read_files(folder, &TEST)? })
    }
}

fn read_files(folder: &Path, files: &[&'static str]) -> Result<ImageSet, DatasetsError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(file);
        if !path.is_file() {
            return Err(DatasetsError::MissingFile { folder: folder.into(), file });
        }
        read_file(&path, &mut pixels, &mut labels)?;
    }
    let pixels = Pixels::Bytes(pixels);
    Ok(ImageSet { pixels, height: SIDE, width: SIDE, channels: 3, labels, classes: CLASSES.into() })
}

fn read_file(path: &Path, pixels: &mut Vec<u8>, labels: &mut Vec<u16>) -> Result<(), DatasetsError> {
    let limit = MOST_RECORDS * RECORD as u64;
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|reason| DatasetsError::Unreadable { path: path.into(), reason })?;
    let length = bytes.len() as u64;
    if length > limit {
        return Err(DatasetsError::AbsurdSize { path: path.into(), what: "bytes", value: length, limit });
    }
    if bytes.is_empty() || !bytes.len().is_multiple_of(RECORD) {
        let reason = format!("{length} bytes are not a whole number of records of {RECORD} bytes");
        return Err(DatasetsError::BadImage { path: path.into(), reason });
    }
    for (index, record) in bytes.chunks_exact(RECORD).enumerate() {
        if record[0] >= CLASSES {
            let reason = format!("image {index} has label {}, outside 0 to {}", record[0], CLASSES - 1);
            return Err(DatasetsError::BadImage { path: path.into(), reason });
        }
        labels.push(record[0].into());
        pixels.extend_from_slice(&record[1..]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A record whose red pixels are `label` + 1, green + 2, blue + 3.
    fn record(label: u8) -> Vec<u8> {
        let plane = |value| vec![value; SIDE * SIDE];
        [vec![label], plane(label + 1), plane(label + 2), plane(label + 3)].concat()
    }

    fn write(folder: &Path) {
        for (index, name) in TRAIN.into_iter().chain(TEST).enumerate() {
            std::fs::write(folder.join(name), [record(index as u8), record(9)].concat()).unwrap();
        }
    }

    fn read(folder: &Path) -> Result<ImageDataset, DatasetsError> {
        Cifar10.read(folder, FeatureMap::new(32, 32, 3).unwrap())
    }

    #[test]
    fn files_follow_each_other_and_colours_stay_apart() {
        let folder = TempDir::new().unwrap();
        write(folder.path());
        assert!(Cifar10.recognizes(folder.path()));
        let ImageDataset { train, test } = read(folder.path()).unwrap();
        assert_eq!(train.labels, [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
        assert_eq!((test.labels.as_slice(), test.classes), ([5, 9].as_slice(), 10));
        let image = train.image(2).unwrap();
        assert_eq!([image[0], image[1023], image[1024], image[2048], image[3071]], [2, 2, 3, 4, 4]);
    }

    #[test]
    fn damage_is_named_with_its_file() {
        let folder = TempDir::new().unwrap();
        write(folder.path());
        let path = folder.path().join("data_batch_3.bin");
        std::fs::write(&path, &record(1)[..RECORD - 1]).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("data_batch_3.bin") && error.contains("3072 bytes are not"), "{error}");
        std::fs::write(&path, [record(1), record(10)].concat()).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("image 1 has label 10, outside 0 to 9"), "{error}");
        std::fs::remove_file(&path).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("has no `data_batch_3.bin`"), "{error}");
    }
}
