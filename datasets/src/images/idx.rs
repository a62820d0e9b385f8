//! IDX, the format of MNIST and its relatives: a big-endian header, then bytes; plain or gzip-compressed.
//!
//! Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".

use super::{ImageSet, Pixels};
use crate::error::DatasetsError;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek};
use std::path::Path;

/// Two zero bytes, 0x08 for unsigned bytes, then the number of dimensions.
const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Ten times the largest relative of MNIST; a header beyond it is damage, not data.
const MOST_IMAGES: u64 = 10_000_000;
const LONGEST_SIDE: u64 = 4096;
/// What one set may take in memory.
const MOST_BYTES: u64 = 4 << 30;

/// Reads an IDX file of grey images and the IDX file of their labels.
///
/// # Errors
/// [`DatasetsError`] naming the file: unreadable, wrong magic number, truncated, too long, absurd sizes, or a count
/// that differs between the two.
pub fn read_idx_pair(images_path: &Path, labels_path: &Path) -> Result<ImageSet, DatasetsError> {
    let labels = read_labels(labels_path)?;
    let mut file = IdxFile::open(images_path)?;
    file.expect_magic("images", IMAGES_MAGIC)?;
    let count = file.size("images", MOST_IMAGES)?;
    let height = file.size("rows", LONGEST_SIDE)?;
    let width = file.size("columns", LONGEST_SIDE)?;
    if count != labels.len() as u64 {
        return Err(DatasetsError::CountMismatch {
            images_path: images_path.into(),
            images: count as usize,
            labels_path: labels_path.into(),
            labels: labels.len(),
        });
    }
    let images = file.payload("pixels", count * height * width)?;
    let classes = labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
    let labels = labels.into_iter().map(u16::from).collect();
    let (pixels, height, width) = (Pixels::Bytes(images), height as usize, width as usize);
    Ok(ImageSet { pixels, height, width, channels: 1, labels, classes })
}

fn read_labels(path: &Path) -> Result<Vec<u8>, DatasetsError> {
    let mut file = IdxFile::open(path)?;
    file.expect_magic("labels", LABELS_MAGIC)?;
    let count = file.size("labels", MOST_IMAGES)?;
    file.payload("labels", count)
}

/// An opened IDX file, decompressed while it is read.
struct IdxFile<'a> {
    path: &'a Path,
    reader: Box<dyn Read>,
}

impl<'a> IdxFile<'a> {
    fn open(path: &'a Path) -> Result<Self, DatasetsError> {
        let unreadable = |reason| DatasetsError::Unreadable { path: path.into(), reason };
        let mut file = File::open(path).map_err(unreadable)?;
        let mut start = Vec::new();
        // The content decides, not the name: downloads lose and gain `.gz` easily.
        file.by_ref().take(2).read_to_end(&mut start).map_err(unreadable)?;
        file.rewind().map_err(unreadable)?;
        let file = BufReader::new(file);
        let reader: Box<dyn Read> =
            if start == GZIP_MAGIC { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { path, reader })
    }

    fn expect_magic(&mut self, kind: &'static str, expected: u32) -> Result<(), DatasetsError> {
        let found = self.word()?;
        if found == expected {
            return Ok(());
        }
        Err(DatasetsError::WrongMagic { path: self.path.into(), kind, expected, found })
    }

    /// Next header value, checked against `limit`.
    fn size(&mut self, what: &'static str, limit: u64) -> Result<u64, DatasetsError> {
        let value = u64::from(self.word()?);
        if (1..=limit).contains(&value) {
            return Ok(value);
        }
        Err(DatasetsError::AbsurdSize { path: self.path.into(), what, value, limit })
    }

