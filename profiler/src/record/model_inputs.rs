//! What is given for the inputs of several models at once: each takes what concerns it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

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
    /// The file that these are in.
    sizes_file: PathBuf,
    /// Names in that file that a model had.
    sized: BTreeSet<String>,
    /// Names among the shared ones that a model had.
    taken: BTreeSet<Option<String>>,
    /// Names of the inputs and open sides of all models.
    seen: BTreeSet<String>,
    /// Models that were asked after.
    models: usize,
}

impl ModelInputs {
    /// What is given for all models, and a file with sizes for single ones: lines of a model's file name, without its ending, and the
    /// sizes of its inputs; `#` begins a comment.
    ///
    /// # Errors
    /// [`ReadError`] naming the file and the line.
    pub fn read(shared: GivenInputs, sizes: Option<&Path>) -> Result<Self, ReadError> {
        let sizes_file = sizes.map(Path::to_owned).unwrap_or_default();
        let sizes = sizes.map(read_sizes).transpose()?.unwrap_or_default();
        Ok(Self { shared, sizes, sizes_file, ..Self::default() })
    }

    /// What `read` makes of each of several models, with what concerns it.
    ///
    /// # Errors
    /// That of the first model whose inputs could not be read, or else as [`Self::check`], or else of the first that `read` refuses: what
    /// none of them has is named before what one of them lacks.
    pub fn of_all<M, T, E: From<ReadError>>(
        &mut self,
        models: impl IntoIterator<Item = M>,
        mut read: impl FnMut(M, &mut Self) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let mut all = Vec::new();
        for model in models {
            let before = self.models;
            match read(model, self) {
                Err(error) if self.models == before => return Err(error),
                other => all.push(other),
            }
        }
        self.check()?;
        all.into_iter().collect()
    }

    /// What concerns the model of a file.
    ///
    /// # Errors
    /// [`OnnxError`] for bytes that are no ONNX model.
    pub fn of(&mut self, path: &Path, onnx: &[u8]) -> Result<GivenInputs, OnnxError> {
        let inputs = inputs_of(onnx)?;
        self.models += 1;
        self.seen.extend(inputs.iter().flat_map(Declared::names).map(str::to_owned));
        let mut given = self.shared.clone();
        given.shapes.retain(|name, _| concerns(&inputs, name.as_deref()));
        given.values.retain(|name, _| inputs.iter().any(|input| input.name == *name));
        self.taken.extend(given.shapes.keys().cloned());
        self.taken.extend(given.values.keys().cloned().map(Some));
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some(own) = self.sizes.get(name.as_ref()) {
            given.shapes.clone_from(own);
            self.sized.insert(name.into_owned());
        }
        Ok(given)
    }

    /// How many models' inputs were read.
    pub fn models(&self) -> usize {
        self.models
    }

    /// Whether a model took what is given for all under this name, or without one.
    pub fn is_taken(&self, name: Option<&str>) -> bool {
        self.taken.contains(&name.map(str::to_owned))
    }

    /// In words, which lines of the file with sizes are of none of the models that were asked after.
    pub fn unused_sizes(&self) -> Option<String> {
        /// As many are named.
        const NAMED: usize = 5;
        let unused: Vec<&str> =
            self.sizes.keys().filter(|name| !self.sized.contains(*name)).map(String::as_str).collect();
        let more = match unused.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = unused[..unused.len().min(NAMED)].join(", ");
        let file = self.sizes_file.display();
        (!unused.is_empty())
            .then(|| format!("{file} has sizes for {named}{more}, but no model of that name is given"))
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
    fn a_name_that_no_model_has_is_named_before_what_one_of_them_lacks() {
        let image = model_of_inputs(&[("image", &["N", "3", "h", "w"])]);
        let read = |given: &mut ModelInputs, models: &[&[u8]]| {
            let of = |onnx: &&[u8], given: &mut ModelInputs| {
                let given = given.of(Path::new("a.onnx"), onnx).map_err(|error| error.to_string());
                given.and_then(
                    |given| if given.shapes.is_empty() { Err("it is open".to_owned()) } else { Ok(()) },
                )
            };
            let of = |onnx, given: &mut _| {
                of(onnx, given).map_err(|reason| ReadError::Content { path: "a.onnx".into(), reason })
            };
            given.of_all(models, of).map(|all| all.len()).map_err(|error| error.to_string())
        };
        let models: [&[u8]; 2] = [&image, &model_of_inputs(&[("y", &["3", "k"])])];
        let error = read(&mut inputs(&["x=1x3x8x8"], &[], None), &models).unwrap_err();
        assert_eq!(
            error,
            "x: no model has an input or an open side of that name; there are N, h, image, k, w, y"
        );
        // A later one has it.
        let error = read(&mut inputs(&["k=8"], &[], None), &models).unwrap_err();
        assert_eq!(error, "a.onnx: it is open");
        assert_eq!(read(&mut inputs(&["k=8", "h=8"], &[], None), &models), Ok(2));
        // It may be for the one that cannot be read.
        let error = read(&mut inputs(&["x=1x3x8x8"], &[], None), &[b"text", &image]).unwrap_err();
        assert!(error.contains("not an ONNX model"), "{error}");
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
        let unused = given.unused_sizes().unwrap();
        assert!(
            unused.ends_with("sizes.txt has sizes for c, other, but no model of that name is given"),
            "{unused}"
        );
        let lines: String = (0..9).map(|index| format!("net{index} 1x3x8x8\n")).collect();
        std::fs::write(&path, lines).unwrap();
        let mut many = inputs(&[], &[], Some(&path));
        assert!(many.unused_sizes().unwrap().contains("net0, net1, net2, net3, net4 and 4 more"));
        (0..9).for_each(|index| drop(many.of(Path::new(&format!("net{index}.onnx")), &image)));
        assert_eq!(many.unused_sizes(), None);
        for (text, reason) in
            [("a 1x3\na 1x4\n", "line 2: `a` has a line already"), ("\na 1xh\n", "line 2: input shape `1xh`")]
        {
            std::fs::write(&path, text).unwrap();
            let error = ModelInputs::read(GivenInputs::default(), Some(&path)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
