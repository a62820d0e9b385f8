//! What is given for the inputs of several models at once: each takes what concerns it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::document::read_text;
use super::{GivenInputs, ReadError};
use crate::onnx::{Declared, InputShapes, OnnxError, concerns, inputs_of, read_input_shapes};

/// What is given for the inputs of models, and what of it some model took.
#[derive(Clone, Debug, Default)]
pub struct ModelInputs {
    /// For every model that has an input, or an open side, of that name.
    shared: GivenInputs,
    /// Sizes of single models, instead of the shared ones, by their files' names.
    sizes: BTreeMap<String, InputShapes>,
    /// Names among the shared ones that a model had.
    taken: BTreeSet<Option<String>>,
    /// Names of the inputs and open sides of all models.
    seen: BTreeSet<String>,
}

impl ModelInputs {
    /// What is given for all models, and a file with sizes for single ones: lines of a model's file name, without its ending, and the
    /// sizes of its inputs. Lines of other models are not looked at; `#` begins a comment.
    ///
    /// # Errors
    /// [`ReadError`] naming the file and the line.
    pub fn read(shared: GivenInputs, sizes: Option<&Path>) -> Result<Self, ReadError> {
        let sizes = sizes.map(read_sizes).transpose()?.unwrap_or_default();
        Ok(Self { shared, sizes, ..Self::default() })
    }

    /// What concerns the model of a file.
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no ONNX model.
    pub fn of(&mut self, path: &Path, onnx: &[u8]) -> Result<GivenInputs, OnnxError> {
        let inputs = inputs_of(onnx)?;
        self.seen.extend(inputs.iter().flat_map(Declared::names).map(str::to_owned));
        let mut given = self.shared.clone();
        given.shapes.retain(|name, _| concerns(&inputs, name.as_deref()));
        given.values.retain(|name, _| inputs.iter().any(|input| input.name == *name));
        self.taken.extend(given.shapes.keys().cloned());
        self.taken.extend(given.values.keys().cloned().map(Some));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(own) = self.sizes.get(name.as_ref()) {
            given.shapes.clone_from(own);
        }
        Ok(given)
    }

    /// Whether all that is given for all models is for one of those that were asked after.
    ///
    /// # Errors
    /// [`ReadError`] for a name that none of them has.
    pub fn check(&self) -> Result<(), ReadError> {
        let values = self.shared.values.keys().cloned().map(Some);
        let given: BTreeSet<Option<String>> = self.shared.shapes.keys().cloned().chain(values).collect();
        let Some(name) = given.difference(&self.taken).next() else { return Ok(()) };
        let seen: Vec<&str> = self.seen.iter().map(String::as_str).collect();
        let reason = match (name, seen.join(", ")) {
            (_, seen) if seen.is_empty() => "given for inputs, but there is no model that has any".to_owned(),
            (Some(_), seen) => {
                format!("no model has an input or an open side of that name; there are {seen}")
            }
            (None, seen) => format!("no model has just one input: say which, by its name; there are {seen}"),
        };
        let sizes =
            || self.shared.shapes.get(name).into_iter().flatten().map(u64::to_string).collect::<Vec<_>>();
        Err(ReadError::Content { path: name.clone().unwrap_or_else(|| sizes().join("x")).into(), reason })
    }
}

fn read_sizes(path: &Path) -> Result<BTreeMap<String, InputShapes>, ReadError> {
    let mut sizes = BTreeMap::new();
    for (line, text) in (1..).zip(read_text(path)?.lines()) {
        let mut words = text.split_whitespace().map(str::to_owned);
        let Some(name) = words.next().filter(|name| !name.starts_with('#')) else { continue };
        let wrong = |reason: String| ReadError::Line { path: path.to_owned(), line, reason };
        let shapes =
            read_input_shapes(&words.collect::<Vec<_>>()).map_err(|error| wrong(error.to_string()))?;
        if sizes.insert(name.clone(), shapes).is_some() {
            return Err(wrong(format!("`{name}` has a line already")));
        }
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::{InputValues, model_of_inputs};

    fn inputs(shapes: &[&str], values: &[(&str, f64)], sizes: Option<&Path>) -> ModelInputs {
        let shapes: Vec<String> = shapes.iter().map(|text| (*text).to_owned()).collect();
        let values: InputValues =
            values.iter().map(|(name, value)| ((*name).to_owned(), vec![*value])).collect();
        let shapes = read_input_shapes(&shapes).unwrap();
        ModelInputs::read(GivenInputs { shapes, values }, sizes).unwrap()
    }

    /// Sizes that a model takes, sorted.
    fn taken(inputs: &mut ModelInputs, name: &str, onnx: &[u8]) -> Vec<(Option<String>, Vec<u64>)> {
        let given = inputs.of(Path::new(name), onnx).unwrap();
        let mut shapes: Vec<_> = given.shapes.into_iter().collect();
        shapes.sort();
        shapes
    }

    #[test]
    fn each_model_takes_what_concerns_it() {
        let image = model_of_inputs(&[("image", &["N", "3", "h", "w"])]);
        let text = model_of_inputs(&[("ids", &["N", "length"]), ("mask", &["N", "length"])]);
        let mut given = inputs(&["image=1x3x8x8", "length=16", "1x3x4x4"], &[("mask", 1.0)], None);
        let error = given.check().unwrap_err().to_string();
        assert!(error.contains("there is no model"), "{error}");
        let named = |name: &str, sizes: &[u64]| (Some(name.to_owned()), sizes.to_vec());
        let of_image = [(None, vec![1, 3, 4, 4]), named("image", &[1, 3, 8, 8])];
        assert_eq!(taken(&mut given, "a.onnx", &image), of_image);
        let error = given.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "length: no model has an input or an open side of that name; there are N, h, image, w"
        );
        assert_eq!(taken(&mut given, "b.onnx", &text), [named("length", &[16])]);
        given.check().unwrap();
        assert_eq!(given.of(Path::new("b.onnx"), &text).unwrap().values.len(), 1);
        let mut unnamed = inputs(&["1x16"], &[], None);
        assert_eq!(taken(&mut unnamed, "b.onnx", &text), []);
        let error = unnamed.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "1x16: no model has just one input: say which, by its name; there are N, ids, length, mask"
        );
    }

    #[test]
    fn a_file_has_sizes_for_single_models() {
        let image = model_of_inputs(&[("image", &["N", "3", "h", "w"])]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sizes.txt");
        std::fs::write(&path, "# name, sizes\na 1x3x32x32\n\nother x=1\nb h=7 w=9\nc\n").unwrap();
        let mut given = inputs(&["image=1x3x8x8"], &[], Some(&path));
        assert_eq!(taken(&mut given, "in/a.onnx", &image), [(None, vec![1, 3, 32, 32])]);
        let sides = [(Some("h".to_owned()), vec![7]), (Some("w".to_owned()), vec![9])];
        assert_eq!(taken(&mut given, "b.onnx", &image), sides);
        assert_eq!(taken(&mut given, "d.onnx", &image), [(Some("image".to_owned()), vec![1, 3, 8, 8])]);
        given.check().unwrap();
        for (text, reason) in
            [("a 1x3\na 1x4\n", "line 2: `a` has a line already"), ("\na 1xh\n", "line 2: input shape `1xh`")]
        {
            std::fs::write(&path, text).unwrap();
            let error = ModelInputs::read(GivenInputs::default(), Some(&path)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
