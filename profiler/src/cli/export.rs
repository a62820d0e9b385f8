//! `profiler export`: the very model that is timed.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use crate::onnx::{network_model, op_model};
use crate::record::{ModelInputs, check_apart, read_architecture, write_atomic};
use crate::spec::OpSpec;
use crate::sweep::plan_model;
use crate::tflite::from_onnx;

/// Writes the model of an op or an architecture, with the random weights it is timed with: as .tflite where the file is called so,
/// otherwise as ONNX. Of a TensorFlow Lite file the ONNX model that it is translated into.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  profiler export mbconv-14x14x24-o24-e6-k5-s1-relu6-res -o op.onnx\n  profiler export conv-8x8x3-o8-k3-s2-relu6 -o op.tflite"
)]
pub(super) struct Export {
    /// Op key (see `profiler ops`), or the path of an architecture (.json) or a TensorFlow Lite model (.tflite).
    subject: String,
    /// File to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Export {
    pub(super) fn execute(self) -> anyhow::Result<ExitCode> {
        check_apart(&self.output, [Path::new(&self.subject)])?;
        let mut bytes = if self.subject.ends_with(".json") {
            network_model(&read_architecture(self.subject.as_ref())?, 0)?
        } else if self.subject.ends_with(".tflite") {
            plan_model(self.subject.as_ref(), &mut ModelInputs::default())?.onnx
        } else {
            op_model(&self.subject.parse::<OpSpec>()?, 0)?
        };
        if self.output.extension().is_some_and(|extension| extension == "tflite") {
            bytes = from_onnx(&bytes)?;
        }
        write_atomic(&self.output, |writer| writer.write_all(&bytes))?;
        crate::note!("{}: {} bytes", self.output.display(), bytes.len());
        Ok(ExitCode::SUCCESS)
    }
}
