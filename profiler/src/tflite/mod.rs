//! TensorFlow Lite's files.

#![allow(dead_code, reason = "until the reader is there")]

mod builtin;
mod nodes;
mod schema;
mod write;

pub(crate) use builtin::Builtin;
pub(crate) use nodes::FileNode;
pub(crate) use write::Written;
pub use write::{ExportError, from_onnx};

/// Whether these are the bytes of a `.tflite`.
#[must_use]
pub fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(schema::IDENTIFIER.as_bytes())
}
