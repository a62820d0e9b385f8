//! Named tensors in one safetensors file: weights and checkpoints.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use profiler::record::{ReadError, write_atomic};
use safetensors::{Dtype, SafeTensors, View};
use tch::{Kind, Tensor};

use crate::error::SearchError;

/// Largest file accepted, in bytes.
const LIMIT: u64 = 1 << 36;
/// The header's only field, "format version": a second one would stand in random order, and equal contents would not
/// be equal files.
const FORMAT: &str = "format";

/// The content of a safetensors file, headed by its format and version.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorFile {
    format: &'static str,
    version: u32,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

impl TensorFile {
    pub(crate) fn new(format: &'static str, version: u32) -> Self {
        Self { format, version, entries: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, name: &str, tensor: &Tensor) -> Result<(), SearchError> {
        let tensor = tensor.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        let shape = tensor.size().iter().map(|&side| side as usize).collect();
        let mut bytes = vec![0; tensor.numel() * 4];
        tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
        self.entries.insert(name.to_owned(), Entry { dtype: Dtype::F32, shape, bytes });
        Ok(())
    }

    pub(crate) fn insert_numbers(&mut self, name: &str, numbers: &[f64]) {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.entries.insert(name.to_owned(), Entry { dtype: Dtype::F64, shape: vec![numbers.len()], bytes });
    }

    pub(crate) fn insert_counts(&mut self, name: &str, counts: &[u64]) {
        let bytes = counts.iter().flat_map(|count| count.to_le_bytes()).collect();
        self.entries.insert(name.to_owned(), Entry { dtype: Dtype::U64, shape: vec![counts.len()], bytes });
    }

    /// Copies a tensor's values into `tensor`, which must have the same shape.
    pub(crate) fn copy_to(&self, name: &str, tensor: &Tensor) -> Result<(), SearchError> {
        let entry = self.entry(name, Dtype::F32)?;
        let shape: Vec<i64> = entry.shape.iter().map(|&side| side as i64).collect();
        if shape != tensor.size() {
            let expected = tensor.size();
            return Err(SearchError::Checkpoint(format!(
                "`{name}` has shape {shape:?}, expected {expected:?}"
            )));
        }
        let loaded = Tensor::f_from_data_size(&entry.bytes, &shape, Kind::Float)?;
        if !bool::try_from(loaded.f_isfinite()?.f_all()?)? {
            return Err(SearchError::Checkpoint(format!("`{name}` holds a number that is not finite")));
        }
        tch::no_grad(|| tensor.shallow_clone().f_copy_(&loaded))?;
        Ok(())
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, SearchError> {
        let numbers: Vec<_> = words(&self.entry(name, Dtype::F64)?.bytes).map(f64::from_le_bytes).collect();
        match numbers.iter().find(|number| !number.is_finite()) {
            Some(wrong) => Err(SearchError::Checkpoint(format!("`{name}` holds {wrong}"))),
            None => Ok(numbers),
        }
    }

    pub(crate) fn counts(&self, name: &str) -> Result<Vec<u64>, SearchError> {
        Ok(words(&self.entry(name, Dtype::U64)?.bytes).map(u64::from_le_bytes).collect())
    }

    fn entry(&self, name: &str, dtype: Dtype) -> Result<&Entry, SearchError> {
        let entry = self.entries.get(name);
        let entry = entry.ok_or_else(|| SearchError::Checkpoint(format!("`{name}` is missing")))?;
        if entry.dtype != dtype {
            let found = entry.dtype;
            return Err(SearchError::Checkpoint(format!(
                "`{name}` is of type {found:?}, expected {dtype:?}"
            )));
        }
        Ok(entry)
    }

    /// Writes it; whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), SearchError> {
        let header = HashMap::from([(FORMAT.to_owned(), format!("{} {}", self.format, self.version))]);
        write_atomic(path, |writer| {
            let bytes = safetensors::serialize(&self.entries, Some(header)).map_err(std::io::Error::other)?;
            writer.write_all(&bytes)
        })?;
        Ok(())
    }

    /// Reads one of the given format and version.
    pub(crate) fn read(path: &Path, format: &'static str, version: u32) -> Result<Self, SearchError> {
        let io = |source| ReadError::Io { path: path.to_owned(), source };
        let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
        let size = std::fs::metadata(path).map_err(io)?.len();
        if size > LIMIT {
            return Err(ReadError::TooLarge { path: path.to_owned(), size, limit: LIMIT }.into());
        }
        let bytes = std::fs::read(path).map_err(io)?;
        let broken = |e: safetensors::SafeTensorError| content(format!("not a whole safetensors file: {e}"));
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let header: HashMap<String, String> = header.metadata().clone().unwrap_or_default();
        let found = header.get(FORMAT).and_then(|found| found.rsplit_once(' '));
        match found {
            Some((name, found)) if name == format => {
                if found != version.to_string() {
                    let (path, found) = (path.to_owned(), found.to_owned());
                    return Err(ReadError::Version { path, format, found, expected: version }.into());
                }
            }
            found => {
                let found = found.map_or_else(|| "none".to_owned(), |(name, _)| format!("`{name}`"));
                return Err(ReadError::Format { path: path.to_owned(), expected: format, found }.into());
            }
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
        let entries = tensors.iter().map(|(name, view)| {
            let (dtype, shape, bytes) = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name.to_owned(), Entry { dtype, shape, bytes })
        });
        Ok(Self { format, version, entries: entries.collect() })
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = [u8; 8]> + '_ {
    bytes.chunks_exact(8).map(|word| std::array::from_fn(|index| word[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_round_trips_to_the_bit_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.safetensors");
        let tensor = Tensor::from_slice(&[0.1_f32, -2.5, 3.0, 4.0, 5.0, 6.0]).view([2, 3]);
        let mut file = TensorFile::new("test", 1);
        // Stored row by row, however it lies in memory.
        file.insert("t", &tensor.tr()).unwrap();
        file.insert_numbers("n", &[0.1 + 0.2]);
        file.insert_counts("c", &[u64::MAX]);
        file.write(&path).unwrap();
        let read = TensorFile::read(&path, "test", 1).unwrap();
        assert_eq!(read, file);
        let target = Tensor::zeros([3, 2], (Kind::Float, tch::Device::Cpu));
        read.copy_to("t", &target).unwrap();
        assert_eq!(target, tensor.tr());
        assert_eq!(
            (read.numbers("n").unwrap(), read.counts("c").unwrap()),
            (vec![0.1 + 0.2], vec![u64::MAX])
        );

        let wrong = |result: Result<(), SearchError>, part: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        wrong(read.copy_to("t", &tensor), "`t` has shape [3, 2], expected [2, 3]");
        wrong(read.copy_to("u", &tensor), "`u` is missing");
        wrong(read.numbers("c").map(drop), "`c` is of type U64, expected F64");
        wrong(
            TensorFile::read(&path, "other", 1).map(drop),
            "expected a file with format `other`, found `test`",
        );
        wrong(TensorFile::read(&path, "test", 2).map(drop), "version 1 of `test` is not known, expected 2");
        let bytes = std::fs::read(&path).unwrap();
        for cut in [0, 7, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            wrong(TensorFile::read(&path, "test", 1).map(drop), "not a whole safetensors file");
        }
        wrong(TensorFile::read(&folder.path().join("none"), "test", 1).map(drop), "cannot read");
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let mut file = TensorFile::new("test", 1);
        let tensor = Tensor::from_slice(&[1.0_f32, f32::NAN]);
        file.insert("t", &tensor).unwrap();
        file.insert_numbers("n", &[f64::INFINITY]);
        assert!(
            file.copy_to("t", &tensor)
                .unwrap_err()
                .to_string()
                .contains("`t` holds a number that is not finite")
        );
        assert!(file.numbers("n").unwrap_err().to_string().contains("`n` holds inf"));
    }
}
