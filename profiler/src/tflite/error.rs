//! Why a file is not read.

/// A TensorFlow Lite file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TfliteError {
    /// Bytes without the format's mark.
    #[error("not a TensorFlow Lite file: bytes 4 to 8 are not `TFL3`")]
    Unmarked,
    /// A table or list that leads out of the file.
    #[error(
        "the TensorFlow Lite file is cut off or damaged: {what} at byte {at} lies outside of its {size} bytes"
    )]
    Outside {
        /// What should be there.
        what: &'static str,
        /// Where.
        at: u64,
        /// The file's size.
        size: usize,
    },
    /// Lists that say so much more than the file holds that it cannot be meant.
    #[error("the TensorFlow Lite file is damaged: its {size} bytes unfold to more than {limit}")]
    Unfolds {
        /// The file's size.
        size: usize,
        /// Bytes that are believed.
        limit: u64,
    },
    /// Parts that contradict each other.
    #[error("the TensorFlow Lite file is damaged: {0}")]
    Contradiction(String),
    /// A size that is told only when the network runs.
    #[error(
        "input `{input}` is {declared}: a size is left open; convert the network with a fixed input shape, such as \
         `tf.function(input_signature=[tf.TensorSpec([1, 224, 224, 3])])`"
    )]
    OpenInput {
        /// Its name.
        input: String,
        /// Its sides, height and width before the channels.
        declared: String,
    },
}
