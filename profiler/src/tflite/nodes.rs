//! The nodes of a file, as far as a runtime's notes are matched with them.
#![cfg_attr(not(feature = "litert"), allow(dead_code, reason = "LiteRT's alone"))]

use super::TfliteError;
use super::builtin::Builtin;
use super::file::{File, Node, Operator};
use super::schema::conv_2d::{STRIDE_H, STRIDE_W, TAG};
use super::table::Source;

/// A node of a `.tflite`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileNode {
    /// What the node that computes it in the ONNX model is found by: its name, or the tensor that it gives.
    pub(crate) name: String,
    pub(crate) builtin: Builtin,
    /// Whether it is a convolution that multiplies a matrix: 1×1, stride 1.
    pub(crate) is_pointwise: bool,
}

/// The nodes of any file, in its order, called as [`to_onnx`](super::to_onnx) calls them.
///
/// # Errors
/// As [`to_onnx`](super::to_onnx).
pub(crate) fn read_nodes(bytes: &[u8]) -> Result<Vec<FileNode>, TfliteError> {
    let source = Source::new(bytes);
    let file = File::read(&source)?;
    file.nodes.iter().map(|node| of_file(&file, node)).collect()
}

fn of_file(file: &File<'_>, node: &Node<'_>) -> Result<FileNode, TfliteError> {
    let builtin = match &node.operator {
        Operator::Builtin(builtin) => *builtin,
        Operator::Foreign(_) => Builtin::CUSTOM,
    };
    let filters = node.input(1).map(|index| file.tensors[index].dims.as_slice());
    let is_pointwise = builtin == Builtin::CONV_2D
        && matches!(filters, Some([_, 1, 1, _]))
        && node.option(TAG, STRIDE_H)? == 1
        && node.option(TAG, STRIDE_W)? == 1;
    Ok(FileNode { name: node.name.clone(), builtin, is_pointwise })
}
