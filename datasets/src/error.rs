use std::{io, path::PathBuf};

/// What a data file or folder got wrong. Every message names the file and the offending value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // Each field is what the message says of it.
pub enum DatasetsError {
    /// A latency table by a name that none has.
    #[error("there is no latency table `{name}`: there are {}", known.join(", "))]
    NoSuchTable { name: String, known: &'static [&'static str] },
    /// The operating system, or the decompressor, could not read the path.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    /// None of the known data sets is there.
    #[error(
        "no data set in `{}`, nor one folder deeper: expected `train-images-idx3-ubyte` and its three companions \
         (MNIST-style; `tests/setup/images.sh` fetches Fashion-MNIST), `data_batch_1.bin` and the others of CIFAR-10, \
         or photos in `train/CLASS` and `val/CLASS`",
        folder.display()
    )]
    NoDataSet { folder: PathBuf },
    /// A file of a data set is missing.
    #[error(
        "`{}` has no `{file}`, which belongs to the other files there",
        folder.display()
    )]
    MissingFile { folder: PathBuf, file: &'static str },
    /// More than one folder could be meant.
    #[error("both `{}` and `{}` hold a data set: give one of the two folders", first.display(), second.display())]
    AmbiguousFolder { first: PathBuf, second: PathBuf },
    /// A file that cannot be written.
    #[error("cannot write `{}`: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: String },
    /// A folder with photos that were not drawn.
    #[error("`{}` was not drawn: give a folder of its own for drawn photos", path.display())]
    NotDrawn { path: PathBuf },
    /// A file that holds no usable image.
    #[error("`{}`: {reason}", path.display())]
    BadImage { path: PathBuf, reason: String },
    /// A class without a photo.
    #[error("`{}` has no .jpg, .jpeg or .png file: a class needs at least one photo", folder.display())]
    EmptyClass { folder: PathBuf },
    /// A class that is tested but not trained.
    #[error("`{}` is a class that the training images do not have", folder.display())]
    UnknownClass { folder: PathBuf },
    /// A class whose name is not text.
    #[error("`{}`: the name of a class must be valid Unicode", path.display())]
    BadName { path: PathBuf },
    /// A network that takes neither grey nor coloured images.
    #[error("the photos in `{}` can be grey (1 channel) or coloured (3), but the network takes {channels} channels", folder.display())]
    Channels { folder: PathBuf, channels: u32 },
    /// A batch that nobody planned.
    #[error("there is no batch {number}")]
    NoSuchBatch { number: u64 },
    /// An image past the end.
    #[error("there is no image {index}, only {available}")]
    NoSuchImage { index: usize, available: usize },
    /// The file does not start with the magic number of its kind.
    #[error("`{}` starts with {found:#010x}, but IDX {kind} start with {expected:#010x}", path.display())]
    WrongMagic { path: PathBuf, kind: &'static str, expected: u32, found: u32 },
    /// The file ends before the bytes its header promises.
    #[error("`{}` is truncated: its header promises {expected} bytes of {what}, {found} are there", path.display())]
    Truncated { path: PathBuf, what: &'static str, expected: u64, found: u64 },
    /// The file continues after the bytes its header promises.
    #[error("`{}` has more bytes than the {expected} its header promises", path.display())]
    TrailingBytes { path: PathBuf, expected: u64 },
    /// A header value is zero or larger than any data set this reader is for.
    #[error("`{}` claims {value} {what}, outside 1 to {limit}", path.display())]
    AbsurdSize { path: PathBuf, what: &'static str, value: u64, limit: u64 },
    /// Images and labels do not pair up.
    #[error("`{}` has {images} images, but `{}` has {labels} labels", images_path.display(), labels_path.display())]
    CountMismatch { images_path: PathBuf, images: usize, labels_path: PathBuf, labels: usize },
    /// Training and test images differ in shape.
    #[error("training images are {train} pixels, test images {test}, in `{}`", folder.display())]
    ShapeMismatch { folder: PathBuf, train: String, test: String },
    /// A test label that no training image has.
    #[error("a test label in `{}` is {label}, but training labels end at {largest}", folder.display())]
    UnknownLabel { folder: PathBuf, label: u16, largest: usize },
    /// A hold-out that leaves one side empty.
    #[error("cannot hold out {held_out} of {available} images: both parts need at least one")]
    BadHoldOut { held_out: usize, available: usize },
}
