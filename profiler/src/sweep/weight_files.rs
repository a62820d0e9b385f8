//! Weights that lie in files beside a model: small ones are taken into it, of many the runtime is told where they lie.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::onnx::{ExternalData, OnnxError, inline_external};

/// Bytes of weights that are taken into a model: all of them up to so many together, those of each tensor in any case.
const TOGETHER: u64 = 1 << 26;
const EACH: u64 = 1 << 16;

/// Weights that are not in a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightFiles {
    /// Where the files are that the model names.
    pub folder: PathBuf,
    /// Bytes of weights in them.
    pub bytes: u64,
    /// Of those files, one after the other by name.
    pub sha256: String,
}

/// A model without weights beside it, and the files that hold them.
type ModelAndWeights = (Vec<u8>, Option<WeightFiles>);

/// The model with the weights that were taken into it; nothing for one that has all of them.
///
/// Runtimes read what stays outside by themselves, so that no weights are in memory twice and a model may have more of them than
/// the 2 GiB that a file of this kind holds.
///
/// # Errors
/// [`OnnxError::External`] naming the file, for weights that are not there or lie outside of the model's folder.
pub(super) fn gather_weights(onnx: &[u8], model: &Path) -> Result<Option<ModelAndWeights>, OnnxError> {
    let folder = folder_of(model);
    let mut files = Files { folder, open: HashMap::new() };
    let mut together = 0_u64;
    inline_external(onnx, &mut |data| {
        together = together.saturating_add(files.length(data)?);
        Ok(None)
    })?;
    if files.open.is_empty() {
        return Ok(None);
    }
    let (mut outside, mut bytes) = (BTreeSet::new(), 0_u64);
    let inside = inline_external(onnx, &mut |data| {
        let length = files.length(data)?;
        if together <= TOGETHER || length <= EACH {
            return Ok(Some(files.read(data, length)?));
        }
        outside.insert(data.location.clone());
        bytes = bytes.saturating_add(length);
        Ok(None)
    })?;
    let external =
        |location: &str, reason: String| OnnxError::External { location: location.to_owned(), reason };
    let mut hash = Sha256::new();
    for location in &outside {
        files.hash(location, &mut hash).map_err(|error| external(location, error.to_string()))?;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let beside = WeightFiles { folder: folder.to_owned(), bytes, sha256 };
    Ok(Some((inside.unwrap_or_else(|| onnx.to_vec()), (!outside.is_empty()).then_some(beside))))
}

/// The model with those weights that are small enough to be sizes and shapes, where they are there: what predictions ask for.
pub fn with_small_weights(onnx: Vec<u8>, model: &Path) -> Vec<u8> {
    let mut files = Files { folder: folder_of(model), open: HashMap::new() };
    let inside = inline_external(&onnx, &mut |data| match files.length(data) {
        Ok(length @ ..=EACH) => Ok(Some(files.read(data, length)?)),
        Ok(_) | Err(_) => Ok(None),
    });
    inside.ok().flatten().unwrap_or(onnx)
}

fn folder_of(model: &Path) -> &Path {
    model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Files in a model's folder.
struct Files<'a> {
    folder: &'a Path,
    open: HashMap<String, (File, u64)>,
}

impl Files<'_> {
    /// Bytes of a tensor that is there as a whole.
    fn length(&mut self, data: &ExternalData) -> Result<u64, String> {
        let size = match self.open.get(&data.location) {
            Some((_, size)) => *size,
            None => self.open(&data.location)?,
        };
        let length = data.length.unwrap_or(size.saturating_sub(data.offset));
        if data.offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(format!(
                "it has {size} bytes, but the model has weights at {} to {}: the file is cut off or of another model",
                data.offset,
                data.offset.saturating_add(length)
            ));
        }
        Ok(length)
    }

    /// As ONNX demands, so that a model cannot read what it was not shipped with.
    fn open(&mut self, location: &str) -> Result<u64, String> {
        let path = Path::new(location);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.is_empty() || !path.components().all(is_inside) {
            return Err("expected the name of a file in the model's folder".to_owned());
        }
        let whole = self.folder.join(path);
        let failed = |error: io::Error| {
            format!("cannot read {}: {error}; it belongs beside the model", whole.display())
        };
        let (real, folder) =
            (whole.canonicalize().map_err(failed)?, self.folder.canonicalize().map_err(failed)?);
        if !real.starts_with(folder) {
            return Err(format!("it leads to {}, out of the model's folder", real.display()));
        }
        // A pipe would hang before it is known to be one.
        if !real.metadata().map_err(failed)?.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let file = File::open(&real).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        self.open.insert(location.to_owned(), (file, size));
        Ok(size)
    }

    fn read(&mut self, data: &ExternalData, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        if let Some((file, _)) = self.open.get_mut(&data.location) {
            file.seek(SeekFrom::Start(data.offset))?;
            file.read_exact(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn hash(&mut self, location: &str, hash: &mut Sha256) -> io::Result<()> {
        let Some((file, _)) = self.open.get_mut(location) else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        let mut piece = vec![0; 1 << 20];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(()),
                count => hash.update(&piece[..count]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;
    use crate::onnx::{ModelGraph, outside_model};

    /// Sides of a constant that a shape could be, and of weights that are too many to be taken in; where the latter lie.
    fn files(folder: &Path) -> (PathBuf, u64) {
        let size = TOGETHER + 8;
        fs::write(folder.join("small.bin"), 3_i64.to_le_bytes()).unwrap();
        File::create(folder.join("large.bin")).unwrap().set_len(size).unwrap();
        (folder.join("net.onnx"), size)
    }

    #[test]
    fn many_weights_stay_where_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (path, size) = files(folder.path());
        let onnx = outside_model(&[("small", "small.bin", 8), ("large", "large.bin", size)]);
        let (model, beside) = gather_weights(&onnx, &path).unwrap().unwrap();
        let beside = beside.unwrap();
        assert_eq!((beside.bytes, beside.folder.as_path()), (size, folder.path()));
        assert!(model.len() < 4096, "{}", model.len());
        assert_eq!(ModelGraph::read(&model).unwrap().constants["small"].values, Some(vec![3.0]));
        // Other bytes are other weights.
        fs::OpenOptions::new()
            .write(true)
            .open(folder.path().join("large.bin"))
            .unwrap()
            .write_all(b"x")
            .unwrap();
        let (_, other) = gather_weights(&onnx, &path).unwrap().unwrap();
        assert_ne!(other.unwrap().sha256, beside.sha256);
        // Predictions take what is small, if it is there.
        let taken = with_small_weights(onnx.clone(), &path);
        assert_eq!(ModelGraph::read(&taken).unwrap().constants["small"].values, Some(vec![3.0]));
        fs::remove_file(folder.path().join("small.bin")).unwrap();
        assert_eq!(with_small_weights(onnx.clone(), &path), onnx);
        assert!(gather_weights(&onnx, &path).unwrap_err().to_string().contains("small.bin"));
    }

    #[test]
    fn few_weights_are_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = files(folder.path());
        let onnx = outside_model(&[("small", "small.bin", 8), ("large", "large.bin", EACH + 8)]);
        let (model, beside) = gather_weights(&onnx, &path).unwrap().unwrap();
        assert!(beside.is_none() && model.len() as u64 > EACH);
        assert_eq!(gather_weights(&model, &path).unwrap(), None);
    }
}
