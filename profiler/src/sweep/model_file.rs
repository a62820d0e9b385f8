//! An ONNX or TensorFlow Lite file as a subject: with its weights, the sizes and values of its inputs and a name for each node.

use std::collections::HashSet;
use std::path::Path;

use super::{Planned, SweepError, weight_files::gather_weights};
use crate::onnx::{
    InputShapes, ModelGraph, ShapeError, fix_inputs, give_values, name_nodes, open_branches, read_ops,
};
use crate::record::{GivenInputs, Level, ModelInputs, read_bytes};
use crate::spec::{Architecture, OpSpec};
use crate::tflite::{TfliteError, is_file, to_onnx};

/// Most bytes of a model without weights in other files: what one protobuf message may hold.
const LIMIT: u64 = (1 << 31) - 1;

/// A network's file.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// The ONNX model.
    pub onnx: Vec<u8>,
    /// The file itself, if it is one of TensorFlow Lite's, and `onnx` its translation.
    pub tflite: Option<Vec<u8>>,
}

impl ModelFile {
    /// What a file holds, whose bytes these are.
    ///
    /// # Errors
    /// As [`to_onnx`].
    pub fn of(path: &Path, bytes: Vec<u8>) -> Result<Self, TfliteError> {
        if !is_file(path, &bytes) {
            return Ok(Self { onnx: bytes, tflite: None });
        }
        Ok(Self { onnx: to_onnx(&bytes)?, tflite: Some(bytes) })
    }
}

/// An ONNX or TensorFlow Lite file, with weights that lie in other files beside it, its inputs' open sides fixed, branches that are known to
/// be taken in the place of what chooses them, and a name for each node. Called by its network key when Tailor exported it, otherwise
/// `onnx-` or `tflite-` and its file name, and what is given for its inputs. Of `inputs`, given for several models, it takes what concerns it.
///
/// # Errors
/// [`SweepError`] when it cannot be read or is no such file, for inputs whose sizes stay open, and for values that they do not take.
pub fn plan_model(path: &Path, inputs: &mut ModelInputs) -> Result<Planned, SweepError> {
    let wrong = |source| SweepError::Model { path: path.to_owned(), source };
    let file = ModelFile::of(path, read_bytes(path, LIMIT)?);
    let ModelFile { mut onnx, tflite } =
        file.map_err(|source| SweepError::Tflite { path: path.to_owned(), source })?;
    let inputs = inputs.of(path, &onnx).map_err(wrong)?;
    if let Some(closed) = fix_inputs(&onnx, &inputs.shapes).map_err(wrong)? {
        onnx = closed;
    }
    onnx = give_values(onnx, &inputs.values).map_err(wrong)?;
    if let Some(opened) = open_branches(&onnx, &InputShapes::new()).map_err(wrong)? {
        onnx = opened;
    }
    if let Some(named) = name_nodes(&onnx).map_err(wrong)? {
        onnx = named;
    }
    let mut beside = None;
    if let Some((gathered, files)) = gather_weights(&onnx, path).map_err(wrong)? {
        (onnx, beside) = (gathered, files);
    }
    // Memory that there is not ends the process, and with it whatever else is to be measured.
    let graph = ModelGraph::read(&onnx).map_err(wrong)?;
    let mut deciding = match graph.known_shapes(&InputShapes::new()) {
        Ok((known, _)) => graph.data_dependent_inputs(&known),
        Err(error @ ShapeError::TooLarge { .. }) => return Err(wrong(error.into())),
        Err(_) => Vec::new(),
    };
    let mut seen = HashSet::new();
    deciding.retain(|deciding| seen.insert(deciding.input.clone()));
    let file = ModelFile { onnx, tflite };
    let (key, ops) = key_and_ops(path, &file, &inputs)?;
    let ModelFile { onnx, tflite } = file;
    Ok(Planned { tflite, beside, deciding, ..Planned::new(key, Level::Network, ops, onnx) })
}

/// What tables call the model of a file, with what concerns it of what is given for inputs.
///
/// # Errors
/// [`SweepError`] for bytes that are no ONNX model.
pub fn model_key(path: &Path, file: &ModelFile, inputs: &GivenInputs) -> Result<String, SweepError> {
    key_and_ops(path, file, inputs).map(|(key, _)| key)
}

fn key_and_ops(
    path: &Path,
    file: &ModelFile,
    inputs: &GivenInputs,
) -> Result<(String, Vec<OpSpec>), SweepError> {
    let ops = read_ops(&file.onnx).map_err(|source| SweepError::Model { path: path.to_owned(), source })?;
    Ok(match ops.filter(|ops| !ops.is_empty()) {
        Some(ops) => (Architecture::new("model", None, ops.clone())?.key(), ops),
        None => {
            let format = if file.tflite.is_some() { "tflite" } else { "onnx" };
            (foreign_key(format, path, inputs), Vec::new())
        }
    })
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
