//! An ONNX file as a subject: whole, with its weights, the sizes of its inputs and a name for each node.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Component, Path},
};

use super::{Planned, SweepError};
use crate::{
    onnx::{
        ExternalData, InputShapes, ModelGraph, ShapeError, fix_inputs, inline_external, name_nodes, read_ops,
    },
    record::{Level, ReadError},
    spec::Architecture,
};

/// Most bytes of a model with all its weights: what one protobuf message may hold.
const LIMIT: u64 = (1 << 31) - 1;

/// An ONNX file, with weights that lie in other files beside it, its inputs' open sides fixed, and a name for
/// each node. Called by its network key when Tailor exported it, otherwise `onnx-` and its file name, and the sizes given for its inputs.
///
/// # Errors
/// [`SweepError`] when it cannot be read or is no ONNX model, and for inputs whose sizes stay open.
pub fn plan_model(path: &Path, inputs: &InputShapes) -> Result<Planned, SweepError> {
    let wrong = |source| SweepError::Model { path: path.to_owned(), source };
    let io = |source| ReadError::Io { path: path.to_owned(), source };
    let size = fs::metadata(path).map_err(io)?.len();
    if size > LIMIT {
        return Err(ReadError::TooLarge { path: path.to_owned(), size, limit: LIMIT }.into());
    }
    let mut onnx = fs::read(path).map_err(io)?;
    if let Some(closed) = fix_inputs(&onnx, inputs).map_err(wrong)? {
        onnx = closed;
    }
    if let Some(named) = name_nodes(&onnx).map_err(wrong)? {
        onnx = named;
    }
    let mut beside =
        Beside { folder: path.parent().unwrap_or(Path::new("")), files: HashMap::new(), left: LIMIT - size };
    if let Some(whole) = inline_external(&onnx, &mut |data| Ok(beside.read(data)?)).map_err(wrong)? {
        onnx = whole;
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
        None => (foreign_key(path, inputs), Vec::new()),
    };
    Ok(Planned { key, level: Level::Network, ops, onnx })
}

/// `onnx-net`, or `onnx-net-1x3x224x224`.
fn foreign_key(path: &Path, inputs: &InputShapes) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let clean = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '_' };
    let mut shapes: Vec<_> = inputs.iter().collect();
    shapes.sort();
    let sizes =
        shapes.iter().map(|(_, sizes)| sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("x"));
    let stem = stem.chars().map(clean).collect::<String>();
    ["onnx".to_owned(), stem].into_iter().chain(sizes).collect::<Vec<_>>().join("-")
}

/// Files beside a model.
struct Beside<'a> {
    folder: &'a Path,
    files: HashMap<String, File>,
    /// Bytes that may still be read.
    left: u64,
}

impl Beside<'_> {
    fn read(&mut self, data: &ExternalData) -> Result<Vec<u8>, String> {
        let path = Path::new(&data.location);
        // As ONNX demands, so that a model cannot read what it was not shipped with.
        if data.location.is_empty()
            || !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        {
            return Err("expected the name of a file in the model's folder".to_owned());
        }
        let whole = self.folder.join(path);
        let io = |error: std::io::Error| {
            format!("cannot read {}: {error}; it belongs beside the model", whole.display())
        };
        if !self.files.contains_key(&data.location) {
            self.files.insert(data.location.clone(), File::open(&whole).map_err(io)?);
        }
        let file = self.files.get_mut(&data.location).ok_or("it is gone")?;
        let size = file.metadata().map_err(io)?.len();
        let length = data.length.unwrap_or(size.saturating_sub(data.offset));
        if data.offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(format!(
                "it has {size} bytes, but the model has weights at {} to {}: the file is cut off or of another model",
                data.offset,
                data.offset.saturating_add(length)
            ));
        }
        self.left =
            self.left.checked_sub(length).ok_or(format!("the model's weights exceed {LIMIT} bytes"))?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|error| error.to_string())?];
        file.seek(SeekFrom::Start(data.offset)).and_then(|_| file.read_exact(&mut bytes)).map_err(io)?;
        Ok(bytes)
    }
}
