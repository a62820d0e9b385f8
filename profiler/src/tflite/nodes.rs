//! The nodes of a file, as far as a runtime's notes are matched with them.

use super::builtin::Builtin;

/// A node of a `.tflite`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileNode {
    /// The tensor that it gives.
    pub(crate) name: String,
    pub(crate) builtin: Builtin,
    /// Whether it is a convolution that multiplies a matrix: 1×1, stride 1.
    pub(crate) is_pointwise: bool,
}
