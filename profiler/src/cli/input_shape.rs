//! The sizes that ONNX models leave open.

use clap::Args;

use crate::onnx::{InputShapes, ShapeError, read_input_shapes};

/// Arguments that fix the sizes of models' inputs.
#[derive(Clone, Debug, Args)]
pub(super) struct InputShapeArgs {
    /// Sizes of an ONNX model's input where it leaves them open: 1x3x224x224, or NAME=1x3x224x224 (repeatable). A batch
    /// that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
}

impl InputShapeArgs {
    pub(super) fn read(&self) -> Result<InputShapes, ShapeError> {
        read_input_shapes(&self.input_shape)
    }
}
