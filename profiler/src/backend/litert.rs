//! LiteRT (TensorFlow Lite), loaded from a shared library at run time.
//!
//! It takes `.tflite` files as they are, and ONNX models that Tailor exported, which are written as `.tflite` for it. Maps are turned from
//! NCHW to NHWC and back outside of its runs.

use std::path::PathBuf;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::input::split;
use super::{Backend, BackendError, Model, Runnable, Traced, seeded_input};
use crate::onnx::{Quantization, given_values, read_output_integers};
use crate::tflite::{FileNode, Written, read_nodes};
use compiled::{Compiled, Settings};
use runtime::Runtime;
use tensors::Same;

mod api;
mod compiled;
mod events;
mod matching;
mod runtime;
mod tensors;
mod traced;

/// Which kernels compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// XNNPACK's, and LiteRT's own for operators that XNNPACK does not take: what apps get.
    #[default]
    Xnnpack,
    /// LiteRT's own alone.
    Own,
}

/// The LiteRT backend.
pub struct LiteRt {
    runtime: Rc<Runtime>,
    /// SHA-256 of the library in hexadecimal digits: no function tells its version.
    sha256: String,
    kernels: Kernels,
}

impl LiteRt {
    /// Name in tables.
    pub const NAME: &'static str = "litert";

    /// Loads the shared library, which is never unloaded.
    ///
    /// # Errors
    /// [`BackendError::Needs`] without a path, [`BackendError::Library`] if it cannot be loaded or is older than 2.1.6.
    pub fn load(library: Option<PathBuf>) -> Result<Self, BackendError> {
        let path = library.ok_or(BackendError::Needs {
            backend: Self::NAME,
            missing: "the path of its shared library (libLiteRt.so, 2.1.6 or newer)",
        })?;
        let failed = |reason: String| {
            let reason = one_line(&reason);
            BackendError::Library { title: "LiteRT", version: "2.1.6", path: path.clone(), reason }
        };
        // Relative paths would be searched for where libraries are.
        let absolute = std::path::absolute(&path).map_err(|error| failed(error.to_string()))?;
        let bytes = std::fs::read(&absolute).map_err(|error| failed(error.to_string()))?;
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let runtime = Runtime::load(&absolute).map_err(failed)?;
        Ok(Self { runtime, sha256, kernels: Kernels::default() })
    }

    /// The same with other kernels.
    #[must_use]
    pub fn with(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    fn compile(
        &self,
        model: Model<'_>,
        threads: usize,
        is_profiled: bool,
    ) -> Result<LiteRtRunnable, BackendError> {
        if threads == 0 {
            let supported = "one thread or more";
            return Err(BackendError::Threads { backend: Self::NAME, threads, supported });
        }
        let settings = Settings { threads, kernels: self.kernels, is_profiled };
        let mut runnable = LiteRtRunnable::new(&self.runtime, model, settings)
            .map_err(|reason| BackendError::prepare(Self::NAME, model.key, one_line(&reason)))?;
        // Some models are refused by the first run only.
        runnable.run()?;
        Ok(runnable)
    }
}

impl Backend for LiteRt {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// The first digits of the library's hash.
    fn version(&self) -> String {
        format!("sha256:{}", &self.sha256[..12])
    }

    fn prepare(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Runnable>, BackendError> {
        Ok(Box::new(self.compile(model, threads, false)?))
    }

    fn prepare_traced(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Traced>, BackendError> {
        let [plain, profiled] = [false, true].map(|is_profiled| self.compile(model, threads, is_profiled));
        Ok(Box::new(traced::LiteRtTraced::new(plain?, profiled?)))
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let kernels = match self.kernels {
            Kernels::Xnnpack => "XNNPACK",
            Kernels::Own => "LiteRT's own",
        };
        vec![("litert_sha256", self.sha256.clone()), ("litert_kernels", kernels.to_owned())]
    }
}

struct LiteRtRunnable {
    key: String,
    compiled: Compiled,
    same: Same,
    /// The file's, in order.
    nodes: Vec<FileNode>,
    /// What its output's integers stand for, and those of the ONNX model, where they are others.
    integers: Option<(Quantization, Quantization)>,
}

impl LiteRtRunnable {
    fn new(runtime: &Rc<Runtime>, model: Model<'_>, settings: Settings) -> Result<Self, String> {
        if !given_values(model.onnx).map_err(|error| error.to_string())?.is_empty() {
            return Err("it takes no given values for inputs".to_owned());
        }
        let key = model.key.to_owned();
        let runnable = match model.tflite {
            Some(tflite) => {
                let nodes = read_nodes(tflite).map_err(|error| error.to_string())?;
                let compiled = Compiled::new(runtime, tflite, settings)?;
                Self { key, compiled, same: Same::Translation, nodes, integers: None }
            }
            None => {
                let Written { bytes, nodes, output } =
                    Written::of(model.onnx).map_err(|error| error.to_string())?;
                let compiled = Compiled::new(runtime, &bytes, settings)?;
                let expected = read_output_integers(model.onnx).map_err(|error| error.to_string())?;
                let integers = output.zip(expected).filter(|(own, expected)| own != expected);
                Self { key, compiled, same: Same::Exported, nodes, integers }
            }
        };
        runnable.fill(&seeded_input(runnable.input_len()))?;
        Ok(runnable)
    }

    fn lengths(&self) -> Vec<usize> {
        self.compiled.inputs.iter().map(tensors::length).collect()
    }

    /// The values must be as many as all inputs take.
    fn fill(&self, values: &[f32]) -> Result<(), String> {
        let pieces = split(values, &self.lengths()).unwrap_or_default();
        let mut inputs = self.compiled.inputs.iter().zip(pieces);
        inputs.try_for_each(|(input, piece)| tensors::fill(input, piece, self.same))
    }

    fn failed(&self, reason: &str) -> BackendError {
        BackendError::run(LiteRt::NAME, &self.key, one_line(reason))
    }
}

impl Runnable for LiteRtRunnable {
    fn run(&mut self) -> Result<(), BackendError> {
        self.compiled.run().map_err(|reason| self.failed(&reason))
    }

    fn input_len(&self) -> usize {
        self.lengths().iter().sum()
    }

    fn outputs(&mut self, input: &[f32]) -> Result<Vec<f32>, BackendError> {
        let (expected, given) = (self.input_len(), input.len());
        if given != expected {
            return Err(BackendError::InputLength { key: self.key.clone(), expected, given });
        }
        self.fill(input).map_err(|reason| self.failed(&reason))?;
        self.run()?;
        let mut values = Vec::new();
        for output in &self.compiled.outputs {
            values.extend(tensors::values(output, self.same).map_err(|reason| self.failed(&reason))?);
        }
        if let Some((own, expected)) = self.integers {
            let again = |value: f32| own.real(value as u8) / expected.unit + f32::from(expected.zero);
            values.iter_mut().for_each(|value| *value = again(*value).round().clamp(0.0, 255.0));
        }
        // Runs that are timed have one input always.
        let seeded = self.fill(&seeded_input(expected));
        seeded.map_err(|reason| self.failed(&reason))?;
        Ok(values)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
