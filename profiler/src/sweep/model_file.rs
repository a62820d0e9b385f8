//! An ONNX or TensorFlow Lite file as a subject: with its weights, the sizes and values of its inputs and a name for each node.

use std::path::Path;

use super::{Planned, SweepError, weight_files::gather_weights};
use crate::onnx::{InputShapes, ModelGraph, ShapeError, fix_inputs, give_values, name_nodes, read_ops};
use crate::record::{GivenInputs, Level, ModelInputs, read_bytes};
use crate::spec::Architecture;
use crate::tflite::{is_file, to_onnx};

/// Most bytes of a model without weights in other files: what one protobuf message may hold.
const LIMIT: u64 = (1 << 31) - 1;

/// An ONNX or TensorFlow Lite file, with weights that lie in other files beside it, its inputs' open sides fixed, and a name for
/// each node. Called by its network key when Tailor exported it, otherwise `onnx-` or `tflite-` and its file name, and what is given for its inputs.
///
/// # Errors
/// [`SweepError`] when it cannot be read or is no such file, and for inputs whose sizes stay open.
pub fn plan_model(path: &Path, inputs: &InputShapes) -> Result<Planned, SweepError> {
    plan(path, read(path)?, &GivenInputs { shapes: inputs.clone(), ..GivenInputs::default() })
}

/// The same with what is given for several models, values among it: it takes what concerns it.
///
/// # Errors
/// [`SweepError`] when it cannot be read or is no such file, for inputs whose sizes stay open, and for values that they do not take.
pub fn plan_model_with(path: &Path, inputs: &mut ModelInputs) -> Result<Planned, SweepError> {
    let file = read(path)?;
    let given =
        inputs.of(path, &file.onnx).map_err(|source| SweepError::Model { path: path.to_owned(), source })?;
    plan(path, file, &given)
}

/// A network's file.
struct NetworkFile {
    onnx: Vec<u8>,
    /// The file itself, if `onnx` is its translation.
    tflite: Option<Vec<u8>>,
}

fn read(path: &Path) -> Result<NetworkFile, SweepError> {
    let bytes = read_bytes(path, LIMIT)?;
    if !is_file(path, &bytes) {
        return Ok(NetworkFile { onnx: bytes, tflite: None });
    }
    let onnx = to_onnx(&bytes).map_err(|source| SweepError::Tflite { path: path.to_owned(), source })?;
    Ok(NetworkFile { onnx, tflite: Some(bytes) })
}

fn plan(path: &Path, file: NetworkFile, inputs: &GivenInputs) -> Result<Planned, SweepError> {
    let NetworkFile { mut onnx, tflite } = file;
    let wrong = |source| SweepError::Model { path: path.to_owned(), source };
    if let Some(closed) = fix_inputs(&onnx, &inputs.shapes).map_err(wrong)? {
        onnx = closed;
    }
    onnx = give_values(onnx, &inputs.values).map_err(wrong)?;
    if let Some(named) = name_nodes(&onnx).map_err(wrong)? {
        onnx = named;
    }
    let mut beside = None;
    if let Some((gathered, files)) = gather_weights(&onnx, path).map_err(wrong)? {
        (onnx, beside) = (gathered, files);
    }
    // Memory that there is not ends the process, and with it whatever else is to be measured.
    if let Err(error @ ShapeError::TooLarge { .. }) =
        ModelGraph::read(&onnx).map_err(wrong)?.known_shapes(&InputShapes::new())
    {
        return Err(wrong(error.into()));
    }
    let ops = read_ops(&onnx).map_err(wrong)?;
    let (key, ops) = match ops.filter(|ops| !ops.is_empty()) {
        Some(ops) => (Architecture::new("model", None, ops.clone())?.key(), ops),
        None => (foreign_key(if tflite.is_some() { "tflite" } else { "onnx" }, path, inputs), Vec::new()),
    };
    Ok(Planned { key, level: Level::Network, ops, onnx, tflite, beside })
}

/// `tflite-net`, `onnx-net`, `onnx-net-1x3x224x224`, or `onnx-net-1x512-sr_16000`.
fn foreign_key(format: &str, path: &Path, inputs: &GivenInputs) -> String {
    /// Of more values than this there is no sign in the key.
    const MOST: usize = 4;
    let clean = |text: &str| {
        let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
        text.chars().map(clean).collect::<String>()
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut shapes: Vec<_> = inputs.shapes.iter().collect();
    shapes.sort();
    let sizes =
        shapes.iter().map(|(_, sizes)| sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("x"));
    let values = inputs.values.iter().filter(|(_, values)| values.len() <= MOST).map(|(name, values)| {
        let values: Vec<String> = values.iter().map(f64::to_string).collect();
        clean(&format!("{name}_{}", values.join("_")))
    });
    let parts = [format.to_owned(), clean(&stem)].into_iter().chain(sizes).chain(values);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
