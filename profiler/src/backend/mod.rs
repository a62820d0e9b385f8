//! Runtimes that a network can be timed on.
//!
//! A [`Backend`] turns ONNX bytes into a [`Runnable`]: a loaded model with its input at hand and one state that
//! is reused, so that a run is nothing but the inference. All backends get the same bytes and, for the same
//! model, the same input; their outputs can be compared.
//!
//! A new backend is one file here, its `mod` line, a feature of its name, and an entry of `registry.rs`.

mod error;
mod input;
#[cfg(feature = "litert")]
mod litert;
mod mock;
#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod registry;
mod trace;
#[cfg(feature = "tract")]
mod tract;

pub use error::BackendError;
pub use input::seeded_input;
#[cfg(feature = "litert")]
pub use litert::{Kernels, LiteRt};
pub use mock::{CostModel, Mock, MockNoise};
#[cfg(feature = "onnxruntime")]
pub use onnxruntime::OnnxRuntime;
pub use registry::{BackendOptions, KNOWN_BACKENDS, KnownBackend, Library, open};
pub use trace::{NodeClock, Notes, Trace, Traced, TracedNode};
#[cfg(feature = "tract")]
pub use tract::{Tract, node_macs};

use std::path::Path;

use crate::measure::{FakeClock, Subject, SubjectFailure};
use crate::spec::OpSpec;

/// A model and what to call it.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// The subject's key, named in errors; the mock backend derives its cost from it.
    pub key: &'a str,
    /// ONNX `ModelProto` bytes.
    pub onnx: &'a [u8],
    /// The TensorFlow Lite file that they are a translation of, for the runtime that it is for.
    pub tflite: Option<&'a [u8]>,
    /// The folder of the files that hold weights which are not among these bytes.
    pub folder: Option<&'a Path>,
}

impl<'a> Model<'a> {
    /// A model with all its weights.
    pub fn whole(key: &'a str, onnx: &'a [u8]) -> Self {
        Self { key, onnx, tflite: None, folder: None }
    }
}

/// A runtime.
pub trait Backend {
    /// Its name in tables and on the command line.
    fn name(&self) -> &'static str;

    /// The runtime's own version.
    fn version(&self) -> String;

    /// Whether it runs an op in the op's number format, rather than in another one.
    ///
    /// # Errors
    /// [`BackendError::Unsupported`] naming the op and what the runtime lacks.
    fn supports(&self, _op: &OpSpec) -> Result<(), BackendError> {
        Ok(())
    }

    /// Loads, optimises and allocates a model for `threads` threads.
    ///
    /// # Errors
    /// [`BackendError`] naming the model, if the runtime does not take it or that many threads.
    fn prepare(&self, model: Model<'_>, threads: usize) -> Result<Box<dyn Runnable>, BackendError>;

    /// Loads a model as [`Backend::prepare`] does, in a way that its nodes can be timed while it runs.
    ///
    /// # Errors
    /// [`BackendError::Untraceable`] if the runtime does not report it; otherwise as [`Backend::prepare`].
    fn prepare_traced(&self, _model: Model<'_>, _threads: usize) -> Result<Box<dyn Traced>, BackendError> {
        Err(BackendError::Untraceable { backend: self.name() })
    }

    /// The clock its runs move, if it computes nothing. Its figures are emulated then, never timings.
    fn emulated_clock(&self) -> Option<FakeClock> {
        None
    }

    /// What else belongs into the session's record, such as the kernels in use, as name and value.
    fn details(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A model ready to run.
pub trait Runnable {
    /// Runs once on the prepared input and drops the output.
    ///
    /// # Errors
    /// [`BackendError::Run`].
    fn run(&mut self) -> Result<(), BackendError>;

    /// Values all inputs take together.
    fn input_len(&self) -> usize;

    /// Runs on these values (of an int8 model: as integers in units of 1/127 around 128), all inputs one after the other, and returns all outputs one after the other (int8 ones as the integers they are).
    ///
    /// # Errors
    /// [`BackendError::InputLength`] if there are not [`Runnable::input_len`] values; [`BackendError::Run`];
    /// [`BackendError::NoOutputs`] if the backend computes nothing.
    fn outputs(&mut self, input: &[f32]) -> Result<Vec<f32>, BackendError>;
}

impl Subject for dyn Runnable {
    fn run(&mut self) -> Result<(), SubjectFailure> {
        Runnable::run(self).map_err(Into::into)
    }
}
