//! TensorFlow Lite's files.

#![allow(dead_code, reason = "until the reader is there")]

mod builtin;
mod schema;
mod write;

pub use write::{ExportError, from_onnx};

/// Whether these are the bytes of a `.tflite`.
#[must_use]
pub fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(schema::IDENTIFIER.as_bytes())
}
