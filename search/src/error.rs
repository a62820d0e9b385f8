use std::path::{Path, PathBuf};

use datasets::DatasetsError;
use predictor::PredictorError;
use profiler::onnx::OnnxError;
use profiler::record::{Cache, ReadError, WriteError};
use profiler::spec::{FeatureMap, SpecError};

/// A search, training or export that cannot continue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // Each field is what the message says of it.
pub enum SearchError {
    /// Nothing to normalize by.
    #[error("{}: its session measured no anchors, so that there is nothing to normalize by; measure it with the anchors of the model", .0.display())]
    NoAnchors(PathBuf),
    /// libtorch refused an operation.
    #[error("libtorch: {}", without_stack(.0))]
    Torch(#[from] tch::TchError),
    /// A layer that cannot be trained.
    #[error("no trainable form of the layer `{0}`")]
    Layer(String),
    /// A checkpoint or weights file that does not fit.
    #[error("checkpoint: {0}")]
    Checkpoint(String),
    /// An input file that cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An output file that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A space or network that does not make sense.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Images that cannot be used.
    #[error(transparent)]
    Images(#[from] DatasetsError),
    /// A latency model that cannot be used or has no answer.
    #[error(transparent)]
    Predictor(#[from] PredictorError),
    /// A model that cannot be exported.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A training that never saw the test images.
    #[error("{}: trained with images held out, to choose settings; train the network again with none", .0.display())]
    NotTested(PathBuf),
    /// A search that has not ended yet.
    #[error("{}: done are {step} of {steps} steps; end the search with `search run` first", folder.display())]
    Unfinished { folder: PathBuf, step: u64, steps: u64 },
    /// A target that no path of the space meets, or every one; with a risk, what it needs is more than it takes.
    #[error(
        "no search for a target of {target_ms:?} ms: the fastest network of the space needs {fastest_ms:.4} ms, the \
         slowest takes {slowest_ms:.4} ms"
    )]
    Target { target_ms: f64, fastest_ms: f64, slowest_ms: f64 },
    /// A target that a network does not meet at any width.
    #[error(
        "no width brings the network within {target_ms:?} ms: it would be fastest at a width of {width}, with \
         {fastest_ms:.4} ms"
    )]
    Width { target_ms: f64, fastest_ms: f64, width: f64 },
    /// A GPU that libtorch does not have.
    #[error(
        "libtorch has no device `{asked}`: it sees {available} GPUs; use the device `cpu`, or a libtorch built for CUDA"
    )]
    Device { asked: String, available: i64 },
    /// A batch size that the images cannot fill.
    #[error("batches of {size} images: expected 1 to {images}, as many as there are")]
    BatchSize { size: usize, images: usize },
    /// Images of another shape or with more classes than the network takes.
    #[error(
        "the images are {found} with {found_classes} classes, but the network takes {expected} with {classes}; \
         a space can have other sides and classes"
    )]
    ImageShape { found: FeatureMap, found_classes: usize, expected: FeatureMap, classes: u32 },
    /// A run folder in which another process is at work.
    #[error("{}: another search or training is at work in this folder; wait for it, or give another one", .0.display())]
    Busy(PathBuf),
    /// A run folder that was made with other settings.
    #[error(
        "{} was made with {field} = {there}, not {asked}; give another folder, or the same settings and latency model",
        folder.display()
    )]
    OtherRun { folder: PathBuf, field: String, there: String, asked: String },
    /// A setting outside its range.
    #[error("{name} is {value}, expected {expected}")]
    Setting { name: &'static str, value: String, expected: &'static str },
    /// The loss is not a number any more.
    #[error("the loss became {loss} at step {step}; a smaller learning rate would help")]
    Diverged { step: u64, loss: f64 },
    /// A network that was not measured.
    #[error("{}: no row of `{key}` ({name}, {cache}); measure its ONNX model there", path.display())]
    NotMeasured { path: PathBuf, key: String, name: String, cache: Cache },
    /// A latency model of another device or runtime than the measurements.
    #[error("{} and the latency model differ in {difference}; take a table of the model's device and runtime", table.display())]
    OtherConditions { table: PathBuf, difference: String },
    /// A latency model of a device that is not this machine.
    #[error(
        "the latency model is of `{there}`, but this machine is `{here}`; verify there, or have `search report` read a \
         table that was measured there"
    )]
    OtherMachine { there: String, here: String },
    /// A program that should lie beside this one.
    #[error("`{}` is not there; build it with `cargo build --release`, or put it beside `search`", path.display())]
    NoProgram { path: PathBuf },
    /// Another program that failed.
    #[error("`{command}` failed: {reason}")]
    Program { command: String, reason: String, code: Option<i32> },
    /// Results that do not go together.
    #[error("{}: {reason}", path.display())]
    Study { path: PathBuf, reason: String },
    /// Ctrl-C.
    #[error("stopped; the same command resumes here")]
    Stopped,
}

impl SearchError {
    /// The same, naming the file in which something is not as expected.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Checkpoint(reason) => ReadError::Content { path: path.to_owned(), reason }.into(),
            other => other,
        }
    }

    /// Whether the input is at fault rather than the run: exit code 2.
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            Self::Torch(_)
                | Self::Write(_)
                | Self::Diverged { .. }
                | Self::Stopped
                | Self::Onnx(_)
                | Self::NoProgram { .. }
                | Self::Study { .. }
                | Self::Program { code: None | Some(i32::MIN..=1 | 3..), .. }
        )
    }
}

/// What libtorch says, without the C++ stack that it says it from.
fn without_stack(error: &tch::TchError) -> String {
    let text = error.to_string();
    let starts = ["Exception raised from", "frame #"].into_iter().filter_map(|start| text.find(start));
    text[..starts.min().unwrap_or(text.len())].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_where_the_stack_begins() {
        for stack in ["\nException raised from f at g.cpp:1\nframe #0: h", " frame #0: h in lib.so\nframe #1"]
        {
            let error = tch::TchError::Torch(format!("no memory for 8 bytes{stack}"));
            let text = SearchError::Torch(error).to_string();
            assert!(text.ends_with("no memory for 8 bytes"), "{text}");
        }
    }
}
