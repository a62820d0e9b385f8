use crate::{error::AndroidError, shell::quote_for_phone};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One argument of the profiler, by what it means here and on the phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// The same on both.
    Text(String),
    /// A file here, to be there before the profiler starts.
    Input(PathBuf),
    /// A file that the profiler writes there, and that is to come here.
    Output(PathBuf),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    words: Vec<Word>,
}

impl Arguments {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Reads arguments as a person typed them for a profiler here.
    ///
    /// What follows `-o` or `--output` is an output. An argument, or what follows the `=` of one, that names a file of
    /// this computer by a path with a dot or a slash in it is an input.
    pub(crate) fn read(typed: &[String]) -> Self {
        let mut words = Vec::new();
        let mut after_output = false;
        for text in typed {
            if std::mem::take(&mut after_output) {
                words.push(Word::Output(text.into()));
                continue;
            }
            after_output = text == "-o" || text == "--output";
            match text.split_once('=').filter(|(name, _)| name.starts_with("--")) {
                Some(("--output", path)) => {
                    words.extend([Word::Text("--output".to_owned()), Word::Output(path.into())]);
                }
                Some((name, value)) if is_file(value) => {
                    words.extend([Word::Text(name.to_owned()), Word::Input(value.into())]);
                }
                None if is_file(text) => words.push(Word::Input(text.into())),
                _ => words.push(Word::Text(text.clone())),
            }
        }
        Self { words }
    }

    pub(crate) fn text<T: Into<String>>(&mut self, texts: impl IntoIterator<Item = T>) {
        self.words.extend(texts.into_iter().map(|text| Word::Text(text.into())));
    }

    pub(crate) fn option(&mut self, name: &str, value: Word) {
        self.words.extend([Word::Text(name.to_owned()), value]);
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.words.extend(more.words);
    }

    /// Files of this computer that are needed on the phone, each with its path below the job's folder there.
    ///
    /// The file's own name is kept, as the profiler names models by it; a number keeps equal names apart.
    pub(crate) fn inputs(&self) -> Result<Vec<(&Path, String)>, AndroidError> {
        let inputs = self.words.iter().filter_map(|word| match word {
            Word::Input(path) => Some(path.as_path()),
            _ => None,
        });
        inputs.enumerate().map(|(index, path)| Ok((path, format!("in{index}/{}", name_of(path)?)))).collect()
    }

    /// What the profiler is to write, if anything: where it goes here, and its name on the phone.
    pub(crate) fn output(&self) -> Result<Option<(&Path, String)>, AndroidError> {
        let mut outputs = self.words.iter().filter_map(|word| match word {
            Word::Output(path) => Some(path.as_path()),
            _ => None,
        });
        match (outputs.next(), outputs.next()) {
            (None, _) => Ok(None),
            (Some(path), None) => Ok(Some((path, name_of(path)?))),
            (Some(_), Some(_)) => Err(AndroidError::Usage("one output is enough".to_owned())),
        }
    }

    /// The arguments for the phone's shell: quoted, one line, with paths below `folder`.
    pub(crate) fn for_phone(&self, folder: &str) -> Result<String, AndroidError> {
        let mut inputs = self.inputs()?.into_iter();
        let mut quoted = Vec::new();
        for word in &self.words {
            quoted.push(quote_for_phone(&match word {
                Word::Text(text) => text.clone(),
                Word::Input(_) => {
                    inputs.next().map(|(_, place)| format!("{folder}/{place}")).unwrap_or_default()
                }
                Word::Output(path) => format!("{folder}/out/{}", name_of(path)?),
            })?);
        }
        Ok(quoted.join(" "))
    }

