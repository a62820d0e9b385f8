//! What is given for a model's inputs on a command line: sizes, and values.

use std::path::Path;

use super::ReadError;
use super::document::read_bytes;
use super::numpy::{read_npy, read_npz};
use crate::onnx::{InputShapes, InputValues, read_tensor};

/// Bytes of a file with values at most.
const LIMIT: u64 = 1 << 28;

/// What is given for a model's inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenInputs {
    /// Sizes of those that leave them open.
    pub shapes: InputShapes,
    /// Values; inputs without are filled.
    pub values: InputValues,
}

impl GivenInputs {
    /// Reads values as people give them: `NAME=16000`, `NAME=640,480`, `NAME=true`, or `NAME=FILE`, a `.npy`, the array of that name
    /// (or the only one) in a `.npz`, or a tensor of ONNX in a `.pb`. A file's sides are the input's, beside those of `shapes`.
    ///
    /// # Errors
    /// [`ReadError`] naming the file or the text.
    pub fn read(shapes: InputShapes, given: &[String]) -> Result<Self, ReadError> {
        let mut inputs = Self { shapes, values: InputValues::new() };
        for text in given {
            let wrong = |reason: &str| ReadError::Content { path: text.into(), reason: reason.to_owned() };
            let (name, value) = text
                .split_once('=')
                .filter(|(name, value)| !name.is_empty() && !value.is_empty())
                .ok_or_else(|| wrong("expected NAME=NUMBER or NAME=FILE, such as sr=16000 or x=input.npy"))?;
            let values = match numbers(value) {
                Some(values) => values,
                None => {
                    let (dims, values) = read_array(name, Path::new(value))?;
                    let known = inputs.shapes.entry(Some(name.to_owned())).or_insert_with(|| dims.clone());
                    if *known != dims {
                        return Err(wrong(&format!("it has sides {dims:?}, but {known:?} are given, too")));
                    }
                    values
                }
            };
            if inputs.values.insert(name.to_owned(), values).is_some() {
                return Err(wrong(&format!("input `{name}` is given values twice")));
            }
        }
        Ok(inputs)
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let number = |text: &str| match text.trim() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        text => text.parse().ok().filter(|value: &f64| value.is_finite()),
    };
    text.split(',').map(number).collect()
}

fn read_array(name: &str, path: &Path) -> Result<(Vec<u64>, Vec<f64>), ReadError> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let content = |reason: String| ReadError::Content { path: path.to_owned(), reason };
    if !["npy", "npz", "pb"].contains(&extension.as_str()) {
        let reason = format!("given for input `{name}`, but neither a number nor a .npy, .npz or .pb file");
        return Err(content(reason));
    }
    let bytes = read_bytes(path, LIMIT)?;
    let array = match extension.as_str() {
        "npy" => read_npy(&bytes),
        "npz" => read_npz(&bytes, name),
        _ => read_tensor(&bytes),
    };
    array.map_err(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shapes: InputShapes, given: &[&str]) -> Result<GivenInputs, String> {
        let given: Vec<String> = given.iter().map(|&text| text.to_owned()).collect();
        GivenInputs::read(shapes, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_and_files_are_read() {
        let found =
            read(InputShapes::new(), &["sr=16000", "size=640, 480", "training=false", "low=-1e-3"]).unwrap();
        let expected = [
            ("low", vec![-1e-3]),
            ("size", vec![640.0, 480.0]),
            ("sr", vec![16_000.0]),
            ("training", vec![0.0]),
        ];
        assert_eq!(found.values, expected.map(|(name, values)| (name.to_owned(), values)).into());
        assert!(found.shapes.is_empty());

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.NPY");
        let head = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }\n";
        let bytes =
            [b"\x93NUMPY\x01\x00".as_slice(), &[head.len() as u8, 0], head.as_bytes(), &[7, 8]].concat();
        std::fs::write(&path, bytes).unwrap();
        let text = format!("x={}", path.display());
        let found = read(InputShapes::new(), &[&text]).unwrap();
        let name = || Some("x".to_owned());
        assert_eq!((&found.shapes[&name()], &found.values["x"]), (&vec![1, 2], &vec![7.0, 8.0]));
        assert!(read(InputShapes::from([(name(), vec![1, 2])]), &[&text]).is_ok());
        let error = read(InputShapes::from([(name(), vec![2, 1])]), &[&text]).unwrap_err();
        assert!(error.contains("it has sides [1, 2], but [2, 1] are given, too"), "{error}");
        assert!(read(InputShapes::new(), &[&text, "x=1"]).unwrap_err().contains("twice"));
    }

    #[test]
    fn what_is_neither_is_refused_by_name() {
        for (given, reason) in [
            ("16000", "16000: expected NAME=NUMBER"),
            ("sr=", "sr=: expected NAME=NUMBER"),
            ("=1", "=1: expected NAME=NUMBER"),
            ("sr=fast", "fast: given for input `sr`, but neither a number"),
            ("sr=nan", "nan: given for input `sr`"),
            ("sr=1,x", "1,x: given for input `sr`"),
            ("x=none.npy", "cannot read none.npy"),
        ] {
            let error = read(InputShapes::new(), &[given]).unwrap_err();
            assert!(error.contains(reason), "{given}: {error}");
        }
    }
}
