use std::{io, path::PathBuf};

/// What a data file or folder got wrong. Every message names the file and the offending value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetsError {
    /// The operating system, or the decompressor, could not read the path.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable {
        /// File or folder that was read.
        path: PathBuf,
        /// Reason given by the reader.
        reason: io::Error,
    },
    /// None of the accepted names of a needed file exists.
    #[error(
        "`{}` has no `{file}` (also looked for `{file}.gz`, and one folder deeper); `tests/setup/images.sh` fetches \
         Fashion-MNIST, or give a folder that holds the four files of an MNIST-style data set",
        folder.display()
    )]
    MissingFile {
        /// Folder that was searched.
        folder: PathBuf,
        /// The file's usual name.
        file: &'static str,
    },
    /// More than one folder could be meant.
    #[error("both `{}` and `{}` hold `{file}`: give one of the two folders", first.display(), second.display())]
    AmbiguousFolder {
        /// First folder found.
        first: PathBuf,
        /// Second folder found.
        second: PathBuf,
        /// The file that both hold.
        file: &'static str,
    },
    /// The file does not start with the magic number of its kind.
    #[error("`{}` starts with {found:#010x}, but IDX {kind} start with {expected:#010x}", path.display())]
    WrongMagic {
        /// File that was read.
        path: PathBuf,
        /// What the file should hold: `images` or `labels`.
        kind: &'static str,
        /// Magic number of that kind.
        expected: u32,
        /// First four bytes, big-endian.
        found: u32,
    },
    /// The file ends before the bytes its header promises.
    #[error("`{}` is truncated: its header promises {expected} bytes of {what}, {found} are there", path.display())]
    Truncated {
        /// File that was read.
        path: PathBuf,
        /// The part that is too short.
        what: &'static str,
        /// Bytes promised.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The file goes on after the bytes its header promises.
    #[error("`{}` has more bytes than the {expected} its header promises", path.display())]
    TrailingBytes {
        /// File that was read.
        path: PathBuf,
        /// Bytes promised.
        expected: u64,
    },
    /// A header value is zero or larger than any data set this reader is for.
    #[error("`{}` claims {value} {what}, outside 1 to {limit}", path.display())]
    AbsurdSize {
        /// File that was read.
        path: PathBuf,
        /// What is counted.
        what: &'static str,
        /// The header's value.
        value: u64,
        /// Largest accepted value.
        limit: u64,
    },
    /// Images and labels do not pair up.
    #[error("`{}` has {images} images, but `{}` has {labels} labels", images_path.display(), labels_path.display())]
    CountMismatch {
        /// File with the images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
        /// File with the labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
    },
    /// Training and test images differ in shape.
    #[error("training images are {train} pixels, test images {test}, in `{}`", folder.display())]
    ShapeMismatch {
        /// Folder of the data set.
        folder: PathBuf,
        /// Height × width of training images.
        train: String,
        /// Height × width of test images.
        test: String,
    },
    /// A test label that no training image has.
    #[error("a test label in `{}` is {label}, but training labels end at {largest}", folder.display())]
    UnknownLabel {
        /// Folder of the data set.
        folder: PathBuf,
        /// The label.
        label: u8,
        /// Largest training label.
        largest: u8,
    },
    /// A hold-out that leaves one side empty.
    #[error("cannot hold out {held_out} of {available} images: both parts need at least one")]
    BadHoldOut {
        /// Images asked for.
        held_out: usize,
        /// Images there are.
        available: usize,
    },
}