    /// Twelve hexadecimal digits that differ for jobs that must not be mixed: by the program and what lies beside it, arguments,
    /// what the input files hold, and where the output goes.
    pub(crate) fn id(&self, programs: &[&Path]) -> Result<String, AndroidError> {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let unusable = |path: &Path, reason| AndroidError::Unusable { path: path.to_owned(), reason };
        let mut known = BTreeMap::new();
        for file in programs {
            add(&std::fs::read(file).map_err(|reason| unusable(file, reason))?);
        }
        for word in &self.words {
            match word {
                Word::Text(text) => add(text.as_bytes()),
                Word::Input(path) => {
                    if !known.contains_key(path) {
                        known.insert(path, std::fs::read(path).map_err(|reason| unusable(path, reason))?);
                    }
                    add(name_of(path)?.as_bytes());
                    add(&known[path]);
                }
                Word::Output(path) => {
                    let path = std::path::absolute(path).map_err(|reason| unusable(path, reason))?;
                    add(path.as_os_str().as_encoded_bytes());
                }
            }
        }
        Ok(hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect())
    }
}

fn is_file(text: &str) -> bool {
    text.contains(['.', '/']) && Path::new(text).is_file()
}

fn name_of(path: &Path) -> Result<String, AndroidError> {
    let name = path.file_name().and_then(|name| name.to_str());
    let wrong = || AndroidError::Usage(format!("`{}` does not end in a file's name", path.display()));
    name.map(str::to_owned).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(typed: &[&str]) -> Arguments {
        Arguments::read(&typed.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn files_are_found_and_named_on_the_phone() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("it's; a model.onnx");
        std::fs::write(&model, "x").unwrap();
        let model = model.to_str().unwrap();
        let arguments = read(&["model", model, "--backend", "tract", "-o", "run/t 1.csv"]);
        assert_eq!(
            arguments.for_phone("/F").unwrap(),
            r"'model' '/F/in0/it'\''s; a model.onnx' '--backend' 'tract' '-o' '/F/out/t 1.csv'"
        );
        assert_eq!(arguments.output().unwrap(), Some((Path::new("run/t 1.csv"), "t 1.csv".to_owned())));
        // The same with `=`, and the same file twice: each has its place.
        let joined =
            read(&["run", &format!("--onnx={model}"), "--onnx", model, "--output=t.csv", "--seed=1"]);
        let places: Vec<String> = joined.inputs().unwrap().into_iter().map(|(_, place)| place).collect();
        assert_eq!(places, ["in0/it's; a model.onnx", "in1/it's; a model.onnx"]);
        assert!(joined.for_phone("/F").unwrap().ends_with("'--output' '/F/out/t.csv' '--seed=1'"));
    }

    #[test]
    fn wrong_outputs_are_refused() {
        assert!(read(&["run", "-o", "a.csv", "-o", "b.csv"]).output().is_err());
        assert!(read(&["run", "-o", ".."]).output().unwrap_err().to_string().contains("`..`"));
        assert_eq!(read(&["doctor"]).output().unwrap(), None);
    }

    #[test]
    fn jobs_that_differ_in_anything_have_other_ids() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let (program, model) = (file("profiler", "program"), file("m.onnx", "model"));
        let model = model.to_str().unwrap().to_owned();
        let id = |typed: &[&str]| read(typed).id(&[&program]).unwrap();
        let first = id(&["run", "--onnx", &model, "-o", "t.csv"]);
        assert_eq!(first.len(), 12);
        assert_eq!(first, id(&["run", "--onnx", &model, "-o", "./t.csv"]), "the same place");
        assert_ne!(first, id(&["run", "--onnx", &model, "-o", "u.csv"]));
        assert_ne!(first, id(&["run", "--seed", "1", "--onnx", &model, "-o", "t.csv"]));
        file("m.onnx", "another model");
        assert_ne!(first, id(&["run", "--onnx", &model, "-o", "t.csv"]));
        file("m.onnx", "model");
        assert_eq!(first, id(&["run", "--onnx", &model, "-o", "t.csv"]));
        file("profiler", "another program");
        assert_ne!(first, id(&["run", "--onnx", &model, "-o", "t.csv"]));
        file("profiler", "program");
        let beside = file("libc.so.6", "library");
        assert_ne!(first, read(&["run", "--onnx", &model, "-o", "t.csv"]).id(&[&program, &beside]).unwrap());
        assert!(read(&["run"]).id(&[Path::new("no-such-program")]).is_err());
    }
}
