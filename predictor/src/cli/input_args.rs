//! Sizes and values of networks' inputs, as the profiler takes them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use profiler::onnx::read_input_shapes;
use profiler::record::{GivenInputs, ModelInputs};

use crate::error::PredictorError;

/// Arguments that say what networks' inputs are.
#[derive(Clone, Debug, Args)]
pub(super) struct InputArgs {
    /// Sizes of ONNX networks' inputs where they leave them open: 1x3x224x224 for networks of one input, NAME=1x3x224x224 for those
    /// with an input of that name, or NAME=224 for an open side of that name (repeatable). A batch that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
    /// Values of the inputs of that name, where shapes depend on them: n=4, size=640,480, or a file, x=FILE.npy, .npz or .pb (a tensor
    /// of ONNX), whose sides are the input's (repeatable).
    #[arg(long, value_name = "NAME=VALUES")]
    input: Vec<String>,
    /// Sizes of single networks, instead of those of --input-shape: a file with a network's name (its file's, without its ending) and its
    /// sizes in each line.
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
}

impl InputArgs {
    pub(super) fn read(&self) -> Result<ModelInputs, PredictorError> {
        let shapes = read_input_shapes(&self.input_shape).map_err(PredictorError::InputShape)?;
        Ok(ModelInputs::read(GivenInputs::read(shapes, &self.input)?, self.sizes.as_deref())?)
    }

    /// The same for the profiler's program.
    pub(super) fn for_profiler(&self) -> Vec<OsString> {
        let shapes = self.input_shape.iter().map(|shape| ["--input-shape".into(), shape.into()]);
        let values = self.input.iter().map(|value| ["--input".into(), value.into()]);
        let sizes = self.sizes.iter().map(|file| ["--sizes".into(), file.into()]);
        shapes.chain(values).chain(sizes).flatten().collect()
    }
}