    fn word(&mut self) -> Result<u32, DatasetsError> {
        let bytes = self.at_most(4)?;
        match <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(word) => Ok(u32::from_be_bytes(word)),
            Err(_) => Err(self.truncated("header", 4, bytes.len())),
        }
    }

    /// The rest of the file, which must be exactly `length` bytes.
    fn payload(&mut self, what: &'static str, length: u64) -> Result<Vec<u8>, DatasetsError> {
        if length > MOST_BYTES {
            let path = self.path.into();
            return Err(DatasetsError::AbsurdSize { path, what, value: length, limit: MOST_BYTES });
        }
        let bytes = self.at_most(length)?;
        if (bytes.len() as u64) < length {
            return Err(self.truncated(what, length, bytes.len()));
        }
        if !self.at_most(1)?.is_empty() {
            return Err(DatasetsError::TrailingBytes { path: self.path.into(), expected: length });
        }
        Ok(bytes)
    }

    /// Up to `length` bytes. Memory grows with what is there, not with what a header claims.
    fn at_most(&mut self, length: u64) -> Result<Vec<u8>, DatasetsError> {
        let mut bytes = Vec::new();
        match self.reader.by_ref().take(length).read_to_end(&mut bytes) {
            // A cut gzip stream reports its end as an error; what was decoded before it is kept in `bytes`.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && !bytes.is_empty() => Ok(bytes),
            Err(reason) => Err(DatasetsError::Unreadable { path: self.path.into(), reason }),
            Ok(_) => Ok(bytes),
        }
    }

    fn truncated(&self, what: &'static str, expected: u64, found: usize) -> DatasetsError {
        DatasetsError::Truncated { path: self.path.into(), what, expected, found: found as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use std::{io::Write, path::PathBuf};
    use tempfile::TempDir;

    fn idx(words: &[u32], payload: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        bytes.extend_from_slice(payload);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn write_pair(images: &[u8], labels: &[u8]) -> (TempDir, PathBuf, PathBuf) {
        let folder = TempDir::new().unwrap();
        let (images_path, labels_path) = (folder.path().join("images"), folder.path().join("labels"));
        std::fs::write(&images_path, images).unwrap();
        std::fs::write(&labels_path, labels).unwrap();
        (folder, images_path, labels_path)
    }

    fn read(images: &[u8], labels: &[u8]) -> Result<ImageSet, DatasetsError> {
        let (_folder, images_path, labels_path) = write_pair(images, labels);
        read_idx_pair(&images_path, &labels_path)
    }

    /// Two images of 2 rows × 3 columns.
    fn good_images() -> Vec<u8> {
        idx(&[IMAGES_MAGIC, 2, 2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    }

    fn good_labels() -> Vec<u8> {
        idx(&[LABELS_MAGIC, 2], &[4, 0])
    }

    #[test]
    fn plain_and_gzip_read_the_same() {
        let plain = read(&good_images(), &good_labels()).unwrap();
        assert_eq!((plain.height, plain.width, plain.channels), (2, 3, 1));
        assert_eq!(plain.image(1).unwrap(), [7, 8, 9, 10, 11, 12]);
        assert_eq!((plain.labels.as_slice(), plain.classes), ([4, 0].as_slice(), 5));
        assert_eq!(read(&gzip(&good_images()), &gzip(&good_labels())).unwrap(), plain);
    }

    #[test]
    fn swapped_files_are_named_by_their_magic() {
        let error = read(&good_labels(), &good_images()).unwrap_err().to_string();
        assert!(
            error.contains("labels` starts with 0x00000803, but IDX labels start with 0x00000801"),
            "{error}"
        );
    }

    #[test]
    fn missing_and_extra_bytes_are_counted() {
        let mut short = good_images();
        short.truncate(short.len() - 5);
        let error = read(&short, &good_labels()).unwrap_err().to_string();
        assert!(error.ends_with("its header promises 12 bytes of pixels, 7 are there"), "{error}");

        let mut long = good_labels();
        long.push(1);
        let error = read(&good_images(), &long).unwrap_err().to_string();
        assert!(error.ends_with("has more bytes than the 2 its header promises"), "{error}");
    }

    #[test]
    fn absurd_sizes_are_refused_before_memory_is_taken() {
        let error = read(&idx(&[IMAGES_MAGIC, 2, 0, 3], &[]), &good_labels()).unwrap_err().to_string();
        assert!(error.ends_with("claims 0 rows, outside 1 to 4096"), "{error}");
        let error = read(&good_images(), &idx(&[LABELS_MAGIC, u32::MAX], &[])).unwrap_err().to_string();
        assert!(error.ends_with("claims 4294967295 labels, outside 1 to 10000000"), "{error}");
        // 2000 · 4096 · 4096 bytes = 33.6 GB.
        let (images, labels) =
            (idx(&[IMAGES_MAGIC, 2000, 4096, 4096], &[]), idx(&[LABELS_MAGIC, 2000], &[0; 2000]));
        let error = read(&images, &labels).unwrap_err();
        assert!(matches!(error, DatasetsError::AbsurdSize { what: "pixels", .. }), "{error}");
    }

    #[test]
    fn counts_must_pair_up() {
        let error = read(&good_images(), &idx(&[LABELS_MAGIC, 3], &[0, 1, 2])).unwrap_err().to_string();
        assert!(error.contains("has 2 images, but ") && error.ends_with("has 3 labels"), "{error}");
    }

    #[test]
    fn damaged_gzip_is_unreadable_and_missing_file_says_so() {
        let mut damaged = gzip(&good_images());
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 0xff;
        assert!(matches!(read(&damaged, &good_labels()), Err(DatasetsError::Unreadable { .. })));
        let (_folder, images_path, _) = write_pair(&good_images(), &good_labels());
        let error = read_idx_pair(&images_path, Path::new("no-such-file")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `no-such-file`: "), "{error}");
    }

    proptest! {
        #[test]
        fn any_cut_is_an_error(cut in 0_usize..28, compressed: bool) {
            let bytes = if compressed { gzip(&good_images()) } else { good_images() };
            prop_assume!(cut < bytes.len());
            prop_assert!(read(&bytes[..cut], &good_labels()).is_err());
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(read(&bytes, &good_labels()).is_err());
        }
    }
}
