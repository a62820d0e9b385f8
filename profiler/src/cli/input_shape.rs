//! The sizes that ONNX models leave open, and values for their inputs.

use clap::Args;

use crate::{onnx::read_input_shapes, record::GivenInputs};

/// Arguments that say what models' inputs are.
#[derive(Clone, Debug, Args)]
pub(super) struct InputArgs {
    /// Sizes of an ONNX model's input where it leaves them open: 1x3x224x224, or NAME=1x3x224x224 (repeatable). A batch
    /// that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
    /// Values of an ONNX model's input: sr=16000, size=640,480, flag=true, or a file, x=FILE.npy, .npz or .pb (a tensor of
    /// ONNX), whose sides are the input's (repeatable). Others are filled.
    #[arg(long, value_name = "NAME=VALUES")]
    input: Vec<String>,
}

impl InputArgs {
    pub(super) fn read(&self) -> anyhow::Result<GivenInputs> {
        Ok(GivenInputs::read(read_input_shapes(&self.input_shape)?, &self.input)?)
    }
}
