//! The sizes that ONNX models leave open, and values for their inputs.

use std::path::PathBuf;

use clap::Args;

use crate::onnx::read_input_shapes;
use crate::record::{GivenInputs, ModelInputs};

/// Arguments that say what models' inputs are.
#[derive(Clone, Debug, Args)]
pub(super) struct InputArgs {
    /// Sizes of ONNX models' inputs where they leave them open: 1x3x224x224 for models of one input, NAME=1x3x224x224 for those with an
    /// input of that name, or NAME=224 for an open side of that name (repeatable). A batch that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
    /// Values of the inputs of that name: sr=16000, size=640,480, flag=true, or a file, x=FILE.npy, .npz or .pb (a tensor of
    /// ONNX), whose sides are the input's (repeatable). Others are filled.
    #[arg(long, value_name = "NAME=VALUES")]
    input: Vec<String>,
    /// Sizes of single models, instead of those of --input-shape: a file with a model's name (its file's, without its ending) and its sizes
    /// in each line.
    #[arg(long, value_name = "FILE")]
    sizes: Option<PathBuf>,
}

impl InputArgs {
    pub(super) fn read(&self) -> anyhow::Result<ModelInputs> {
        let shared = GivenInputs::read(read_input_shapes(&self.input_shape)?, &self.input)?;
        Ok(ModelInputs::read(shared, self.sizes.as_deref())?)
    }
}
