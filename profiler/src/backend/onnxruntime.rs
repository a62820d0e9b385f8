//! ONNX Runtime, loaded from a shared library at run time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::{RunOptions, Session, SessionInputValue, SessionOutputs};
use tensors::{Slot, lengths, tensors};

use super::{Backend, BackendError, Model, Runnable, Traced, seeded_input};
use crate::onnx::given_values;

mod noting;
mod profile;
mod tensors;
mod traced;

/// The ONNX Runtime backend.
#[derive(Clone, Debug)]
pub struct OnnxRuntime {
    library: PathBuf,
    version: String,
    environment: Environment,
}

/// A process has one ONNX Runtime and one environment, and they are never unloaded.
static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

impl OnnxRuntime {
    /// Name in tables.
    pub const NAME: &'static str = "onnxruntime";

    /// Loads the shared library.
    ///
    /// # Errors
    /// [`BackendError::Needs`] without a path, [`BackendError::Library`] if it cannot be loaded, is too old, or
    /// another one is loaded already.
    pub fn load(library: Option<PathBuf>) -> Result<Self, BackendError> {
        let path = library.ok_or(BackendError::Needs {
            backend: Self::NAME,
            missing: "the path of its shared library (libonnxruntime.so, 1.24 or newer)",
        })?;
        let (title, version) = ("ONNX Runtime", "1.24");
        let failed = |reason: String| BackendError::Library { title, version, path: path.clone(), reason };
        // Relative paths would be searched for beside the executable first.
        let absolute = std::path::absolute(&path).map_err(|error| failed(error.to_string()))?;
        // A file that is not there gets a plain answer instead of the dynamic loader's.
        std::fs::metadata(&absolute).map_err(|error| failed(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = &*loaded {
            if first.library != absolute {
                return Err(failed(format!("`{}` is loaded already", first.library.display())));
            }
            return Ok(first.clone());
        }
        let environment = initialise(&absolute).map_err(failed)?;
        let version = version_of(&absolute).map_err(failed)?;
        Ok(loaded.insert(Self { library: absolute, version, environment }).clone())
    }
}

fn initialise(path: &Path) -> Result<Environment, String> {
    let builder = ort::init_from(path).map_err(|error| one_line(&error.to_string()))?;
    builder.with_name("tailor").with_telemetry(false).build().map_err(|error| one_line(&error.to_string()))
}

impl Backend for OnnxRuntime {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn version(&self) -> String {
        self.version.clone()
    }

    fn prepare(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Runnable>, BackendError> {
        check_threads(threads)?;
        let runnable = load_session(&self.environment, model, threads, None);
        let runnable = runnable.map_err(|reason| refused(model, &reason))?;
        Ok(Box::new(release_first_run(runnable)?))
    }

    fn prepare_traced(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Traced>, BackendError> {
        check_threads(threads)?;
        Ok(Box::new(traced::OrtTraced::new(&self.environment, model, threads)?))
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        vec![("onnxruntime_build", one_line(ort::info()))]
    }
}

fn check_threads(threads: usize) -> Result<(), BackendError> {
    if threads > 0 {
        return Ok(());
    }
    Err(BackendError::Threads { backend: OnnxRuntime::NAME, threads, supported: "one thread or more" })
}

struct OrtRunnable {
    key: String,
    session: Session,
    inputs: Vec<SessionInputValue<'static>>,
    slots: Vec<Slot>,
}

/// Where a model in memory has weights in files.
const WEIGHTS_FOLDER: &str = "session.model_external_initializers_file_folder_path";

/// With a `profile`, runs are profiled into a file whose name begins with that path.
fn load_session(
    environment: &Environment,
    model: Model<'_>,
    threads: usize,
    profile: Option<&Path>,
) -> Result<OrtRunnable, String> {
    let session = Session::builder(environment)
        .and_then(|builder| Ok(builder.with_intra_threads(threads)?.with_inter_threads(1)?))
        .and_then(|builder| match profile {
            Some(path) => Ok(builder.with_profiling(path)?),
            None => Ok(builder),
        })
        .and_then(|builder| match model.folder {
            Some(folder) => Ok(builder.with_config_entry(WEIGHTS_FOLDER, folder.to_string_lossy())?),
            None => Ok(builder),
        })
        .and_then(|mut builder| builder.commit_from_memory(model.onnx))
        .map_err(|error| error.to_string())?;
    let given = given_values(model.onnx).map_err(|error| error.to_string())?;
    let slots =
        session.inputs().iter().map(|input| Slot::of(input, &given)).collect::<Result<Vec<_>, _>>()?;
    let values = seeded_input(lengths(&slots).iter().sum());
    let inputs =
        tensors(&values, &slots).ok_or("its input shapes overflow")?.map_err(|error| error.to_string())?;
    Ok(OrtRunnable { key: model.key.to_owned(), session, inputs, slots })
}

/// Runs a model once and gives back what that took. The first run allocates tensor by tensor; those after it take one block
/// that ONNX Runtime has planned by then, and would keep what the first one took beside it: a seventh of the memory of a session
/// with all ops of a mobile space.
fn release_first_run(mut runnable: OrtRunnable) -> Result<OrtRunnable, BackendError> {
    let OrtRunnable { key, session, inputs, .. } = &mut runnable;
    let named = |error: ort::Error| failed(key, &error);
    let mut options = RunOptions::new().map_err(named)?;
    options.set("memory.enable_memory_arena_shrinkage", "cpu:0").map_err(named)?;
    session.run_with_options(&inputs[..], &options).map_err(named)?;
    Ok(runnable)
}

fn run<'s>(
    session: &'s mut Session,
    inputs: &[SessionInputValue<'static>],
    key: &str,
) -> Result<SessionOutputs<'s>, BackendError> {
    session.run(inputs).map_err(|error| failed(key, &error))
}

fn failed(key: &str, error: &ort::Error) -> BackendError {
    BackendError::run(OnnxRuntime::NAME, key, one_line(&error.to_string()))
}

fn refused(model: Model<'_>, reason: &str) -> BackendError {
    BackendError::prepare(OnnxRuntime::NAME, model.key, one_line(reason))
}

impl Runnable for OrtRunnable {
    fn run(&mut self) -> Result<(), BackendError> {
        run(&mut self.session, &self.inputs, &self.key).map(drop)
    }

    fn input_len(&self) -> usize {
        lengths(&self.slots).iter().sum()
    }

    fn outputs(&mut self, input: &[f32]) -> Result<Vec<f32>, BackendError> {
        let inputs = tensors(input, &self.slots).ok_or_else(|| BackendError::InputLength {
            key: self.key.clone(),
            expected: self.input_len(),
            given: input.len(),
        })?;
        let inputs = inputs.map_err(|error| failed(&self.key, &error))?;
        let outputs = run(&mut self.session, &inputs, &self.key)?;
        let mut values = Vec::new();
        for output in outputs.values() {
            values.extend(tensors::elements(&output).map_err(|error| failed(&self.key, &error))?);
        }
        Ok(values)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The version the library itself reports: `ort` reads it, but keeps it to itself.
#[allow(unsafe_code)]
fn version_of(library: &Path) -> Result<String, String> {
    type GetApiBase = unsafe extern "C" fn() -> *const ort::sys::OrtApiBase;
    // SAFETY: `ort` has loaded this very library before and keeps it, so no initialiser runs; the symbol and its
    // type are ONNX Runtime's public interface, and the version is a static string.
    let text = unsafe {
        let library = libloading::Library::new(library).map_err(|error| error.to_string())?;
        let base = library.get::<GetApiBase>(b"OrtGetApiBase").map_err(|error| error.to_string())?();
        let base = base.as_ref().ok_or("it has no API")?;
        std::ffi::CStr::from_ptr((base.GetVersionString)())
    };
    text.to_str().map(str::to_owned).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
