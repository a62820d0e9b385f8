//! TensorFlow Lite's files: read, as the ONNX model of the same network, and written.
//!
//! [`from_onnx`] writes models that Tailor exported. [`to_onnx`] reads any file; it translates node by node. Maps have their channels
//! second in the model, as keys say them, and what a file says without a node becomes one: SAME padding as positions before and behind,
//! fused activations, integers as QDQ. Constants that are only widened (16-bit floats) or have their zeros left out are constants of 32-bit
//! floats. What a file does in its own order of sides, such as flattening a map, has a Transpose before it that costs nothing (see
//! [`crate::onnx`]'s `layout`).

mod builtin;
mod constants;
mod emit;
mod error;
mod file;
mod nodes;
mod operators;
mod order;
mod schema;
mod sparse;
mod table;
mod translation;
mod write;

#[cfg(feature = "litert")]
pub(crate) use builtin::Builtin;
pub use error::TfliteError;
#[cfg(feature = "litert")]
pub(crate) use nodes::{FileNode, read_nodes};
#[cfg(feature = "litert")]
pub(crate) use write::Written;
pub use write::{ExportError, from_onnx};

use std::path::Path;

use file::File;
use schema::IDENTIFIER;
use table::Source;
use translation::Translation;

/// Whether a file is one of TensorFlow Lite's, by what it holds or what it is called.
pub fn is_file(path: &Path, bytes: &[u8]) -> bool {
    is_tflite(bytes) || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tflite"))
}

/// Whether these are the bytes of a `.tflite`.
pub fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(IDENTIFIER.as_bytes())
}

/// The network of a TensorFlow Lite file as an ONNX model of the same numbers, with its channels second.
///
/// Operators that ONNX has no words for, and custom ones, become nodes of the domain `tflite` with their own names, whose outputs are as the file
/// declares them.
///
/// # Errors
/// [`TfliteError`] for a file that is damaged, contradicts itself, or leaves an input's sizes open.
pub fn to_onnx(bytes: &[u8]) -> Result<Vec<u8>, TfliteError> {
    let source = Source::new(bytes);
    let file = File::read(&source)?;
    let mut translation = Translation::new(&file, &source);
    for node in &file.nodes {
        operators::translate(&mut translation, node)?;
    }
    translation.finish()
}

#[cfg(test)]
mod damaged_tests;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
