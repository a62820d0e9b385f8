//! The sizes that ONNX models leave open, and values for their inputs.

use std::collections::HashSet;
use std::path::Path;

use clap::Args;

use crate::onnx::{Deciding, InputShapes, ModelGraph, read_input_shapes};
use crate::record::GivenInputs;
use crate::sweep::{Planned, SweepError, plan_model_with};

/// Arguments that say what models' inputs are.
#[derive(Clone, Debug, Args)]
pub(super) struct InputArgs {
    /// Sizes of an ONNX model's input where it leaves them open: 1x3x224x224, or NAME=1x3x224x224 (repeatable). A batch
    /// that is left open is 1.
    #[arg(long, value_name = "SHAPE")]
    input_shape: Vec<String>,
    /// Values of an ONNX model's input: sr=16000, size=640,480, flag=true, or a file, x=FILE.npy, .npz or .pb (a tensor of
    /// ONNX), whose sides are the input's (repeatable). Others are filled, and those whose values decide what is computed are
    /// named.
    #[arg(long, value_name = "NAME=VALUES")]
    input: Vec<String>,
}

impl InputArgs {
    pub(super) fn read(&self) -> anyhow::Result<GivenInputs> {
        Ok(GivenInputs::read(read_input_shapes(&self.input_shape)?, &self.input)?)
    }
}

/// An ONNX file as a subject. Inputs that are filled though their values matter are named.
pub(super) fn plan_file(path: &Path, inputs: &GivenInputs) -> Result<Planned, SweepError> {
    let planned = plan_model_with(path, inputs)?;
    for Deciding { input, node, operator } in deciding(&planned.onnx) {
        crate::note!(
            "warning: {}: input `{input}` is filled with 0 and 1, but its values decide what node `{node}` ({operator}) does: \
             give them with --input {input}=VALUE",
            path.display()
        );
    }
    Ok(planned)
}

/// The first node that each input decides about.
fn deciding(onnx: &[u8]) -> Vec<Deciding> {
    let Ok(graph) = ModelGraph::read(onnx) else { return Vec::new() };
    let Ok((known, _)) = graph.known_shapes(&InputShapes::new()) else { return Vec::new() };
    let mut seen = HashSet::new();
    let mut found = graph.deciding_inputs(&known);
    found.retain(|deciding| seen.insert(deciding.input.clone()));
    found
}
